"""Every page of every role, walked by its links: accessible, quiet, and never wider than a narrow screen."""

from __future__ import annotations

import os
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

_known: set[str] = set()


def addresses(visit: Visit) -> list[str]:
    hrefs = visit.page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
    return [one.removeprefix(visit.address).split("#")[0] for one in hrefs if one.startswith(visit.address)]


def view_of(path: str) -> str:
    try:
        match = resolve(urlsplit(path).path)
    except Resolver404:
        return ""
    return match.view_name or match.url_name or match.route


def walk(visit: Visit, who: str) -> tuple[dict[str, str], list[str]]:
    """Every page that links lead to, by the name of its view, and what is wrong with any of them.

    A page of one's own account is held against everything once, in whatever role; one that another role has been to
    is only held against axe.
    """
    looked_at: dict[str, str] = {}
    wrong: list[str] = []
    known, waiting, tried = {"/"}, ["/"], set()
    while waiting:
        path = waiting.pop(0)
        asked = view_of(path)
        if not asked:
            wrong.append(f"{path}: leads nowhere")
        if not asked or asked in tried or "logout" in asked or asked.startswith("api"):
            continue
        tried.add(asked)
        try:
            response = visit.go(path)
        except Error as error:
            if "Download is starting" not in str(error):
                raise
            continue
        name = view_of(visit.path)
        if name in looked_at or "text/html" not in response.headers.get("content-type", ""):
            continue
        looked_at[name] = path
        if not response.ok:
            wrong.append(f"{path} ({name}): {response.status}")
            continue
        is_known = name in _known
        _known.add(name)
        if not (is_known and name.startswith(("account", "mfa"))):
            wrong += [f"{path} ({name}): {one}" for one in check_page(visit.page, is_light_alone=is_known)]
        wrong += [f"{path} ({name}): console: {one}" for one in visit.complaints]
        visit.complaints.clear()
        if LOOK:
            visit.page.screenshot(path=f"{LOOK}/{who}-{name.replace(':', '-')}.png", full_page=True)
        for address in addresses(visit):
            if address not in known:
                known.add(address)
                waiting.append(address)
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
