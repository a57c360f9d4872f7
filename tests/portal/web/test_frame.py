"""What stands around every page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.test import Client

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_frame_names_the_page_its_reader_and_the_version(signed_in: Callable[[str], Client]) -> None:
    page = signed_in("Ada").get("/").content.decode()
    assert page.count("<h1>") == 1
    assert re.search(r"<title>.+ · Hopback</title>", page)
    assert '<html lang="en">' in page
    assert '<a class="skip" href="#main">' in page
    assert '<main id="main"' in page
    assert re.search(r"<summary>Ada</summary>", page)
    assert re.search(r"Hopback \d+\.\d+", page)


def test_the_page_one_is_on_is_marked_in_the_menu(signed_in: Callable[[str], Client]) -> None:
    page = signed_in("Ada").get("/").content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page) == ["/"]


def test_one_page_alone_is_marked_where_the_addresses_of_two_begin_alike(signed_in: Callable[[str], Client]) -> None:
    page = signed_in("Bea").get("/requests/history/").content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page) == ["/requests/history/"]


def test_nothing_in_the_frame_is_styled_or_scripted_inline(signed_in: Callable[[str], Client]) -> None:
    page = signed_in("Ada").get("/").content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert not re.search(r"<[^>]* on[a-z]+=", page)


def test_what_there_is_not_is_a_page_that_leads_back(portal: object) -> None:
    response = Client().get("/no/such/page")
    assert response.status_code == 404
    page = response.content.decode()
    assert "There is no such page" in page
    assert '<a href="/">' in page


@pytest.mark.parametrize("name", ["web/portal.css", "web/hopback.css", "web/portal.js", "django_htmx/htmx-2.min.js"])
def test_the_files_a_page_asks_for_are_served(portal: object, name: str) -> None:
    response = Client().get(f"/static/{name}")
    assert response.status_code == 200
    assert b"".join(response.streaming_content)  # type: ignore[attr-defined]
