"""Signing in as people do: with a password and a code, with and without scripts."""

from __future__ import annotations

import base64
import hmac
import time
from typing import TYPE_CHECKING

import pytest

from e2e.browsing import check_page
from e2e.seeding import PASSWORD, SECRET

if TYPE_CHECKING:
    from e2e.browsing import Site, Visit

pytestmark = pytest.mark.e2e


def code_now() -> str:
    """The code an authenticator app shows (RFC 6238: HMAC-SHA-1, 30 seconds, six digits)."""
    digest = hmac.digest(base64.b32decode(SECRET), int(time.time() // 30).to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def sign_in(visit: Visit, who: str) -> None:
    visit.page.get_by_label("Email").fill(f"{who}@example.org")
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize(("who", "scripts"), [("ada", True), ("abe", False)])  # a code is good once
def test_an_analyst_signs_in_with_a_password_and_a_code_and_is_led_to_the_page_asked_for(
    site: Site, who: str, *, scripts: bool
) -> None:
    visit = site.visit(scripts=scripts)
    visit.go("/tracebacks/")
    assert visit.path.startswith("/account/login/?next=")
    assert check_page(visit.page) == [] if scripts else True
    sign_in(visit, who)
    assert "authenticate" in visit.path
    assert check_page(visit.page) == [] if scripts else True
    visit.page.locator("main input[type=text], main input[name=code]").first.fill(code_now())
    visit.page.locator("main button[type=submit]").first.click()
    visit.page.wait_for_url(f"{visit.address}/tracebacks/")
    assert visit.heading == "Tracebacks"


def test_a_wrong_password_says_so_and_not_whether_there_is_such_a_person(site: Site) -> None:
    visit = site.visit()
    told = []
    for who in ("ada", "nobody"):
        visit.go("/account/login/")
        visit.page.get_by_label("Email").fill(f"{who}@example.org")
        visit.page.get_by_label("Password").fill("wrong wrong wrong")
        visit.page.get_by_role("button", name="Sign in", exact=True).click()
        told.append(visit.page.get_by_role("alert").first.inner_text())
        assert check_page(visit.page) == []
    assert told[0] == told[1]
    assert visit.page.evaluate("document.activeElement.id") == "errors"


def test_somebody_without_a_second_factor_answers_for_a_provider_and_signs_out(site: Site) -> None:
    visit = site.visit(scripts=False)
    visit.go("/account/login/")
    sign_in(visit, "cole")
    assert not visit.path.startswith("/account/login")
    visit.page.locator("details.menu > summary").click()
    visit.page.get_by_role("button", name="Sign out").click()
    visit.go("/account/")
    assert visit.path.startswith("/account/login/")
