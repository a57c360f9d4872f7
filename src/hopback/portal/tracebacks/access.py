"""Who may see and do what with a traceback.

The actor of an exercise decides under the policy of an exercise and nowhere else, and only in a portal
that was opened for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from hopback.kernel import disclosure
from hopback.kernel.commands import By
from hopback.kernel.commands import Role as Plays
from hopback.kernel.errors import NotFound, Refused
from hopback.portal.accounts.models import Kind, Membership, Part, User
from hopback.portal.audit.actors import READERS, STAFF, SYSTEM, Actor, Role
from hopback.portal.tracebacks.docket import load
from hopback.portal.tracebacks.models import Hop, Traceback
from hopback.portal.tracebacks.policies import EXERCISE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet

__all__ = [
    "by",
    "hop_in",
    "hop_of",
    "hops_of",
    "may_answer",
    "may_decide",
    "may_decide_all",
    "may_propose",
    "may_run",
    "owners_of",
    "seen",
    "traceback_of",
    "tracebacks_of",
    "viewer_of",
]

PARTS: Final[Mapping[Role, Plays]] = {
    Role.LEAD: Plays.LEAD,
    Role.ANALYST: Plays.ANALYST,
    Role.EXERCISE_ANALYST: Plays.LEAD,
    Role.PROVIDER: Plays.PROVIDER,
    Role.AGENCY: Plays.AGENCY,
    Role.SOURCE: Plays.SOURCE,
    Role.SYSTEM: Plays.SYSTEM,
}


def by(actor: Actor, *, seen: int | None = None) -> By:
    """The actor as the process knows it."""
    part = PARTS.get(actor.role)
    if part is None:
        raise Refused(f"{actor.name} has no part in tracebacks")
    return By(actor.name, part, actor.purpose, provider=actor.provider, seen=seen)


def may_decide(actor: Actor, subject: Any, /) -> None:
    """Decisions are people's: the consortium's staff, and in an exercise its analyst."""
    if actor.role not in STAFF:
        raise Refused(f"{actor.name} may not decide on tracebacks", mend="ask an analyst of the consortium")
    _check_exercise(actor, subject)


def may_decide_all(actor: Actor, subjects: Any, /) -> None:
    """As :func:`may_decide`, for each of several."""
    for subject in subjects:
        may_decide(actor, subject)


def may_propose(actor: Actor, policy: Any, /) -> None:
    """Staff put calls forward, and whoever supplies samples in its own name, as the intake sees to.

    Under an exercise's policy that is done in exercises only.
    """
    if policy == EXERCISE.version and not settings.CONFIGURATION.exercise:
        raise Refused("this portal is not open for exercises", mend="propose under the consortium's own policy")
    if actor.role is Role.EXERCISE_ANALYST and policy != EXERCISE.version:
        raise Refused(f"{actor.name} decides in exercises only", mend="sign in as an analyst")
    if actor.role not in STAFF | {Role.PROVIDER, Role.SOURCE, Role.AGENCY}:
        raise Refused(f"{actor.name} may not propose calls to be traced")


def may_run(actor: Actor, subject: Any, /) -> None:
    """What follows from the clock and the mail is the portal's, or done by hand by the staff."""
    if actor.role is not Role.SYSTEM:
        may_decide(actor, subject)


def may_answer(actor: Actor, subject: Any, /) -> None:
    """A provider answers for itself; staff may write down what it said."""
    if actor.role is Role.PROVIDER:
        if not isinstance(subject, Hop) or actor.provider is None or subject.provider_id != actor.provider:
            raise Refused(f"{actor.name} may not answer for another provider")
        return
    may_decide(actor, subject)


def tracebacks_of(actor: Actor) -> QuerySet[Traceback]:
    """The tracebacks an actor may list: staff those of their jurisdictions; nobody else any."""
    if actor == SYSTEM:
        return Traceback.objects.all()
    if actor.role in READERS:
        return Traceback.objects.filter(jurisdiction__in=actor.jurisdictions)
    return Traceback.objects.none()


def traceback_of(actor: Actor, traceback_id: str) -> Traceback:
    """A traceback the actor may list; otherwise :class:`NotFound`, as if there were none."""
    row = tracebacks_of(actor).filter(pk=traceback_id).first()
    if row is None:
        raise NotFound("there is no such traceback")
    return row


def hops_of(actor: Actor) -> QuerySet[Hop]:
    """The hops an actor may see: staff all, a provider those it was asked, anybody else none."""
    if actor.role in READERS or actor == SYSTEM:
        return Hop.objects.all()
    if actor.role is Role.PROVIDER and actor.provider:
        return Hop.objects.filter(provider=actor.provider, sent_at__isnull=False)
    return Hop.objects.none()


def hop_of(actor: Actor, request_id: str) -> Hop:
    """The hop of a request, if the actor may see it; otherwise :class:`NotFound`, as if it did not exist."""
    hop = hops_of(actor).select_related("traceback").filter(request_id=request_id).first()
    if hop is None:
        raise NotFound(f"there is no request {request_id}")
    return hop


def owners_of(actor: Actor, *, at: datetime) -> QuerySet[User]:
    """The people who can look after a traceback: the consortium's analysts and leads, for its own staff to see."""
    if actor.role not in STAFF:
        return User.objects.none()
    rows = Membership.objects.filter(organisation__kind=Kind.CONSORTIUM, part__in=(Part.ANALYST, Part.LEAD))
    rows = rows.filter(since__lte=at).exclude(ended__lte=at)
    return User.objects.filter(is_active=True, pk__in=rows.values("user"))


def hop_in(actor: Actor, traceback_id: str, number: int) -> Hop:
    """A hop of a traceback the actor may list; otherwise :class:`NotFound`, as if there were none."""
    rows = Hop.objects.select_related("traceback").filter(traceback__in=tracebacks_of(actor))
    hop = rows.filter(traceback=traceback_id, number=number).first() if number > 0 else None
    if hop is None:
        raise NotFound("there is no such hop")
    return hop


def viewer_of(actor: Actor) -> disclosure.Viewer:
    """The actor as the gate knows it. What is addressed to an agency is known to who keeps the addresses."""
    match actor.role:
        case Role.LEAD | Role.EXERCISE_ANALYST | Role.SYSTEM:
            return disclosure.Consortium(disclosure.ConsortiumPart.LEAD, actor.jurisdictions)
        case Role.ANALYST:
            return disclosure.Consortium(disclosure.ConsortiumPart.ANALYST, actor.jurisdictions)
        case Role.AUDITOR:
            return disclosure.Consortium(disclosure.ConsortiumPart.AUDITOR, actor.jurisdictions)
        case Role.PROVIDER if actor.provider:
            return disclosure.Provider(actor.provider)
        case Role.AGENCY if actor.organisation:
            return disclosure.Agency(actor.organisation)
        case Role.SOURCE if actor.organisation:
            return disclosure.Source(actor.organisation)
    return disclosure.Nobody()


def seen(actor: Actor, traceback_id: str) -> disclosure.View:
    """What an actor is shown of a traceback; :class:`NotFound` if that is nothing, or there is none."""
    row = Traceback.objects.filter(pk=traceback_id).first()
    return disclosure.disclose(None if row is None else load(traceback_id).trace, to=viewer_of(actor))


def _check_exercise(actor: Actor, subject: Any) -> None:
    if actor.role is not Role.EXERCISE_ANALYST:
        return
    policy = subject.traceback.policy if isinstance(subject, Hop) else getattr(subject, "policy", "")
    if not settings.CONFIGURATION.exercise or policy != EXERCISE.version:
        raise Refused(f"{actor.name} decides in exercises only", mend="sign in as an analyst")
