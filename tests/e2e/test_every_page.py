"""Every page of every role, walked by its links: accessible, quiet, and never wider than a narrow screen."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Error

from e2e.browsing import check_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.browsing import Site, Visit

pytestmark = pytest.mark.e2e

LOOK = os.environ.get("HOPBACK_LOOK", "")
"""A folder for a picture of every page, for people to look at."""

MOST = {"tracebacks:page": 8, "desk:request": 3, "intake:sample": 5, "directory:provider": 2}
"""Of most views one page is enough; of these each state looks otherwise and offers other things to do."""
_known: set[str] = set()


def addresses(visit: Visit) -> list[str]:
    hrefs = visit.page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
    return [one.removeprefix(visit.address).split("#")[0] for one in hrefs if one.startswith(visit.address)]


def view_of(path: str) -> str:
    """The view at an address, and which of its forms where it has several."""
    try:
        match = resolve(urlsplit(path).path)
    except Resolver404:
        return ""
    name = match.view_name or match.route
    return f"{name}:{match.kwargs['verb']}" if "verb" in match.kwargs else name


def is_page(visit: Visit, path: str) -> bool:
    """Whether a page opens there, and no file. A link leads to one or the other."""
    try:
        response = visit.go(path)
    except Error as error:
        if "Download is starting" not in str(error):
            raise
        return False
    assert response.ok, f"{path} leads to {response.status}"
    return "text/html" in response.headers.get("content-type", "")


def wrong_with(visit: Visit, name: str) -> list[str]:
    """What is wrong with the page that is open.

    A page of one's own account is looked at once, in whatever role; one that another role has been to is held
    against axe alone.
    """
    is_known = name in _known
    _known.add(name)
    wrong = []
    if not (is_known and name.startswith(("account", "mfa"))):
        wrong = check_page(visit.page, is_light_alone=is_known)
    wrong += [f"console: {one}" for one in visit.complaints]
    visit.complaints.clear()
    return [f"{visit.path} ({name}): {one}" for one in wrong]


def walk(visit: Visit, who: str) -> tuple[dict[str, str], list[str]]:
    """Every page that links lead to, by the name of its view, and what is wrong with any of them."""
    looked_at: dict[str, str] = {}
    wrong: list[str] = []
    known, waiting, tried = {"/"}, ["/"], Counter[str]()
    while waiting:
        path = waiting.pop(0)
        asked = view_of(path)
        if tried[asked] >= MOST.get(asked, 1) or "logout" in asked or asked.startswith("api"):
            continue
        tried[asked] += 1
        if not is_page(visit, path) or ((name := view_of(visit.path)) in looked_at and name != asked):
            continue
        looked_at[name] = path
        wrong += wrong_with(visit, name)
        if LOOK:
            visit.page.screenshot(path=f"{LOOK}/{who}-{name.replace(':', '-')}.png", full_page=True)
        fresh = [address for address in addresses(visit) if address not in known]
        known.update(fresh)
        waiting += dict.fromkeys(fresh)
    return looked_at, wrong


@pytest.mark.parametrize("name", ["Ada", "Otto", "Bea", "Bell", "Fay", "Sol"])
def test_every_page_of_every_role_is_accessible_and_says_nothing_to_the_console(
    opened: Callable[[], Site], name: str
) -> None:
    site = opened()
    looked_at, wrong = walk(site.visit(name), name)
    site.close()
    print(f"{name}: {len(looked_at)} pages: {' '.join(sorted(looked_at))}")  # noqa: T201 -- what was looked at
    assert looked_at
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", ["/no/such/page"])
def test_pages_for_strangers_are_accessible_too(opened: Callable[[], Site], path: str) -> None:
    site = opened()
    visit = site.visit()
    visit.go(path)
    wrong = check_page(visit.page)
    site.close()
    assert not wrong, "\n".join(wrong)
