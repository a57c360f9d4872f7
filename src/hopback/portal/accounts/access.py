"""Who somebody is, and who may see which page and look after which people and keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from hopback.kernel.errors import NotFound, Refused
from hopback.portal.accounts.models import (
    AccessSession,
    ApiKey,
    Invitation,
    Kind,
    Membership,
    Organisation,
    Part,
    User,
)
from hopback.portal.accounts.readings import note_read
from hopback.portal.audit.actors import NOBODY, PURPOSE, READERS, STAFF, SYSTEM, Actor, Role
from hopback.portal.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

__all__ = [
    "READERS",
    "STAFF",
    "access_of",
    "accesses_of",
    "actor_of",
    "administers",
    "choose",
    "factors_of",
    "invitation_of",
    "invitations_of",
    "invited_person",
    "key_of",
    "keys_of",
    "keys_shown",
    "may_begin_access",
    "may_end_access",
    "may_found",
    "may_keep_keys",
    "may_keep_people",
    "may_keep_self",
    "membership_of",
    "memberships_of",
    "note_read",
    "organisation_of",
    "organisations_of",
    "page",
    "people_of",
    "session_of",
    "sessions_of",
    "standing_access",
]

Arguments = ParamSpec("Arguments")

FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)

MEMBERSHIP: Final = "membership"
"""Where a session keeps which of several memberships somebody acts under."""

ROLES: Final = {
    Part.LEAD: Role.LEAD,
    Part.ANALYST: Role.ANALYST,
    Part.AUDITOR: Role.AUDITOR,
    Part.RESPONDER: Role.PROVIDER,
    Part.ADMINISTRATOR: Role.PROVIDER,
    Part.INVESTIGATOR: Role.AGENCY,
    Part.SOURCE: Role.SOURCE,
}


def memberships_of(user: User, *, at: datetime) -> QuerySet[Membership]:
    """The memberships of a person that are in force, the oldest first."""
    rows = Membership.objects.select_related("organisation").filter(user=user, since__lte=at)
    return rows.exclude(ended__lte=at).order_by("since", "pk")


def actor_of(request: HttpRequest) -> Actor:
    """Whoever asks for a page, under the membership chosen in this session; read once a request."""
    known: Actor | None = getattr(request, "actor", None)
    if known is None:
        known = _actor(request)
        request.actor = known  # type: ignore[attr-defined]  # kept for this request
    return known


def _actor(request: HttpRequest) -> Actor:
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return NOBODY
    at = now()
    factors = Authenticator.objects.filter(user=OuterRef("user"), type__in=FACTORS)
    rows = list(memberships_of(user, at=at).annotate(has_second_factor=Exists(factors)))
    chosen = request.session.get(MEMBERSHIP)
    row = next((one for one in rows if one.pk == chosen), rows[0] if rows else None)
    if row is None:
        return Actor(user.audit_name, Role.OUTSIDER)
    required = row.organisation.kind in settings.CONFIGURATION.second_factor
    request.lacks_second_factor = required and not row.has_second_factor  # type: ignore[attr-defined]  # for page()
    access = standing_access(user, at=at) if row.organisation.kind == Kind.CONSORTIUM else None
    return Actor(
        user.audit_name,
        ROLES[Part(row.part)],
        provider=row.organisation_id if row.organisation.kind == Kind.PROVIDER else None,
        purpose=PURPOSE if access is None else f"{PURPOSE}: {access.reason}",
        organisation=row.organisation_id,
        administers=row.part in (Part.ADMINISTRATOR, Part.LEAD),
        jurisdictions=frozenset({row.organisation.jurisdiction}),
    )


def standing_access(user: User, *, at: datetime) -> AccessSession | None:
    """The access session of a person that is in force."""
    return AccessSession.objects.filter(user=user, begun_at__lte=at, ends_at__gt=at).order_by("-ends_at").first()


def page(
    *roles: Role, personal: bool = False, own: bool = False
) -> Callable[
    [Callable[Concatenate[HttpRequest, Actor, Arguments], HttpResponse]],
    Callable[Concatenate[HttpRequest, Arguments], HttpResponse],
]:
    """Make a view a page for these roles; without roles for everybody who has signed in.

    A stranger is asked to sign in. For anybody else there is no such page. ``personal``: it shows what is
    personal, so that people of the consortium first say why they look (an access session). ``own``: it is about
    one's own account, and open before a second factor has been set up where one is required.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, Actor, Arguments], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, Arguments], HttpResponse]:
        @wraps(view)
        def show(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            actor = actor_of(request)
            if not own and getattr(request, "lacks_second_factor", False):
                return redirect("accounts:protect")
            if roles and actor.role not in roles:
                raise Http404
            if personal and actor.role in READERS and not _has_said_why(actor):
                query = urlencode({"next": request.get_full_path() if request.method == "GET" else "/"})
                return redirect(f"{reverse('accounts:begin_access')}?{query}")
            return view(request, actor, *args, **kwargs)

        show.shown_to = roles  # type: ignore[attr-defined]  # what the lint of the gate looks for
        return show

    return decorate


def _has_said_why(actor: Actor) -> bool:
    """Whether the actor was made under an access session: then its reason is part of the purpose."""
    return actor.purpose != PURPOSE


def choose(request: HttpRequest, membership: Membership) -> None:
    """Act under this membership for the rest of the session."""
    request.session[MEMBERSHIP] = membership.pk
    request.actor = None  # type: ignore[attr-defined]  # to be read again


def administers(actor: Actor, organisation: Organisation) -> bool:
    """Whether an actor looks after an organisation's people: a lead after all, an administrator after its own."""
    if actor == SYSTEM:
        return True
    if not actor.administers or actor.scopes is not None:
        return False
    return actor.role is Role.LEAD or (actor.role is Role.PROVIDER and actor.organisation == organisation.pk)


def may_keep_people(actor: Actor, subject: Organisation | Membership | Invitation, /) -> None:
    """A lead looks after everybody's people, a provider's administrator after the provider's own."""
    organisation = subject if isinstance(subject, Organisation) else subject.organisation
    if not administers(actor, organisation):
        raise Refused(f"{actor.name} may not look after these people", mend="ask the organisation's administrator")


def may_found(actor: Actor, _subject: str, /) -> None:
    """Organisations are taken in by a lead of the consortium."""
    if actor != SYSTEM and not (actor.role is Role.LEAD and actor.scopes is None):
        raise Refused(f"{actor.name} may not take in organisations", mend="ask a lead of the consortium")


def may_keep_self(actor: Actor, subject: User | Membership, /) -> None:
    """Everybody looks after their own account."""
    user = subject.user if isinstance(subject, Membership) else subject
    if user.audit_name != actor.name:
        raise Refused(f"{actor.name} may not change somebody else's account")


def may_end_access(actor: Actor, access: AccessSession, /) -> None:
    """Whoever began it, and a lead."""
    if access.user.audit_name != actor.name and actor.role is not Role.LEAD:
        raise Refused(f"{actor.name} may not end this access session", mend="ask whoever began it")


def organisations_of(actor: Actor) -> QuerySet[Organisation]:
    """The organisations an actor may know: the consortium all, anybody else its own."""
    rows = Organisation.objects.all()
    if actor.role in READERS or actor == SYSTEM:
        return rows
    return rows.filter(pk=actor.organisation) if actor.organisation else rows.none()


def organisation_of(actor: Actor, organisation: str) -> Organisation:
    """One organisation whose people and keys an actor may look at; otherwise :class:`NotFound`."""
    row = organisations_of(actor).filter(pk=organisation).first()
    if row is None or not (actor.role in READERS or administers(actor, row)):
        raise NotFound("there is no such organisation")
    return row


def keys_shown(actor: Actor, organisation: str) -> Organisation:
    """One organisation whose keys an actor may look at; otherwise :class:`NotFound`."""
    row = organisations_of(actor).filter(pk=organisation).first()
    if row is None or not (actor.role in READERS | {Role.AGENCY, Role.SOURCE} or administers(actor, row)):
        raise NotFound("there is no such organisation")
    return row


def people_of(actor: Actor, organisation: Organisation) -> QuerySet[Membership]:
    """Who is and was a member of an organisation, those who are first."""
    organisation = organisation_of(actor, organisation.pk)
    return organisation.memberships.select_related("user").order_by("ended", "since", "pk")


def membership_of(actor: Actor, number: int) -> Membership:
    """One membership of an organisation that an actor may look at; otherwise :class:`NotFound`."""
    row = Membership.objects.select_related("user", "organisation").filter(pk=number).first()
    if row is None:
        raise NotFound("there is no such member")
    organisation_of(actor, row.organisation_id)
    return row


def invitations_of(actor: Actor, organisation: Organisation) -> QuerySet[Invitation]:
    """The invitations into an organisation that nobody has taken up yet."""
    organisation = organisation_of(actor, organisation.pk)
    return organisation.invitations.filter(accepted_at=None, withdrawn_at=None).order_by("-invited_at", "-pk")


def invitation_of(actor: Actor, number: int) -> Invitation:
    """One invitation into an organisation that an actor may look at; otherwise :class:`NotFound`."""
    row = Invitation.objects.select_related("organisation").filter(pk=number).first()
    if row is None:
        raise NotFound("there is no such invitation")
    organisation_of(actor, row.organisation_id)
    return row


def accesses_of(actor: Actor) -> QuerySet[AccessSession]:
    """The access sessions an actor may see: leads and auditors everybody's, an analyst their own."""
    rows = AccessSession.objects.select_related("user").prefetch_related("readings")
    if actor.role in {Role.LEAD, Role.AUDITOR}:
        return rows
    return rows.filter(user=_own_number(actor)) if actor.role in READERS else rows.none()


def access_of(actor: Actor, number: int) -> AccessSession:
    """One access session an actor may see; otherwise :class:`NotFound`."""
    row = accesses_of(actor).filter(pk=number).first()
    if row is None:
        raise NotFound("there is no such access session")
    return row


def sessions_of(actor: Actor) -> QuerySet[UserSession]:
    """Where somebody is signed in: one's own sessions, the last used first."""
    rows: QuerySet[UserSession] = UserSession.objects.filter(user=_own_number(actor))
    return rows.order_by("-last_seen_at", "-pk")


def session_of(actor: Actor, number: int) -> UserSession:
    """One session of one's own; otherwise :class:`NotFound`."""
    row = sessions_of(actor).filter(pk=number).first()
    if row is None:
        raise NotFound("there is no such session")
    return row


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody signs in with beside a password. ``codes_left`` is None where there are no recovery codes."""

    totp: Authenticator | None
    passkeys: list[Authenticator]
    codes_left: int | None


def factors_of(actor: Actor) -> Factors:
    """One's own second factors."""
    rows = list(Authenticator.objects.filter(user=_own_number(actor)).order_by("pk"))
    by_kind = {row.type: row for row in rows}
    codes = by_kind.get(Authenticator.Type.RECOVERY_CODES)
    return Factors(
        by_kind.get(Authenticator.Type.TOTP),
        [row for row in rows if row.type == Authenticator.Type.WEBAUTHN],
        len(codes.wrap().get_unused_codes()) if codes else None,
    )


def invited_person(invitation: Invitation) -> User | None:
    """Whoever is known already of the address that was invited; asked only by who holds the invitation's token."""
    return User.objects.filter(email=invitation.email).first()


def _own_number(actor: Actor) -> int:
    kind, _, number = actor.name.partition(":")
    return int(number) if kind == "user" and number.isdigit() else 0


def key_of(actor: Actor, prefix: str) -> ApiKey:
    """One key an actor may see; otherwise :class:`NotFound`."""
    row = keys_of(actor).filter(prefix=prefix).first()
    if row is None:
        raise NotFound("there is no such key")
    return row


def may_begin_access(actor: Actor, user: Any, /) -> None:
    """People of the consortium, for themselves."""
    if actor.role not in READERS or getattr(user, "audit_name", "") != actor.name:
        raise Refused(f"{actor.name} may not begin an access session", mend="sign in as a person of the consortium")


def may_keep_keys(actor: Actor, subject: Any, /) -> None:
    """The consortium looks after every organisation's keys, an organisation's administrator after its own."""
    if actor.role in (Role.LEAD, Role.ANALYST, Role.EXERCISE_ANALYST, Role.SYSTEM) and actor.scopes is None:
        return
    organisation = subject.pk if isinstance(subject, Organisation) else None
    if isinstance(subject, str):
        organisation = ApiKey.objects.filter(prefix=subject).values_list("organisation", flat=True).first()
    is_own = organisation is not None and organisation == actor.organisation and actor.scopes is None
    if not is_own or not (actor.administers or actor.role in (Role.AGENCY, Role.SOURCE)):
        raise Refused(f"{actor.name} may not look after these keys", mend="ask the organisation's administrator")


def keys_of(actor: Actor) -> QuerySet[ApiKey]:
    """The keys an actor may see: staff and auditors all, anybody else its own organisation's."""
    rows = ApiKey.objects.select_related("organisation")
    if actor.role in READERS or actor.role is Role.SYSTEM:
        return rows
    return rows.filter(organisation=actor.organisation) if actor.organisation else rows.none()
