"""Who may see and do what with agencies' requests, packages and exports.

The consortium sees and answers everything, its auditors look on. An agency sees its own requests, and of
tracebacks what the gate shows it: those of its own requests by stage, those in packages sent to it by
outcome, those sent on legal process with their path. Nobody else sees anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from hopback.kernel import disclosure
from hopback.kernel.disclosure import AgencyView, disclose
from hopback.kernel.errors import NotFound, Refused
from hopback.portal.accounts.models import Kind, Organisation, User
from hopback.portal.audit.actors import READERS, Actor, Role
from hopback.portal.directory.models import Provider
from hopback.portal.referrals.models import (
    Addressed,
    AgencyRequest,
    Disclosure,
    Match,
    Package,
    PackageState,
    Preservation,
    RequestedCall,
    RequestKind,
    RequestState,
    Target,
)
from hopback.portal.tracebacks.docket import load_all
from hopback.portal.tracebacks.models import Traceback

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

__all__ = [
    "Colleague",
    "agencies_of",
    "calls_of",
    "colleagues_of",
    "contents_of",
    "counts_of",
    "details_of",
    "disclosures_of",
    "found_traceback",
    "match_of",
    "may_ask",
    "may_decide_requests",
    "may_share",
    "named",
    "names_of",
    "own_agency",
    "package_of",
    "packages_of",
    "people_named",
    "preservation_of",
    "request_of",
    "requests_of",
    "seen_by_agency",
    "suggested_for",
    "takes_part",
    "tracebacks_of_agency",
    "viewer_of_agency",
    "views_of_agency",
]

DECIDERS = frozenset({Role.LEAD, Role.ANALYST})


def may_ask(actor: Actor, subject: Organisation | AgencyRequest, /) -> None:
    """An agency asks in its own name."""
    organisation = subject.pk if isinstance(subject, Organisation) else subject.organisation_id
    if actor.role is not Role.AGENCY or actor.organisation != organisation:
        raise Refused(f"{actor.name} may not ask for {organisation}", mend="sign in as an investigator of the agency")


def may_decide_requests(actor: Actor, _subject: Any, /) -> None:
    """The consortium's people answer agencies."""
    if actor.role not in DECIDERS:
        raise Refused(f"{actor.name} may not answer agencies", mend="ask an analyst of the consortium")


def may_share(actor: Actor, match: Match, /) -> None:
    """Either of the two agencies, of its own contact."""
    if actor.role is not Role.AGENCY or actor.organisation not in {
        match.first.organisation_id,
        match.second.organisation_id,
    }:
        raise Refused(f"{actor.name} may not share a contact here")


def requests_of(actor: Actor) -> QuerySet[AgencyRequest]:
    """The requests an actor may see: the consortium all, an agency its own."""
    rows = AgencyRequest.objects.select_related("organisation")
    if actor.role in READERS:
        return rows
    if actor.role is Role.AGENCY and actor.organisation:
        return rows.filter(organisation=actor.organisation)
    return rows.none()


def request_of(actor: Actor, request: str) -> AgencyRequest:
    """One request; :class:`NotFound` if there is none or the actor may not see it."""
    row = requests_of(actor).filter(pk=request).first()
    if row is None:
        raise NotFound(f"there is no request {request}")
    return row


def packages_of(actor: Actor) -> QuerySet[Package]:
    """The packages an actor may see: the consortium all, an agency those sent to it."""
    rows = Package.objects.select_related("organisation", "request")
    if actor.role in READERS:
        return rows
    if actor.role is Role.AGENCY and actor.organisation:
        return rows.filter(organisation=actor.organisation, state=PackageState.SENT)
    return rows.none()


def package_of(actor: Actor, package: str) -> Package:
    """One package; :class:`NotFound` if there is none or the actor may not see it."""
    row = packages_of(actor).filter(pk=package).first()
    if row is None:
        raise NotFound(f"there is no package {package}")
    return row


def agencies_of(actor: Actor) -> QuerySet[Organisation]:
    """The agencies an actor may address: the consortium's people all, anybody else none."""
    rows = Organisation.objects.filter(kind=Kind.AGENCY).order_by("name", "pk")
    return rows if actor.role in READERS else rows.none()


def disclosures_of(actor: Actor) -> QuerySet[Disclosure]:
    """What was shown to agencies, for the consortium; to an agency what it was shown itself."""
    if actor.role in READERS:
        return Disclosure.objects.all()
    if actor.role is Role.AGENCY and actor.organisation:
        return Disclosure.objects.filter(organisation=actor.organisation)
    return Disclosure.objects.none()


def found_traceback(actor: Actor, text: str) -> Traceback:
    """The traceback of that id or reference, for people of the consortium; otherwise :class:`NotFound`."""
    rows = Traceback.objects.filter(Q(pk=text) | Q(reference=text)).filter(jurisdiction__in=actor.jurisdictions)
    row = rows.order_by("-proposed_at").first() if actor.role in READERS and text else None
    if row is None:
        raise NotFound(f"there is no traceback {text}", where="tracebacks")
    return row


def viewer_of_agency(actor: Actor) -> disclosure.Viewer:
    """An agency as the gate knows it, with what is addressed to it; anybody else nobody."""
    if actor.role is not Role.AGENCY or not actor.organisation:
        return disclosure.Nobody()
    sent = Addressed.objects.filter(package__organisation=actor.organisation, package__state=PackageState.SENT)
    rows = list(sent.values_list("traceback", "package__on_process"))
    return disclosure.Agency(
        actor.organisation,
        addressed=frozenset(traceback for traceback, _ in rows),
        on_process=frozenset(traceback for traceback, on_process in rows if on_process),
    )


def tracebacks_of_agency(actor: Actor) -> QuerySet[Traceback]:
    """The tracebacks an agency may know of: in packages sent to it, and of calls it put forward itself."""
    if actor.role is not Role.AGENCY or not actor.organisation:
        return Traceback.objects.none()
    sent = Addressed.objects.filter(package__organisation=actor.organisation, package__state=PackageState.SENT)
    own = Traceback.objects.filter(source=actor.organisation, source_kind="agency")
    # one set of keys, so that neither database reads through all tracebacks to find them
    return Traceback.objects.filter(pk__in=sent.values("traceback").union(own.values("pk")))


def views_of_agency(actor: Actor, traceback_ids: Iterable[str]) -> list[AgencyView]:
    """What the gate shows an agency of these tracebacks, in the order given; what it may not know is left out."""
    wanted = list(traceback_ids)
    viewer, dockets = viewer_of_agency(actor), load_all(wanted)
    shown = []
    for traceback in wanted:
        docket = dockets.get(traceback)
        try:
            view = disclose(None if docket is None else docket.trace, to=viewer)
        except NotFound:
            continue
        if isinstance(view, AgencyView):
            shown.append(view)
    return shown


def seen_by_agency(actor: Actor, traceback: str) -> AgencyView:
    """What the gate shows an agency of one traceback; :class:`NotFound` if that is nothing, or there is none."""
    views = views_of_agency(actor, [traceback])
    if not views:
        raise NotFound("there is no such traceback", where="trace")
    return views[0]


def names_of(views: Sequence[AgencyView]) -> dict[str, str]:
    """The names of the providers that were disclosed in these views, by their ids."""
    ids = {view.origin_provider for view in views} | {view.point_of_entry for view in views}
    ids |= {hop.provider for view in views for hop in view.path}
    ids |= {hop.answer.upstream for view in views for hop in view.path if hop.answer is not None}
    wanted = {one for one in ids if one}
    return dict(Provider.objects.filter(pk__in=wanted).values_list("pk", "legal_name"))


@dataclass(frozen=True, slots=True)
class NamedHop:
    """A hop on process with the names of whom it names."""

    number: int
    provider: str
    state: str
    answer: str
    upstream: str
    respond_by: datetime | None
    late_s: float


@dataclass(frozen=True, slots=True)
class Shown:
    """What the gate shows an agency of a traceback, with the names of the providers in it."""

    view: AgencyView
    origin: str
    entry: str
    path: tuple[NamedHop, ...]


def named(views: Sequence[AgencyView]) -> list[Shown]:
    """Views with the names of the providers they disclose."""
    names = names_of(views)

    def name(provider: str | None) -> str:
        return names.get(provider or "", provider or "")

    return [
        Shown(
            view,
            name(view.origin_provider),
            name(view.point_of_entry),
            tuple(
                NamedHop(
                    number,
                    name(hop.provider),
                    hop.state.value,
                    hop.answer.kind.value if hop.answer else "",
                    name(hop.answer.upstream) if hop.answer else "",
                    hop.respond_by,
                    hop.late_s,
                )
                for number, hop in enumerate(view.path, 1)
            ),
        )
        for view in views
    ]


@dataclass(frozen=True, slots=True)
class Colleague:
    """What one side is told of a match: that there is somebody; once both have shared, how they are reached."""

    match: int
    request: str
    has_shared: bool
    contact: str


def colleagues_of(actor: Actor, request: AgencyRequest | None = None) -> list[Colleague]:
    """The colleagues that an agency's investigators may hear of.

    A match is told of only while both requests are opted in; a contact that was exchanged stays known.
    """
    if actor.role is not Role.AGENCY or not actor.organisation:
        return []
    own = Q(first__organisation=actor.organisation) | Q(second__organisation=actor.organisation)
    rows = Match.objects.filter(own).select_related("first", "second").order_by("-found_at", "-pk")
    if request is not None:
        rows = rows.filter(Q(first=request) | Q(second=request))
    told = []
    for row in rows[:200]:
        is_first = row.first.organisation_id == actor.organisation
        mine, theirs = (row.first, row.second) if is_first else (row.second, row.first)
        both = row.first_shared_at is not None and row.second_shared_at is not None
        if not both and not (takes_part(mine) and takes_part(theirs)):
            continue
        told.append(
            Colleague(
                match=row.pk,
                request=mine.pk,
                has_shared=(row.first_shared_at if is_first else row.second_shared_at) is not None,
                contact=(row.second_contact if is_first else row.first_contact) if both else "",
            )
        )
    return told


def match_of(actor: Actor, number: int) -> Match:
    """One match an agency may hear of; otherwise :class:`NotFound`."""
    if number not in {one.match for one in colleagues_of(actor)}:
        raise NotFound("there is no such colleague")
    return Match.objects.select_related("first", "second").get(pk=number)


def takes_part(request: AgencyRequest) -> bool:
    """Whether a request takes part in deconfliction.

    It is opted in and was taken on by the consortium: who asks about anything and everything, to learn
    whether somebody else is at it, learns nothing.
    """
    return request.opted_in and request.state in {RequestState.GRANTED, RequestState.SENT}


def calls_of(actor: Actor, request: AgencyRequest) -> list[tuple[RequestedCall, AgencyView | None]]:
    """The calls of a request, each with what the gate shows its agency of it."""
    rows = list(request.calls.select_related("sample").order_by("pk")[:200])
    if actor.role is not Role.AGENCY:
        return [(row, None) for row in rows]
    views = {view.trace: view for view in views_of_agency(actor, [row.sample.traceback_id for row in rows])}
    return [(row, views.get(row.sample.traceback_id)) for row in rows]


def counts_of(actor: Actor) -> dict[str, int]:
    """How many of the requests an actor may see are in each state."""
    rows = requests_of(actor).order_by().values("state").annotate(rows=Count("pk"))
    return {row["state"]: row["rows"] for row in rows}


def own_agency(actor: Actor) -> Organisation:
    """The agency an investigator acts for; otherwise :class:`NotFound`."""
    row = Organisation.objects.filter(pk=actor.organisation, kind=Kind.AGENCY).first()
    if row is None or actor.role is not Role.AGENCY:
        raise NotFound("there is no such agency")
    return row


def preservation_of(actor: Actor, number: int) -> Preservation:
    """One preservation asked for; :class:`NotFound` if there is none or the actor may not see it."""
    rows = Preservation.objects.select_related("request__organisation")
    row = rows.filter(pk=number, request__in=requests_of(actor).order_by()).first()
    if row is None:
        raise NotFound("there is no such preservation")
    return row


def people_named(names: Iterable[str]) -> dict[str, str]:
    """The names of people as the log calls them; a program or the portal keeps what the log says."""
    wanted = {name for name in names if name}
    numbers = {int(name[5:]) for name in wanted if name.startswith("user:") and name[5:].isdigit()}
    found = {f"user:{pk}": name for pk, name in User.objects.filter(pk__in=numbers).values_list("pk", "name")}
    return {name: found.get(name, name) for name in wanted}


def contents_of(actor: Actor, package: Package) -> list[str]:
    """The tracebacks in a package an actor may see, in the order in which they were put in."""
    row = package_of(actor, package.pk)
    return list(row.addressed.order_by("added_at", "pk").values_list("traceback", flat=True))


@dataclass(slots=True)
class Details:
    """What belongs to a request, by ids."""

    targets: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    preservations: list[Preservation] = field(default_factory=list)


def details_of(actor: Actor, requests: Sequence[AgencyRequest]) -> dict[str, Details]:
    """What belongs to each of these requests, as far as the actor may see it, in four queries for all of them."""
    allowed = {row.pk for row in requests if actor.role in READERS or row.organisation_id == actor.organisation}
    found = {row.pk: Details() for row in requests}
    for target in Target.objects.filter(request__in=allowed).order_by("pk"):
        found[target.request_id].targets.append(target.text)
    for call in RequestedCall.objects.filter(request__in=allowed).select_related("sample").order_by("pk"):
        found[call.request_id].tracebacks.append(call.sample.traceback_id)
    for package in packages_of(actor).filter(request__in=allowed).order_by("made_at", "pk"):
        found[package.request_id or ""].packages.append(package.pk)
    for kept in Preservation.objects.filter(request__in=allowed).order_by("pk"):
        found[kept.request_id].preservations.append(kept)
    return found


def suggested_for(actor: Actor, package: Package) -> list[Traceback]:
    """Finished tracebacks that answer a package's request and are not in it yet: of its calls, and from its numbers."""
    if actor.role not in DECIDERS or package.request is None or package.state != PackageState.DRAFT:
        return []
    calls = RequestedCall.objects.filter(request=package.request).values("sample__traceback")
    numbers = Target.objects.filter(request=package.request, kind=RequestKind.NUMBER).values_list("key", flat=True)
    finished = Traceback.objects.filter(state__in=("concluded", "closed"), jurisdiction__in=actor.jurisdictions)
    rows = finished.filter(Q(pk__in=calls) | Q(calling__in=[f"+{key}" for key in numbers]))
    return list(rows.exclude(pk__in=package.addressed.values("traceback")).order_by("-concluded_at", "pk")[:50])
