"""Every write to people, organisations, keys and access sessions."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse

from hopback.kernel.errors import BadInput, Conflict, NotFound, Refused
from hopback.portal.accounts.access import (
    may_begin_access,
    may_end_access,
    may_found,
    may_keep_keys,
    may_keep_people,
    may_keep_self,
)
from hopback.portal.accounts.keys import KEY_MARK, SCOPES, key_digest
from hopback.portal.accounts.letters import write_from
from hopback.portal.accounts.models import (
    PARTS_OF,
    AccessSession,
    ApiKey,
    Invitation,
    Kind,
    Membership,
    Organisation,
    User,
)
from hopback.portal.accounts.sessions import end_sessions
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import PURPOSE, Actor

if TYPE_CHECKING:
    from datetime import datetime

    from allauth.usersessions.models import UserSession

__all__ = [
    "INVITATION_LASTS",
    "LONGEST_ACCESS",
    "LONGEST_KEY",
    "accept_invitation",
    "begin_access",
    "change_part",
    "change_self",
    "choose_membership",
    "end_access",
    "end_membership",
    "end_session",
    "found_organisation",
    "invite",
    "invited_by_token",
    "issue_key",
    "join",
    "note_factor",
    "note_password",
    "note_refused",
    "note_signed_in",
    "note_signed_out",
    "note_wrong_factor",
    "revoke_key",
    "withdraw_invitation",
]

LONGEST_KEY: Final = timedelta(days=366)
LONGEST_ACCESS: Final = timedelta(hours=8)
INVITATION_LASTS: Final = timedelta(days=7)


@action("key.issued", may=may_keep_keys)
def issue_key(
    actor: Actor,
    organisation: Organisation,
    *,
    at: datetime,
    lasts: timedelta,
    scopes: tuple[str, ...] = ("hops",),
    label: str = "",
) -> str:
    """Issue a key to an organisation's program, for a year at most. What is returned is shown once, kept nowhere."""
    if not scopes:
        raise BadInput("a key is for something", where="scopes", mend="choose what it may do")
    if strange := set(scopes) - set(SCOPES[Kind(organisation.kind)]):
        raise BadInput(f"no key of {organisation} is for {min(strange)}", where="scopes")
    if not timedelta() < lasts <= LONGEST_KEY:
        raise BadInput("a key lasts at most a year", where="lasts")
    prefix = KEY_MARK + secrets.token_hex(4)
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    ApiKey.objects.create(
        organisation=organisation,
        label=label,
        prefix=prefix,
        digest=key_digest(secret),
        scopes=list(scopes),
        created_by=actor.name,
        created_at=at,
        expires_at=at + lasts,
    )
    entry().about(organisation.audit_name)
    entry().facts = {"key": prefix, "scopes": list(scopes), "until": (at + lasts).isoformat()}
    return secret


@action("key.revoked", may=may_keep_keys)
def revoke_key(_actor: Actor, prefix: str, *, at: datetime) -> None:
    """Let a key in no longer. Raises :class:`NotFound` where there is none that is still good."""
    entry().about(f"key:{prefix}")
    if not ApiKey.objects.filter(prefix=prefix, revoked_at__isnull=True).update(revoked_at=at):
        raise NotFound(f"no key {prefix} that is still good")


@action("access.begun", may=may_begin_access)
def begin_access(_actor: Actor, user: User, *, at: datetime, reason: str, lasts: timedelta) -> AccessSession:
    """Say why one looks at what is personal; what is read until it ends is read for that reason."""
    if not reason.strip():
        raise BadInput("no reason", where="reason", mend="say what this is for, for example a traceback or a demand")
    if not timedelta() < lasts <= LONGEST_ACCESS:
        raise BadInput("an access session lasts at most eight hours", where="lasts")
    session = AccessSession.objects.create(user=user, reason=reason.strip(), begun_at=at, ends_at=at + lasts)
    entry().about(user.audit_name)
    entry().facts = {"reason": reason.strip(), "until": (at + lasts).isoformat(), "under": PURPOSE}
    return session


@action("access.ended", may=may_end_access)
def end_access(_actor: Actor, access: AccessSession, *, at: datetime) -> None:
    """End an access session before its time. Raises :class:`Conflict` if it is over already."""
    over = max(at, access.begun_at + timedelta(microseconds=1))
    if not AccessSession.objects.filter(pk=access.pk, ends_at__gt=at).update(ends_at=over):
        raise Conflict("this access session is over already")


@action("organisation.taken_in", may=may_found)
def found_organisation(
    _actor: Actor,
    organisation_id: str,
    *,
    name: str,
    kind: str,
    at: datetime,  # noqa: ARG001
    jurisdiction: str = "us",
) -> Organisation:
    """Take in an agency, a source or the consortium itself; a provider comes by the directory."""
    organisation_id, name, kind = organisation_id.strip(), name.strip(), Kind(kind)
    if kind is Kind.PROVIDER:
        raise BadInput("a provider comes by the directory", where="kind", mend="add it to the directory")
    if not name:
        raise BadInput("it has no name", where="name")
    if not organisation_id or not organisation_id.replace("-", "").replace("_", "").isalnum():
        raise BadInput("an id is letters, digits, - and _", where="id")
    row, is_new = Organisation.objects.get_or_create(
        id=organisation_id, defaults={"name": name, "kind": kind, "jurisdiction": jurisdiction}
    )
    if not is_new:
        raise Conflict(f"there is an organisation {organisation_id} already", where="id")
    entry().about(row.audit_name)
    entry().facts = {"kind": kind.value}
    return row


# People


@action("person.invited", may=may_keep_people)
def invite(
    actor: Actor, organisation: Organisation, *, email: str, part: str, at: datetime, name: str = "", address: str = ""
) -> str:
    """Invite a mail address into an organisation, by mail. Returns the invitation's link, which is kept nowhere.

    An earlier invitation of the same address is withdrawn. Raises :class:`Conflict` if somebody of that
    address is a member already. ``address`` is where the portal is reached, if not where the settings say.
    """
    email = _good_address(email)
    if part not in PARTS_OF[Kind(organisation.kind)]:
        raise BadInput(f"nobody is that to {organisation}", where="part")
    if Membership.objects.filter(organisation=organisation, user__email=email, ended=None).exists():
        raise Conflict("somebody of this address is a member already", where="email", mend="change their part instead")
    open_rows = Invitation.objects.filter(organisation=organisation, email=email, accepted_at=None, withdrawn_at=None)
    open_rows.update(withdrawn_at=at)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        name=name.strip(),
        organisation=organisation,
        part=part,
        digest=_token_digest(token),
        invited_by=actor.name,
        invited_at=at,
        expires_at=at + INVITATION_LASTS,
    )
    entry().about(organisation.audit_name)
    entry().facts = {"invitation": invitation.pk, "part": part}
    link = (address or settings.CONFIGURATION.address).rstrip("/") + reverse("accounts:invitation", args=[token])
    write_from("invitation", email, {"invitation": invitation, "link": link}, about=invitation.audit_name, at=at)
    return link


@action("invitation.withdrawn", may=may_keep_people)
def withdraw_invitation(_actor: Actor, invitation: Invitation, *, at: datetime) -> None:
    """Let an invitation be taken up no longer. Raises :class:`Conflict` if it was, or was withdrawn before."""
    rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if not rows.update(withdrawn_at=at):
        raise Conflict("this invitation is no longer open")


def invited_by_token(token: str, *, at: datetime) -> Invitation:
    """The invitation that a link leads to, if it is still good; otherwise :class:`NotFound`."""
    rows = Invitation.objects.select_related("organisation")
    row = rows.filter(
        digest=_token_digest(token), accepted_at=None, withdrawn_at=None, expires_at__gt=at, invited_at__lte=at
    ).first()
    if row is None:
        raise NotFound("this invitation is not, or no longer, good")
    return row


def _may_accept(_actor: Actor, invitation: Invitation, /) -> None:
    """Whoever holds the token; it is good once."""
    if not isinstance(invitation, Invitation):
        raise Refused("no invitation")


@action("invitation.accepted", may=_may_accept)
def accept_invitation(
    _actor: Actor, invitation: Invitation, *, name: str, password: str, at: datetime, time_zone: str = "UTC"
) -> User:
    """Come in by an invitation, as somebody new. Raises :class:`Conflict` if somebody was first."""
    if not name.strip():
        raise BadInput("no name", where="name")
    if User.objects.filter(email=invitation.email).exists():
        raise Conflict("somebody of this address is known already", mend="sign in, then open the link again")
    if time_zone not in available_timezones():
        raise BadInput("there is no such time zone", where="time_zone", mend="write it as America/Chicago")
    user = User.objects.create_user(invitation.email, password, name=name.strip(), time_zone=time_zone, joined_at=at)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    _take_up(invitation, user, at=at)
    return user


@action("invitation.accepted", may=_may_accept)
def join(actor: Actor, invitation: Invitation, *, user: User, at: datetime) -> Membership:
    """Come into another organisation, as somebody who is known already and has signed in."""
    if user.audit_name != actor.name or user.email != invitation.email:
        raise Refused("this invitation is for somebody else", mend="sign in with the address it was sent to")
    return _take_up(invitation, user, at=at)


def _take_up(invitation: Invitation, user: User, *, at: datetime) -> Membership:
    rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None, expires_at__gt=at)
    if not rows.update(accepted_at=at):
        raise Conflict("this invitation is no longer good")
    if Membership.objects.filter(user=user, organisation=invitation.organisation, ended=None).exists():
        raise Conflict("you are a member already")
    row = Membership.objects.create(user=user, organisation=invitation.organisation, part=invitation.part, since=at)
    entry().about(invitation.organisation.audit_name)
    entry().facts = {"invitation": invitation.pk, "person": user.audit_name, "part": invitation.part}
    return row


@action("membership.changed", may=may_keep_people)
def change_part(actor: Actor, membership: Membership, *, part: str, at: datetime) -> Membership:
    """Make a member something else to the organisation. What they were is kept.

    Raises :class:`Conflict` if somebody else has changed or ended the membership meanwhile.
    """
    organisation = membership.organisation
    if part not in PARTS_OF[Kind(organisation.kind)]:
        raise BadInput(f"nobody is that to {organisation}", where="part")
    if part == membership.part:
        raise BadInput("that is their part already", where="part")
    _check_not_self(actor, membership)
    _end(membership, at=at)
    row = Membership.objects.create(user=membership.user, organisation=organisation, part=part, since=at)
    entry().about(organisation.audit_name)
    entry().facts = {"person": membership.user.audit_name, "from": membership.part, "to": part}
    return row


@action("membership.ended", may=may_keep_people)
def end_membership(actor: Actor, membership: Membership, *, at: datetime) -> None:
    """End a membership, which is kept, and sign its holder out everywhere, at once."""
    _check_not_self(actor, membership)
    _end(membership, at=at)
    entry().about(membership.organisation.audit_name)
    entry().facts = {"person": membership.user.audit_name, "sessions": end_sessions(membership.user)}


def _check_not_self(actor: Actor, membership: Membership) -> None:
    if membership.user.audit_name == actor.name:
        raise Refused("nobody changes or ends their own membership", mend="ask another who may")


def _end(membership: Membership, *, at: datetime) -> None:
    if not Membership.objects.filter(pk=membership.pk, ended=None).update(ended=at):
        raise Conflict("somebody else has changed this membership meanwhile", mend="look at it again")


# One's own account


@action("person.changed", may=may_keep_self)
def change_self(_actor: Actor, user: User, *, name: str, time_zone: str, at: datetime) -> None:  # noqa: ARG001
    """Change one's own name and time zone."""
    if not name.strip():
        raise BadInput("no name", where="name")
    if time_zone not in available_timezones():
        raise BadInput("there is no such time zone", where="time_zone", mend="write it as America/Chicago")
    changed = [
        what
        for what, is_new in (("name", name.strip() != user.name), ("time_zone", time_zone != user.time_zone))
        if is_new
    ]
    user.name, user.time_zone = name.strip(), time_zone
    user.save(update_fields=["name", "time_zone"])
    entry().facts = {"changed": changed}


@action("membership.chosen", may=may_keep_self)
def choose_membership(_actor: Actor, membership: Membership, *, at: datetime) -> None:
    """Act under another of one's memberships."""
    if membership.ended is not None and membership.ended <= at:
        raise Conflict("this membership has ended")
    entry().about(membership.organisation.audit_name)


@action("session.ended", may=may_keep_self)
def end_session(_actor: Actor, user: User, *, sessions: list[UserSession], at: datetime) -> None:  # noqa: ARG001
    """Sign oneself out in these browsers."""
    for session in sessions:
        if session.user_id != user.pk:
            raise Refused("this session is somebody else's")
        session.end()
    entry().facts = {"sessions": len(sessions)}


# What is noted at the edge, where allauth signs people in


def _may_note(_actor: Actor, _subject: Any, /) -> None:
    """What happened is written down whoever did it."""


@action("session.begun", may=_may_note)
def note_signed_in(_actor: Actor, _user: User, *, at: datetime, by: list[str]) -> None:  # noqa: ARG001
    """Somebody signed in, by these means."""
    entry().facts = {"by": by}


@action("session.left", may=_may_note)
def note_signed_out(_actor: Actor, _user: User, *, at: datetime) -> None:
    """Somebody signed out."""


@action("session.refused", may=_may_note)
def note_refused(_actor: Actor, subject: str, *, at: datetime) -> None:  # noqa: ARG001
    """Somebody could not sign in. Nothing is kept of an address that nobody here has."""
    entry().about(subject)


@action("second_factor.refused", may=_may_note)
def note_wrong_factor(_actor: Actor, _user: User, *, at: datetime, kind: str) -> None:  # noqa: ARG001
    """Somebody who knows the password gave a wrong second factor."""
    entry().facts = {"kind": kind}


@action("second_factor.changed", may=_may_note)
def note_factor(_actor: Actor, _user: User, *, at: datetime, kind: str, what: str) -> None:  # noqa: ARG001
    """A second factor was added, removed or renewed."""
    entry().facts = {"kind": kind, "what": what}


@action("password.changed", may=_may_note)
def note_password(_actor: Actor, _user: User, *, at: datetime, how: str) -> None:  # noqa: ARG001
    """A password was set, changed or reset."""
    entry().facts = {"how": how}


def _token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _good_address(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise BadInput(f"{email[:100]!r} is no mail address", where="email") from None
    return email
