from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client, RequestFactory

from hopback.kernel.errors import BadInput
from hopback.portal.accounts.models import Organisation
from hopback.portal.pages import paged

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.portal.config import Configuration


def test_a_stranger_is_asked_to_sign_in_and_comes_back_to_the_page(portal: Configuration) -> None:
    answer = Client().get("/?x=1")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/account/login/?next=/%3Fx%3D1"


def test_each_answer_says_that_nothing_inline_and_nothing_from_elsewhere_is_loaded(
    signed_in: Callable[[str], Client],
) -> None:
    answer = signed_in("Ada").get("/")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_list_is_read_to_its_end_and_back_without_a_row_twice_or_missing(portal: Configuration) -> None:
    Organisation.objects.bulk_create(
        [Organisation(id=f"S{number:02}", name=f"name {number % 3}", kind="source") for number in range(25)]
    )
    order = ("-name", "pk")
    expected = list(Organisation.objects.order_by(*order).values_list("pk", flat=True))
    query, seen, pages = "", [], []
    while True:
        page = paged(Organisation.objects.all(), RequestFactory().get(f"/{query}"), order=order, per=7)
        seen += [row.pk for row in page.rows]
        pages.append(page)
        if not page.next:
            break
        query = page.next
    assert seen == expected
    assert len(pages) == 4
    assert not pages[0].previous
    back = paged(Organisation.objects.all(), RequestFactory().get(f"/{pages[-1].previous}"), order=order, per=7)
    assert [row.pk for row in back.rows] == expected[14:21]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIl0", "eyJhIjoxfQ", "W3siYSI6MX0sMV0"])
def test_what_is_no_cursor_is_refused(portal: Configuration, cursor: str) -> None:
    with pytest.raises(BadInput):
        paged(Organisation.objects.all(), RequestFactory().get("/", {"after": cursor}), order=("-name", "pk"))
