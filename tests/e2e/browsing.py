"""What the browser's tests do again and again: come in as somebody, look, use the keyboard, take pictures."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from axe_playwright_python.sync_playwright import Axe
from django.test import Client

from e2e.pictures import smaller
from hopback.portal.accounts.models import User
from hopback.portal.clock import now
from hopback.portal.jobs.working import work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, ViewportSize

__all__ = ["PICTURES", "QUIET", "Site", "Visit", "allowing_orm_beside_playwright", "check_page", "violations"]

QUIET: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
BACKEND: Final = "allauth.account.auth_backends.AuthenticationBackend"
WIDE: Final[ViewportSize] = {"width": 1280, "height": 900}
NARROW: Final[ViewportSize] = {"width": 390, "height": 844}
STICKING_OUT: Final = """[...document.querySelectorAll("body *")]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".wide, .path"))
  .slice(0, 5).map(one => one.outerHTML.slice(0, 120))"""
OUTER: Final = "all => all.map(one => one.outerHTML)"
AXE_TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def allowing_orm_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, in which Django would refuse to read its database."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


def violations(page: Page, *, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds wrong with the page as it stands, by all its rules or by these."""
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": AXE_TAGS}
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(
        "options => axe.run(document, options).then(found => found.violations)",
        {"resultTypes": ["violations"], "runOnly": only, "elementRef": False},
    )
    return [
        " ".join(f"axe {one['id']}: {node['html'][:200]}: {node['failureSummary'][:300]}".split())
        for one in found
        for node in one["nodes"][:4]
    ]


def check_page(page: Page, *, is_light_alone: bool = False) -> list[str]:
    """What is wrong with the page: accessibility on light and dark paper, headings, inline style, a narrow screen.

    ``is_light_alone`` leaves dark paper and the narrow screen out.
    """
    wrong = [f"inline style: {one[:120]}" for one in page.eval_on_selector_all("[style]:not([style=''])", OUTER)]
    wrong += violations(page)
    if (count := page.locator("h1").count()) != 1:
        wrong.append(f"{count} h1")
    if not page.title().removesuffix("· Hopback").strip():
        wrong.append("no title")
    if is_light_alone:
        return wrong
    page.emulate_media(color_scheme="dark")
    wrong += [f"dark: {one}" for one in violations(page, rules=("color-contrast",))]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    if (width := page.evaluate("document.documentElement.scrollWidth")) > NARROW["width"]:
        wrong.append(f"scrolls sideways on a narrow screen, {width} px: {page.evaluate(STICKING_OUT)}")
    wrong += [f"narrow: {one}" for one in violations(page, rules=("scrollable-region-focusable", "target-size"))]
    page.set_viewport_size(WIDE)
    return wrong


@dataclass
class Visit:
    """One person's browser window. ``complaints`` are what its console said."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, kind: str, text: str) -> None:
        # The status of a document that was refused is the test's to judge.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.complaints.append(text)

    def go(self, path: str) -> Response:
        """Open a page of the portal."""
        response = self.page.goto(path if path.startswith("http") else f"{self.address}{path}")
        assert response is not None
        return response

    @property
    def path(self) -> str:
        """Where the window is."""
        return self.page.url.removeprefix(self.address)

    @property
    def heading(self) -> str:
        """The page's heading."""
        return self.page.locator("h1").inner_text()

    def says(self, text: str) -> bool:
        """Whether the page's main part shows it."""
        return text.lower() in self.page.locator("main").inner_text().lower()

    def fill(self, label: str, text: str) -> None:
        """Write into the field with that label."""
        self.page.get_by_label(label, exact=False).first.fill(text)

    def press(self, name: str) -> None:
        """Use the button or link of that name in the page's main part."""
        main = self.page.locator("main")
        button = main.get_by_role("button", name=name)
        (button if button.count() else main.get_by_role("link", name=name)).first.click()

    def tab_to(self, target: Locator, *, most: int = 120) -> None:
        """Press the tabulator until that element has the focus; fails if it never gets it."""
        handle = target.element_handle()
        for _ in range(most):
            if self.page.evaluate("one => document.activeElement === one", handle):
                assert self.page.evaluate(
                    "() => { const s = getComputedStyle(document.activeElement);"
                    " return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 }"
                ), "the focus does not show"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the tabulator does not lead to {target}")

    def type_into(self, label: str, text: str) -> None:
        """Reach a field by the tabulator and type."""
        self.tab_to(self.page.locator("main").get_by_label(label, exact=False).first)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def enter(self, name: str) -> None:
        """Reach a button or link of the main part by the tabulator and press Enter."""
        main = self.page.locator("main")
        button = main.get_by_role("button", name=name)
        target = (button if button.count() else main.get_by_role("link", name=name)).first
        self.tab_to(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def follow(self, target: Locator, *, by_keyboard: bool) -> None:
        """Use a link or button that opens a page."""
        if by_keyboard:
            self.tab_to(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter") if by_keyboard else target.click()

    def tick(self, target: Locator, *, by_keyboard: bool) -> None:
        """Choose a radio button or tick a box. Arrows move within a group of radio buttons."""
        if not by_keyboard:
            target.check()
        elif not target.is_checked():
            if target.get_attribute("type") == "radio":
                group = self.page.locator(f"main input[name='{target.get_attribute('name')}']:not([disabled])")
                checked = [one for one in group.all() if one.is_checked()]
                self.tab_to(checked[0] if checked else group.first)
                for _ in range(group.count() + 1):
                    self.page.keyboard.press("Space")
                    if target.is_checked():
                        break
                    self.page.keyboard.press("ArrowDown")
            else:
                self.tab_to(target)
                self.page.keyboard.press("Space")
        assert target.is_checked()

    def write(self, target: Locator, text: str, *, by_keyboard: bool) -> None:
        """Write into a field, or choose that option of a list."""
        is_list = target.evaluate("one => one.tagName") == "SELECT"
        if not by_keyboard:
            target.select_option(label=text) if is_list else target.fill(text)
            return
        self.tab_to(target)
        if not is_list:
            self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def picture(self, name: str, *, height: int = 900, whole: bool = False) -> None:
        """Keep a picture for the documents, where HOPBACK_PICTURES asks for them."""
        if os.environ.get("HOPBACK_PICTURES") != "1":
            return
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.set_viewport_size({"width": 1280, "height": height})
        self.page.evaluate("scrollTo(0, 0)")
        taken = self.page.screenshot(full_page=whole, animations="disabled", caret="hide")
        (PICTURES / f"{name}.png").write_bytes(smaller(taken))


@dataclass
class Site:
    """A portal being served, and who looks at it."""

    address: str
    browser: Browser
    folder: Path
    contexts: list[BrowserContext] = field(default_factory=list)

    def visit(self, name: str | None = None, *, scripts: bool = True, **options: Any) -> Visit:
        """A window of its own; ``name`` has signed in already."""
        context = self.browser.new_context(viewport=WIDE, java_script_enabled=scripts, **options)
        context.set_default_timeout(8000)
        self.contexts.append(context)
        if name is not None:
            context.add_cookies([{"name": "sessionid", "value": self.session_of(name), "url": self.address}])
        return Visit(context.new_page(), self.address)

    def session_of(self, name: str) -> str:
        """A session in which that person of the cast has signed in."""
        client = Client()
        client.force_login(User.objects.get(email=f"{name.lower()}@example.org"), backend=BACKEND)
        return client.cookies["sessionid"].value

    def settle(self) -> None:
        """Let the worker do what is due."""
        at = now()
        work(now=at, until=at)

    def close(self) -> None:
        """Close every window."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()
