from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from hopback.kernel.errors import BadInput, Conflict, NotFound, Refused
from hopback.portal.accounts import actions
from hopback.portal.accounts.access import note_read
from hopback.portal.accounts.models import (
    AccessSession,
    ApiKey,
    Invitation,
    Membership,
    Organisation,
    Reading,
    User,
)
from hopback.portal.audit.actors import NOBODY, SYSTEM, Actor
from hopback.portal.audit.models import Leaf
from hopback.portal.config import Configuration
from hopback.portal.embedded import use
from hopback.portal.messages.models import Message

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD = "a lamp of nine cold rivers"  # noqa: S105 -- made up
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 -- made up


@pytest.fixture(autouse=True)
def _no_limits_from_before() -> None:
    cache.clear()


@pytest.fixture
def strict(portal: Configuration) -> None:
    """The same portal, in which the consortium and agencies need a second factor."""
    use(
        Configuration(
            data=portal.data,
            database=portal.database,
            synchronous="NORMAL",
            exercise=True,
            second_factor=("consortium", "agency"),
        )
    )


def enter(name: str, password: str = PASSWORD) -> Client:
    client = Client()
    answer = client.post("/account/login/", {"login": f"{name.lower()}@example.org", "password": password})
    assert answer.status_code in {200, 302}
    return client


def with_password(person: User) -> None:
    person.set_password(PASSWORD)
    person.save()


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def code_of(secret: str) -> str:
    counter = next(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counter))


def leaves(action: str) -> list[str]:
    return list(Leaf.objects.filter(action=action, is_refusal=False).values_list("subject", flat=True))


# Signing in


def test_somebody_signs_in_by_address_and_password_and_that_is_recorded(cast: dict[str, User]) -> None:
    with_password(cast["Bell"])
    client = enter("Bell")
    assert is_in(client)
    assert leaves("session.begun") == [cast["Bell"].audit_name]
    client.post("/account/logout/")
    assert not is_in(client)
    assert leaves("session.left") == [cast["Bell"].audit_name]


def test_a_wrong_password_lets_nobody_in_and_says_the_same_of_known_and_unknown_addresses(
    cast: dict[str, User],
) -> None:
    with_password(cast["Bell"])
    wrong = Client().post("/account/login/", {"login": "bell@example.org", "password": "wrong wrong wrong"})
    unknown = Client().post("/account/login/", {"login": "nobody@example.org", "password": "wrong wrong wrong"})
    assert not wrong.cookies.get("sessionid")
    text = "The email address and/or password you specified are not correct."
    assert text in wrong.content.decode()
    assert text in unknown.content.decode()
    assert leaves("session.refused") == [cast["Bell"].audit_name, ""]
    assert not Leaf.objects.filter(body__contains="nobody@").exists()


def test_guessing_is_slowed_down(cast: dict[str, User]) -> None:
    with_password(cast["Bell"])
    for _ in range(5):
        enter("Bell", "wrong wrong wrong")
    client = enter("Bell")
    assert not is_in(client)


def test_nobody_signs_up(portal: Configuration) -> None:
    client = Client()
    answer = client.post("/account/signup/", {"email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD})
    assert "People come by invitation" in answer.content.decode()
    assert not User.objects.exists()


def test_a_forgotten_password_is_set_anew_by_mail_once(cast: dict[str, User]) -> None:
    client = Client()
    answer = client.post("/account/password/reset/", {"email": "bell@example.org"})
    assert answer.status_code == 302
    letter = Message.objects.get()
    assert letter.mailbox == "bell@example.org"
    link = re.search(r"https?://\S+", letter.text)
    assert link is not None
    assert "Somebody, most likely you, asked to set a new password" in letter.text
    page = client.get(link[0], follow=True)
    action = page.request["PATH_INFO"]
    client.post(action, {"password1": PASSWORD, "password2": PASSWORD})
    assert is_in(enter("Bell"))
    assert "This link is over" in Client().get(link[0], follow=True).content.decode()
    assert leaves("password.changed") == [cast["Bell"].audit_name]
    notice = Message.objects.latest("pk")
    assert notice.subject == "Your password was set anew"
    assert "If it was not you" in notice.text


def test_an_unknown_address_gets_no_mail_and_the_page_does_not_tell(cast: dict[str, User]) -> None:
    answer = Client().post("/account/password/reset/", {"email": "nobody@example.org"})
    assert answer.status_code == 302
    assert not Message.objects.exists()


# Second factors


def test_whoever_needs_a_second_factor_is_led_to_it_and_then_in(strict: None, cast: dict[str, User]) -> None:
    with_password(cast["Fay"])
    client = enter("Fay")
    keys = "/account/organisations/FTC/keys/"
    assert client.get(keys).headers["Location"] == "/account/protect/"
    assert client.get("/account/").status_code == 200
    page = client.get("/account/2fa/totp/activate/", follow=True)
    assert "Is it you?" in page.content.decode()
    page = client.post(
        "/account/reauthenticate/", {"password": PASSWORD, "next": "/account/2fa/totp/activate/"}, follow=True
    )
    found = re.search(r"<code>([A-Z2-7]{16,})</code>", page.content.decode())
    assert found is not None
    answer = client.post("/account/2fa/totp/activate/", {"code": code_of(found[1])})
    assert answer.headers["Location"] == "/account/2fa/recovery-codes/"
    codes = re.findall(r"<code>(\d{8})</code>", client.get("/account/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    assert client.get("/account/protect/").status_code == 302
    assert client.get(keys).status_code == 200
    assert leaves("second_factor.changed") == [cast["Fay"].audit_name] * 2

    again = Client()
    again.post("/account/login/", {"login": "fay@example.org", "password": PASSWORD})
    assert not is_in(again)
    again.post("/account/2fa/authenticate/", {"code": "00000000"})
    assert not is_in(again)
    assert leaves("second_factor.refused") == [cast["Fay"].audit_name]
    again.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert is_in(again)

    once = Client()
    once.post("/account/login/", {"login": "fay@example.org", "password": PASSWORD})
    once.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert not is_in(once)


def test_secrets_of_second_factors_are_kept_encrypted_and_read_with_the_former_key_too(
    cast: dict[str, User], portal: Configuration
) -> None:
    secret = SECRET
    TOTP.activate(cast["Ada"], secret)
    row = Authenticator.objects.get(user=cast["Ada"])
    assert secret not in str(row.data)

    def with_keys(**keys: str) -> None:
        use(Configuration(data=portal.data, database=portal.database, synchronous="NORMAL", **keys))

    assert row.wrap().validate_code(code_of(secret))
    with_keys(secret_key="one")  # noqa: S106 -- made up
    with pytest.raises(Refused):
        row.wrap().validate_code(code_of(secret))
    TOTP.activate(cast["Abe"], secret)
    row = Authenticator.objects.get(user=cast["Abe"])
    with_keys(secret_key="two", old_secret_key="one")  # noqa: S106 -- made up
    assert row.wrap().validate_code(code_of(secret))


def test_a_provider_needs_none(strict: None, cast: dict[str, User]) -> None:
    with_password(cast["Bea"])
    assert enter("Bea").get("/account/organisations/P1/").status_code == 200


def test_a_change_of_factors_asks_for_the_password_again(cast: dict[str, User]) -> None:
    with_password(cast["Ada"])
    client = Client()
    client.force_login(cast["Ada"], backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get("/account/2fa/totp/activate/")
    assert answer.headers["Location"].startswith("/account/reauthenticate/")
    page = client.get(answer.headers["Location"])
    assert "Is it you?" in page.content.decode()
    client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/account/2fa/totp/activate/"})
    assert client.get("/account/2fa/totp/activate/").status_code == 200


def test_passkeys_are_offered_and_no_page_of_signing_in_holds_a_script_or_style(cast: dict[str, User]) -> None:
    with_password(cast["Ada"])
    client = enter("Ada")
    client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/account/"})
    Authenticator.objects.create(
        user=cast["Ada"], type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": {}}
    )
    TOTP.activate(cast["Ada"], SECRET)
    RecoveryCodes.activate(cast["Ada"])
    key = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    paths = {
        "": ["login/", "password/reset/", "password/reset/done/", "signup/", "inactive/", "password/reset/key/x-y/"],
        "in": [
            "",
            "logout/",
            "email/",
            "sessions/",
            "membership/",
            "password/change/",
            "reauthenticate/",
            "2fa/",
            "2fa/reauthenticate/",
            "2fa/totp/deactivate/",
            "2fa/webauthn/",
            f"2fa/webauthn/keys/{key.pk}/remove/",
            "2fa/recovery-codes/",
            "2fa/recovery-codes/generate/",
            "3rdparty/",
            "organisations/",
            "organisations/consortium/",
            "organisations/consortium/keys/",
            "organisations/consortium/invite/",
            "access/",
            "access/begin/",
        ],
    }
    for who, addresses in paths.items():
        for address in addresses:
            answer = (client if who else Client()).get(f"/account/{address}")
            text = answer.content.decode()
            assert answer.status_code == 200, address
            assert text.count("<h1>") == 1, address
            assert "hopback.css" in text, address
            for script in re.findall(r"<script([^>]*)>", text):
                assert " src=" in script or 'type="application/json"' in script, address
            assert "<style" not in text, address
            assert " style=" not in text, address
            assert not re.search(r"\son\w+=", text), address
    assert 'data-passkey="get"' in Client().get("/account/login/").content.decode()


# Invitations


def test_somebody_new_comes_by_invitation_once(signed_in: Callable[[str], Client], cast: dict[str, User]) -> None:
    bea = signed_in("Bea")
    form = {"email": "New@Example.org", "name": "Nia", "part": "provider_responder"}
    assert bea.post("/account/organisations/P1/invite/", form).status_code == 302
    letter = Message.objects.get()
    assert letter.mailbox == "new@example.org"
    link = re.search(r"http://testserver(/account/invitation/\S+)", letter.text)
    assert link is not None
    assert link[1].split("/")[3] not in str(Invitation.objects.values_list("digest", flat=True))
    client = Client()
    for _ in range(2):  # a mail scanner looks first
        page = client.get(link[1])
    assert "You are invited to act for" in page.content.decode()
    zone = {"time_zone": "America/Chicago"}
    short = client.post(link[1], zone | {"name": "Nia", "password": "short", "again": "short"})
    assert short.status_code == 422
    assert 'value="Nia"' in short.content.decode()
    unlike = client.post(link[1], zone | {"name": "Nia", "password": PASSWORD, "again": PASSWORD + "x"})
    assert unlike.status_code == 422
    answer = client.post(link[1], zone | {"name": "Nia", "password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 302
    assert is_in(client)
    person = User.objects.get(email="new@example.org")
    assert person.time_zone == "America/Chicago"
    assert [(one.organisation_id, one.part) for one in person.memberships.all()] == [("P1", "provider_responder")]
    assert Client().get(link[1]).status_code == 404
    assert leaves("invitation.accepted") == ["organisation:P1"]


def test_somebody_known_gains_the_membership_and_nothing_else(cast: dict[str, User], actors: dict[str, Actor]) -> None:
    at = datetime.now(UTC)
    with_password(cast["Cole"])
    link = actions.invite(
        actors["Ada"], Organisation.objects.get(pk="P1"), email="cole@example.org", part="provider_responder", at=at
    )
    path = link.partition("8100")[2]
    stranger = Client()
    assert "Sign in, and you come back here" in stranger.get(path).content.decode()
    assert stranger.post(path).headers["Location"].startswith("/account/login/?next=/account/invitation/")
    other = Client()
    other.force_login(cast["Dana"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert other.post(path).status_code == 403
    client = enter("Cole")
    assert client.post(path).status_code == 302
    assert sorted(cast["Cole"].memberships.values_list("organisation", flat=True)) == ["P1", "P2"]
    assert User.objects.get(email="cole@example.org").check_password(PASSWORD)
    chosen = Membership.objects.get(user=cast["Cole"], organisation="P2")
    assert "Act for Coalbrook" in client.get("/account/membership/").content.decode()
    client.post("/account/membership/", {"membership": chosen.pk})
    assert client.session["membership"] == chosen.pk
    foreign = Membership.objects.get(user=cast["Ada"])
    assert client.post("/account/membership/", {"membership": foreign.pk}).status_code == 404


def test_an_invitation_expires_is_withdrawn_and_replaced(cast: dict[str, User], actors: dict[str, Actor]) -> None:
    at = datetime.now(UTC)
    row = Organisation.objects.get(pk="FTC")

    def token(link: str) -> str:
        return link.rstrip("/").rsplit("/", 1)[1]

    first = token(actions.invite(actors["Ada"], row, email="new@example.org", part="agency_investigator", at=at))
    second = token(actions.invite(actors["Ada"], row, email="new@example.org", part="agency_investigator", at=at))
    with pytest.raises(NotFound):
        actions.invited_by_token(first, at=at)
    invitation = actions.invited_by_token(second, at=at + timedelta(days=6))
    with pytest.raises(NotFound):
        actions.invited_by_token(second, at=at + timedelta(days=7))
    with pytest.raises(Conflict):
        actions.accept_invitation(NOBODY, invitation, name="N", password=PASSWORD, at=at + timedelta(days=8))
    assert not User.objects.filter(email="new@example.org").exists()
    actions.withdraw_invitation(actors["Ada"], invitation, at=at)
    with pytest.raises(Conflict):
        actions.withdraw_invitation(actors["Ada"], invitation, at=at)
    with pytest.raises(NotFound):
        actions.invited_by_token(second, at=at)


@pytest.mark.parametrize("name", ["Bell", "Cole", "Dana", "Fay", "Sol", "Abe", "Otto"])
def test_whoever_does_not_administer_invites_nobody(
    signed_in: Callable[[str], Client], actors: dict[str, Actor], name: str
) -> None:
    answer = signed_in(name).post(
        "/account/organisations/P1/invite/", {"email": "x@example.org", "part": "provider_responder"}
    )
    assert answer.status_code == 404
    with pytest.raises(Refused):
        actions.invite(
            actors[name],
            Organisation.objects.get(pk="P1"),
            email="x@example.org",
            part="provider_responder",
            at=datetime.now(UTC),
        )
    assert not Message.objects.exists()
    assert not Invitation.objects.exists()


def test_nobody_is_invited_as_what_there_is_not(actors: dict[str, Actor]) -> None:
    with pytest.raises(BadInput):
        actions.invite(
            actors["Bea"], Organisation.objects.get(pk="P1"), email="x@example.org", part="lead", at=datetime.now(UTC)
        )


# Organisations


def test_an_organisation_is_seen_by_its_administrator_and_the_consortium(signed_in: Callable[[str], Client]) -> None:
    for name, status in {"Ada": 200, "Abe": 200, "Otto": 200, "Bea": 200}.items():
        assert signed_in(name).get("/account/organisations/P1/").status_code == status, name
    for name in ("Bell", "Cole", "Dana", "Fay", "Sol"):
        answer = signed_in(name).get("/account/organisations/P1/")
        assert answer.status_code == 404, name
        assert b"bea@example.org" not in answer.content
        assert signed_in(name).get("/account/organisations/nothing/").status_code == 404
    for name in ("Bea", "Bell", "Dana", "Fay", "Sol"):
        assert signed_in(name).get("/account/organisations/").status_code == 404, name
    assert b"Invite somebody" not in signed_in("Otto").get("/account/organisations/P1/").content


def test_a_part_changes_and_what_was_is_kept(signed_in: Callable[[str], Client], cast: dict[str, User]) -> None:
    ada, row = signed_in("Ada"), Membership.objects.get(user=cast["Bell"])
    path = f"/account/members/{row.pk}/part/"
    assert ada.get(path).status_code == 200
    assert ada.post(path, {"part": "lead"}).status_code == 422
    assert ada.post(path, {"part": "provider_administrator"}).status_code == 302
    assert ada.post(path, {"part": "provider_administrator"}).status_code == 409  # a stale page
    parts = [(one.part, one.ended is None) for one in cast["Bell"].memberships.order_by("pk")]
    assert parts == [("provider_responder", False), ("provider_administrator", True)]
    own = Membership.objects.get(user=cast["Ada"])
    assert ada.post(f"/account/members/{own.pk}/end/").status_code == 403
    for name in ("Dana", "Cole", "Fay", "Bell"):
        assert signed_in(name).post(f"/account/members/{own.pk}/part/", {"part": "auditor"}).status_code == 404


def test_whoever_is_removed_is_out_at_once(signed_in: Callable[[str], Client], cast: dict[str, User]) -> None:
    with_password(cast["Bell"])
    bell, bea = enter("Bell"), signed_in("Bea")
    assert is_in(bell)
    row = Membership.objects.get(user=cast["Bell"])
    assert "at once" in bea.get(f"/account/members/{row.pk}/end/").content.decode()
    assert bea.post(f"/account/members/{row.pk}/end/").status_code == 302
    assert bell.get("/account/").status_code == 302
    assert bell.get("/account/").headers["Location"].startswith("/account/login/")
    row.refresh_from_db()
    assert row.ended is not None
    assert b"Bell" in bea.get("/account/organisations/P1/").content
    assert bea.post(f"/account/members/{row.pk}/end/").status_code == 409


def test_a_lead_takes_in_an_agency(signed_in: Callable[[str], Client]) -> None:
    form = {"kind": "agency", "id": "AG-OH", "name": "Attorney General of Ohio"}
    assert signed_in("Abe").post("/account/organisations/", form).status_code == 403
    assert signed_in("Bea").post("/account/organisations/", form).status_code == 404
    assert signed_in("Ada").post("/account/organisations/", form).status_code == 302
    assert signed_in("Ada").post("/account/organisations/", form).status_code == 409
    assert Organisation.objects.get(pk="AG-OH").kind == "agency"


# Keys


def test_a_key_is_made_shown_once_and_revoked(signed_in: Callable[[str], Client], portal: Configuration) -> None:
    bea = signed_in("Bea")
    form = {"label": "the switch", "scopes": ["hops"], "days": "90"}
    page = bea.post("/account/organisations/P1/keys/", form).content.decode()
    found = re.search(r"<code>(hb_[0-9a-f]{8}_\S+)</code>", page)
    assert found is not None
    api = Client(headers={"Authorization": f"Bearer {found[1]}"})
    assert api.get("/api/v1/requests").status_code == 200
    again = bea.get("/account/organisations/P1/keys/").content.decode()
    assert found[1] not in again
    assert "the switch" in again
    key = ApiKey.objects.get()
    assert key.last_used_at is not None
    assert bea.get(f"/account/keys/{key.prefix}/revoke/").status_code == 200
    assert bea.post(f"/account/keys/{key.prefix}/revoke/").status_code == 302
    assert api.get("/api/v1/requests").status_code == 401


def test_a_key_is_for_something_lasts_a_year_at_most_and_only_for_what_its_kind_may(
    signed_in: Callable[[str], Client], actors: dict[str, Actor], noon: datetime
) -> None:
    bea = signed_in("Bea")
    for form in (
        {"label": "x", "days": "90"},
        {"label": "", "scopes": ["hops"], "days": "90"},
        {"label": "x", "scopes": ["hops"], "days": "900"},
        {"label": "x", "scopes": ["tracebacks:read"], "days": "90"},
    ):
        assert bea.post("/account/organisations/P1/keys/", form).status_code == 422
    with pytest.raises(BadInput):
        actions.issue_key(actors["Bea"], Organisation.objects.get(pk="P1"), at=noon, lasts=timedelta(days=400))
    assert not ApiKey.objects.exists()


def test_keys_are_their_organisations_alone(signed_in: Callable[[str], Client], actors: dict[str, Actor]) -> None:
    at = datetime.now(UTC)
    actions.issue_key(
        actors["Bea"], Organisation.objects.get(pk="P1"), at=at, lasts=timedelta(days=1), label="secret plan"
    )
    prefix = ApiKey.objects.get().prefix
    for name in ("Bell", "Cole", "Dana", "Fay", "Sol"):
        client = signed_in(name)
        assert client.get("/account/organisations/P1/keys/").status_code == 404, name
        assert client.post(f"/account/keys/{prefix}/revoke/").status_code == 404, name
    fay = signed_in("Fay")
    assert fay.get("/account/organisations/FTC/keys/").status_code == 200
    assert fay.get("/account/organisations/AG-IL/keys/").status_code == 404
    otto = signed_in("Otto")
    assert b"secret plan" in otto.get("/account/organisations/P1/keys/").content
    assert otto.post(f"/account/keys/{prefix}/revoke/").status_code == 404
    assert ApiKey.objects.get().revoked_at is None


# Sessions


def test_sessions_are_listed_and_ended(cast: dict[str, User]) -> None:
    with_password(cast["Bell"])
    here, there, third = enter("Bell"), enter("Bell"), enter("Bell")
    page = here.get("/account/sessions/").content.decode()
    assert page.count("<tr>") == 4
    row = UserSession.objects.get(session_key=there.session.session_key)
    assert here.post("/account/sessions/", {"session": row.pk}).status_code == 302
    assert there.get("/account/").status_code == 302
    assert third.get("/account/").status_code == 200
    here.post("/account/sessions/", {"session": "others"})
    assert third.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200


def test_nobody_ends_somebody_elses_session(cast: dict[str, User]) -> None:
    for name in ("Bell", "Dana"):
        with_password(cast[name])
    bell, dana = enter("Bell"), enter("Dana")
    row = UserSession.objects.get(session_key=bell.session.session_key)
    assert dana.post("/account/sessions/", {"session": row.pk}).status_code == 404
    assert bell.get("/account/").status_code == 200


def test_a_page_writes_nothing_while_the_session_was_seen_lately(
    cast: dict[str, User], django_assert_max_num_queries: Callable[..., object]
) -> None:
    with_password(cast["Bell"])
    client = enter("Bell")
    client.get("/account/")
    with django_assert_max_num_queries(6) as seen:  # type: ignore[attr-defined]
        assert client.get("/account/").status_code == 200
    assert not any(query["sql"].startswith(("UPDATE", "INSERT")) for query in seen.captured_queries)


# Access to what is personal


def test_the_consortium_says_why_it_looks(cast: dict[str, User], actors: dict[str, Actor]) -> None:
    client = Client()
    client.force_login(cast["Abe"], backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/account/access/begin/?next=/account/")
    assert "Say why you look" in page.content.decode()
    empty = client.post("/account/access/begin/", {"reason": " ", "hours": "4", "next": "/account/"})
    assert empty.status_code == 422
    long = client.post("/account/access/begin/", {"reason": "why", "hours": "9", "next": "/account/"})
    assert long.status_code == 422
    away = client.post(
        "/account/access/begin/", {"reason": "demand 114", "hours": "4", "next": "https://evil.example/"}
    )
    assert away.headers["Location"] == "/"
    at = datetime.now(UTC)
    for _ in range(2):
        note_read(actors["Abe"], "traceback:T1", at=at)
    note_read(actors["Abe"], "traceback:T2", at=at)
    note_read(actors["Bell"], "traceback:T1", at=at)
    assert leaves("personal.read") == ["traceback:T1", "traceback:T2"]
    assert Reading.objects.count() == 2
    row = AccessSession.objects.get()
    assert client.post(f"/account/access/{row.pk}/end/").status_code == 302
    assert client.post(f"/account/access/{row.pk}/end/").status_code == 409
    with pytest.raises(BadInput):
        actions.begin_access(actors["Abe"], cast["Abe"], at=at, reason="x", lasts=timedelta(hours=9))
    with pytest.raises(Refused):
        actions.begin_access(actors["Abe"], cast["Ann"], at=at, reason="x", lasts=timedelta(hours=1))


def test_leads_and_auditors_see_everybodys_access_an_analyst_their_own(signed_in: Callable[[str], Client]) -> None:
    clients = {name: signed_in(name) for name in ("Ada", "Abe", "Ann", "Otto", "Dana", "Bell", "Fay")}
    AccessSession.objects.update(reason="everybody's")
    AccessSession.objects.filter(user__email="ann@example.org").update(reason="only hers")
    for name, sees in {"Ada": True, "Otto": True, "Ann": True, "Abe": False}.items():
        assert (b"only hers" in clients[name].get("/account/access/").content) is sees, name
    for name in ("Dana", "Bell", "Fay"):
        assert clients[name].get("/account/access/").status_code == 404
        assert clients[name].get("/account/access/begin/").status_code == 404
    row = AccessSession.objects.get(reason="only hers")
    assert clients["Otto"].post(f"/account/access/{row.pk}/end/").status_code == 403
    assert clients["Abe"].post(f"/account/access/{row.pk}/end/").status_code == 404


def test_a_program_of_the_consortium_reads_once_a_day(actors: dict[str, Actor], noon: datetime) -> None:
    program = Actor("key:hb_1", actors["Abe"].role, organisation="consortium", scopes=frozenset({"tracebacks:read"}))
    for hours in (0, 1, 24):
        note_read(program, "traceback:T1", at=noon + timedelta(hours=hours))
    assert len(leaves("personal.read")) == 2


# The rest


def test_ones_name_and_zone_are_ones_own(signed_in: Callable[[str], Client], cast: dict[str, User]) -> None:
    client = signed_in("Bell")
    assert client.post("/account/", {"name": "Bell B.", "time_zone": "America/Chicago"}).status_code == 302
    assert client.post("/account/", {"name": "", "time_zone": "America/Chicago"}).status_code == 422
    assert client.post("/account/", {"name": "Bell", "time_zone": "Mars/Olympus"}).status_code == 422
    cast["Bell"].refresh_from_db()
    assert (cast["Bell"].name, cast["Bell"].time_zone) == ("Bell B.", "America/Chicago")
    assert not Leaf.objects.filter(body__contains="Bell B.").exists()


def test_a_stranger_sees_no_account_page(portal: Configuration) -> None:
    for address in (
        "",
        "sessions/",
        "access/",
        "organisations/",
        "organisations/P1/",
        "organisations/P1/keys/",
        "2fa/",
    ):
        answer = Client().get(f"/account/{address}")
        assert answer.status_code == 302, address
        assert answer.headers["Location"].startswith("/account/login/"), address


def test_an_identity_provider_widens_the_policy_only_where_one_is_set(portal: Configuration) -> None:
    assert "form-action 'self';" in Client().get("/account/login/").headers["Content-Security-Policy"]
    use(
        Configuration(
            data=portal.data,
            database=portal.database,
            synchronous="NORMAL",
            oidc_issuer="https://id.example.org/realms/x",
            oidc_client="hopback",
        )
    )
    policy = Client().get("/account/login/").headers["Content-Security-Policy"]
    assert "form-action 'self' https://id.example.org;" in policy
    with pytest.raises(BadInput):
        _ = Configuration(oidc_issuer="http://id.example.org", oidc_client="x").oidc
    assert Configuration(oidc_issuer="https://id.example.org", oidc_client="x").oidc is not None


def test_the_system_founds_and_invites_the_first_lead(portal: Configuration, noon: datetime) -> None:
    row = actions.found_organisation(SYSTEM, "consortium", name="The consortium", kind="consortium", at=noon)
    link = actions.invite(SYSTEM, row, email="ada@example.org", name="Ada", part="lead", at=noon)
    assert link.startswith("http://localhost:8100/account/invitation/")
