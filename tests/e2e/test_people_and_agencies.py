"""Coming in by invitation, passkeys, sessions; an agency's investigator and the consortium's answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from e2e.browsing import check_page
from e2e.seeding import PASSWORD
from hopback.portal.messages.models import Message
from hopback.portal.referrals.models import AgencyRequest, Package

if TYPE_CHECKING:
    from e2e.browsing import Site, Visit

pytestmark = pytest.mark.e2e

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
NEW_PASSWORD = "nine cold rivers and a lamp"  # noqa: S105 -- of somebody who never existed


def with_authenticator(visit: Visit) -> None:
    """A browser window with a platform authenticator, under a name that passkeys may be for."""
    visit.address = visit.address.replace("127.0.0.1", "localhost")
    session = visit.page.context.new_cdp_session(visit.page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def sign_in(visit: Visit, who: str, password: str = PASSWORD) -> None:
    visit.go("/account/login/")
    visit.fill("Email", f"{who}@example.org")
    visit.page.get_by_label("Password").fill(password)
    visit.page.get_by_role("button", name="Sign in", exact=True).click()


def test_somebody_is_invited_comes_in_adds_a_passkey_and_signs_in_with_it_alone(site: Site) -> None:
    ada = site.visit("Ada")
    ada.go("/account/organisations/FTC/invite/")
    assert check_page(ada.page) == []
    ada.fill("Mail address", "nia@example.org")
    ada.page.get_by_label("Investigator").check()
    ada.press("Send the invitation")
    assert "/account/organisations/FTC/" in ada.path
    letter = Message.objects.filter(mailbox="nia@example.org").latest("pk")
    link = re.search(r"/account/invitation/\S+", letter.text)
    assert link is not None

    nia = site.visit()
    with_authenticator(nia)
    nia.go(link[0])
    assert check_page(nia.page) == []
    nia.fill("Your name", "Nia")
    nia.page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    nia.fill("The password again", NEW_PASSWORD)
    nia.press("Come in")
    nia.page.wait_for_url("**/account/protect/")
    nia.picture("second-factor", height=560)
    assert check_page(nia.page) == []
    nia.press("Add a passkey")
    assert check_page(nia.page) == []
    nia.page.get_by_role("button", name="Add it").click()
    nia.page.wait_for_url("**/account/2fa/recovery-codes/")
    assert check_page(nia.page) == []
    nia.press("I have them")
    nia.page.wait_for_url("**/agencies/")

    nia.page.locator("details.menu > summary").click()
    nia.page.get_by_role("button", name="Sign out").click()
    nia.go("/account/login/?next=/agencies/file/")
    nia.picture("sign-in", height=680)
    nia.page.get_by_role("button", name="Sign in with a passkey").click()
    nia.page.wait_for_url(lambda url: "/account/" not in url)
    assert nia.heading == "File a request"
    assert not nia.complaints


def test_a_passkey_is_the_second_factor_of_a_password(site: Site) -> None:
    visit = site.visit()
    with_authenticator(visit)
    sign_in(visit, "bea")
    visit.go("/account/2fa/webauthn/add/")
    assert visit.heading == "Is it you?"
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.press("Go on")
    visit.page.wait_for_url("**/webauthn/add/")
    visit.page.get_by_text("Let me sign in with it alone").click()
    visit.page.get_by_role("button", name="Add it").click()
    visit.page.wait_for_url("**/account/2fa/recovery-codes/")
    visit.page.locator("details.menu > summary").click()
    visit.page.get_by_role("button", name="Sign out").click()
    sign_in(visit, "bea")
    visit.page.wait_for_url("**/account/2fa/authenticate/")
    assert check_page(visit.page) == []
    visit.page.get_by_role("button", name="Use a passkey or security key").click()
    visit.page.wait_for_url(lambda url: "/account/" not in url)
    visit.go("/account/sessions/")
    assert visit.says("(this one)")


def test_an_investigator_files_by_keyboard_without_scripts(site: Site) -> None:
    fay = site.visit("Fay", scripts=False)
    fay.go("/agencies/file/")
    fay.tab_to(fay.page.get_by_label("Calls", exact=True))
    fay.page.keyboard.press("ArrowDown")
    fay.type_into("The numbers, providers or campaigns", "+1 312 555 0199")
    fay.type_into("What it is needed for", "an investigation of the toll scam")
    fay.enter("File it")
    assert fay.says("filed")
    row = AgencyRequest.objects.latest("filed_at")
    assert [one.key for one in row.targets.all()] == ["13125550199"]


def test_the_consortium_answers_and_a_second_person_approves_what_goes_out_on_process(site: Site) -> None:
    ann = site.visit("Ann")
    ann.go("/agencies/packages/")
    ann.press("The path, on the demand")
    assert check_page(ann.page) == []
    ann.press("Approve it")
    ann.press("Send it")
    assert check_page(ann.page) == []
    ann.press("Send it")
    assert Package.objects.get(title="The path, on the demand").state == "sent"
    fay = site.visit("Fay")
    fay.go("/agencies/")
    fay.picture("agency-home")
    fay.press("The path, on the demand")
    assert fay.says("on legal process")
    gil = site.visit("Gil")
    gil.go("/agencies/")
    assert not gil.says("The path, on the demand")
    assert gil.says("A colleague at another agency")
    assert not gil.says("FTC")
