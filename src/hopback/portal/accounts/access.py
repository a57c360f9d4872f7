"""Who somebody is, and who may see which page and look after which people and keys."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from hopback.kernel.errors import Refused
from hopback.portal.accounts.models import AccessSession, ApiKey, Kind, Membership, Organisation, Part, User
from hopback.portal.audit.actors import NOBODY, PURPOSE, READERS, STAFF, Actor, Role
from hopback.portal.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

__all__ = [
    "READERS",
    "STAFF",
    "actor_of",
    "keys_of",
    "may_begin_access",
    "may_keep_keys",
    "memberships_of",
    "page",
    "standing_access",
]

Arguments = ParamSpec("Arguments")

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
    rows = list(memberships_of(user, at=at))
    chosen = request.session.get(MEMBERSHIP)
    row = next((one for one in rows if one.pk == chosen), rows[0] if rows else None)
    if row is None:
        return Actor(user.audit_name, Role.OUTSIDER)
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
    *roles: Role, personal: bool = False
) -> Callable[
    [Callable[Concatenate[HttpRequest, Actor, Arguments], HttpResponse]],
    Callable[Concatenate[HttpRequest, Arguments], HttpResponse],
]:
    """Make a view a page for these roles; without roles for everybody who has signed in.

    A stranger is asked to sign in. For anybody else there is no such page. ``personal``: it shows what is
    personal, so that people of the consortium first say why they look (an access session).
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, Actor, Arguments], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, Arguments], HttpResponse]:
        @wraps(view)
        def show(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            actor = actor_of(request)
            if roles and actor.role not in roles:
                raise Http404
            if personal and actor.role in READERS and not _has_said_why(request):
                query = urlencode({"next": request.get_full_path() if request.method == "GET" else "/"})
                return redirect(f"{reverse('accounts:begin_access')}?{query}")
            return view(request, actor, *args, **kwargs)

        show.shown_to = roles  # type: ignore[attr-defined]  # what the lint of the gate looks for
        return show

    return decorate


def _has_said_why(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and standing_access(request.user, at=now()) is not None


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
