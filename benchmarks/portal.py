"""``python benchmarks/portal.py``: a portal with 100,000 tracebacks, and how long each of its pages takes.

Seeds ``BENCH_TRACEBACKS`` tracebacks (default 100,000) of 4.8 hops on average: what lists are read from, written
straight into the tables; and some tracebacks made by the verbs themselves, for the pages that fold events. On SQLite
in a folder of its own, or in the database that ``HOPBACK_DATABASE`` names, which has to be empty or seeded by an
earlier run. Then every page that an address leads to without more, and those of one traceback, provider and request,
are fetched as somebody who has signed in: the median of ``BENCH_RUNS`` fetches, this process's own time in it,
the number of queries, and a mark where it takes longer than 200 ms. ``BENCH_FOLDER`` keeps the SQLite file.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hopback.portal.config import Configuration
from hopback.portal.embedded import use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

TRACEBACKS: Final = int(os.environ.get("BENCH_TRACEBACKS", "100_000"))
RUNS: Final = int(os.environ.get("BENCH_RUNS", "5"))
LIMIT_MS: Final = 200.0
PROVIDERS: Final = 2_000
CAMPAIGNS: Final = 400
MADE: Final = 40
"""Tracebacks made by the verbs."""

CHUNK: Final = 4_000
NOW: Final = datetime.now(UTC).replace(microsecond=0)
LENGTHS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9)
WEIGHTS: Final = (3, 9, 15, 19, 18, 15, 11, 6, 4)
OUTCOMES: Final = (
    "origin_identified",
    "origin_provider_only",
    "foreign_entry_only",
    "non_responsive",
    "no_record_at_hop",
    "records_expired",
)
WORDS: Final = [
    "medicare",
    "warranty",
    "refund",
    "parcel",
    "utility",
    "bank",
    "crypto",
    "visa",
    "solar",
    "insurance",
    "debt",
    "loan",
    "tax",
    "lottery",
]


@dataclass(frozen=True, slots=True)
class Line:
    """One page: who fetched it, how long it took and what it asked of the database."""

    path: str
    who: str
    status: int
    milliseconds: float
    own: float
    queries: int

    def __str__(self) -> str:
        """The line of the table."""
        mark = "  SLOW" if self.milliseconds > LIMIT_MS and self.status == 200 else ""
        times = f"{self.milliseconds:>8.1f} {self.own:>7.1f}"
        return f"{self.path[:74]:<74} {self.who:<5} {self.status:>3} {times} {self.queries:>4}{mark}"


def configure() -> None:
    """Point at the database, and bring it up to date."""
    from django.core.management import call_command

    database = os.environ.get("HOPBACK_DATABASE", "")
    folder = Path(os.environ.get("BENCH_FOLDER") or tempfile.mkdtemp(prefix="hopback-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    use(
        Configuration(
            data=folder,
            database=database or str(folder / "hopback.sqlite3"),
            synchronous="NORMAL",
            exercise=True,
            second_factor=(),
        )
    )
    call_command("migrate", verbosity=0, interactive=False)


def seed() -> None:
    """Fill the tables, unless an earlier run did."""
    from django.db import connection, transaction

    from hopback.portal.tracebacks.models import Traceback

    if Traceback.objects.count() >= TRACEBACKS:
        return
    dice = random.Random(20261124)  # noqa: S311 -- the same rows each time, nothing secret
    people()
    directory(dice)
    made()
    began = time.perf_counter()
    with transaction.atomic():
        for first in range(0, TRACEBACKS, CHUNK):
            rows(dice, first, min(CHUNK, TRACEBACKS - first))
            print(f"\r{first + CHUNK:,} tracebacks, {time.perf_counter() - began:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def people() -> None:
    """A lead, an analyst, an auditor; somebody for the busiest provider, an agency and a source."""
    from hopback.portal.accounts.models import AccessSession, Membership, Organisation, User

    kinds = {"consortium": "consortium", "FTC": "agency", "honeypots": "source", "P0": "provider"}
    parts = {
        "Ada": ("consortium", "lead"),
        "Abe": ("consortium", "analyst"),
        "Otto": ("consortium", "auditor"),
        "Bell": ("P0", "provider_administrator"),
        "Fay": ("FTC", "agency_investigator"),
        "Sol": ("honeypots", "source"),
    }
    for name, (organisation, part) in parts.items():
        row, _ = Organisation.objects.get_or_create(
            pk=organisation, defaults={"name": organisation, "kind": kinds[organisation]}
        )
        user = User.objects.create_user(f"{name.lower()}@example.org", name=name)
        Membership.objects.create(user=user, organisation=row, part=part, since=NOW - timedelta(days=900))
        AccessSession.objects.create(
            user=user, reason="benchmark", begun_at=NOW - timedelta(days=1), ends_at=NOW + timedelta(days=30)
        )


def directory(dice: random.Random) -> None:
    """The providers, the busiest first."""
    from hopback.portal.directory.models import Provider

    zones = ("America/New_York", "America/Chicago", "America/Los_Angeles", "Asia/Kolkata")
    Provider.objects.bulk_create(
        [
            Provider(
                id=f"P{number}",
                legal_name=f"{dice.choice(WORDS).title()} Voice {number} LLC",
                country="IN" if number % 9 == 8 else "US",
                time_zone=zones[number % 4],
                added_at=NOW - timedelta(days=dice.randrange(900)),
            )
            for number in range(PROVIDERS)
        ],
        batch_size=500,
    )


def made() -> None:
    """Some tracebacks by the verbs, with all their events, answered by P0 and waiting for P1."""
    from hopback.kernel.calls import Sought
    from hopback.kernel.hops import SourceKind
    from hopback.portal.audit.actors import SYSTEM, Actor, Role
    from hopback.portal.tracebacks import actions
    from hopback.portal.tracebacks.models import Hop, Traceback
    from hopback.portal.tracebacks.policies import STANDARD
    from hopback.wire.hops import HopAnswer, NextSearch

    ada, bell = Actor("user:1", Role.LEAD), Actor("user:4", Role.PROVIDER, provider="P0")
    for number in range(MADE):
        at = NOW - timedelta(hours=number % 20 + 3)
        call = Sought(12025550000 + number, 13125550000 + number, at - timedelta(days=1), 60.0)
        trace = actions.propose_sample(
            ada,
            STANDARD.version,
            call,
            at=at,
            source="honeypots",
            source_kind=SourceKind.HONEYPOT,
            terminating="P0",
            campaign=f"campaign {number % CAMPAIGNS}",
            reference=f"MADE-{number}",
        )
        row = Traceback.objects.get(pk=trace.id)
        actions.vet(ada, row, at=at, reason="a script", basis=("transcript",), violations=("no consent",))
        actions.open_traceback(ada, row, at=at)
        hop = Hop.objects.select_related("traceback").get(traceback=row, number=1)
        actions.record_delivery(SYSTEM, hop, at=at, received=at, proof="accepted")
        if number % 2:
            answer = HopAnswer(
                request_id=hop.request_id,
                provider="P0",
                answer="upstream_named",
                upstream="P1",
                found_at=call.started_at,
                source="core",
                time_offset_s=0.5,
                confidence=0.9,
                why=("one record fits",),
                record_key=f"r{number}",
                next=NextSearch(
                    called=f"+{call.called}", calling=f"+{call.calling}", started_at=call.started_at, accuracy_s=5
                ),
            )
            actions.answer_hop(bell, hop, answer, at=at + timedelta(hours=1))


def rows(dice: random.Random, first: int, count: int) -> None:
    """Some tracebacks with their hops and their words, as rows."""
    from hopback.portal.tracebacks.models import Hop, Traceback
    from hopback.portal.web.finding import CONSORTIUM, scope_of
    from hopback.portal.web.models import SearchEntry
    from hopback.portal.web.words import words_of

    tracebacks, hops, found = [], [], []
    for number in range(first, first + count):
        proposed = NOW - timedelta(seconds=3600 + (TRACEBACKS - number) * 480)
        state, turn, outcome = _state(dice, number)
        length = 0 if state in ("candidate", "vetted", "declined") else dice.choices(LENGTHS, WEIGHTS)[0]
        path = [_provider(dice) for _ in range(length)]
        is_open = state in ("active", "stalled")
        owes = turn == "provider"
        due = NOW + timedelta(hours=dice.uniform(-40, 24)) if owes else None
        late = due is not None and due < NOW
        called, calling = 12000000000 + number * 7, 13000000000 + number * 11
        campaign = f"{WORDS[number % len(WORDS)]} campaign {number % CAMPAIGNS}"
        row = Traceback(
            id=f"T{number:020d}",
            reference=f"S-{number}",
            policy="us-2026-1",
            leaf=uuid.uuid4(),
            version=10,
            state=state,
            turn=turn,
            outcome=outcome,
            review="the answer of hop 2 is to be judged" if is_open and turn == "consortium" else "",
            campaign=campaign,
            proposed_at=proposed,
            updated_at=proposed + timedelta(hours=dice.uniform(1, 90)),
            opened_at=proposed + timedelta(hours=1) if length else None,
            concluded_at=proposed + timedelta(hours=80) if outcome else None,
            priority="urgent" if number % 150 == 0 else "normal",
            owner_id=1 + number % 2 if is_open or state == "concluded" else None,
            source="honeypots",
            source_kind="honeypot",
            called=f"+{called}",
            calling=f"+{calling}",
            call_started_at=proposed - timedelta(days=1),
            terminating=path[0] if path else "P0",
            waiting_on=path[-1] if owes else "",
            waiting_since=proposed if turn else None,
            next_due=due,
            hops_count=length,
            is_overdue=late,
            is_late=dice.random() < 0.15,
            origin_provider=path[-1] if outcome.startswith("origin") else "",
            point_of_entry=path[-1] if outcome == "foreign_entry_only" else "",
        )
        tracebacks.append(row)
        for place, provider in enumerate(path, 1):
            is_last = place == length
            at_hop = _hop_state(state, is_last=is_last, owes=owes, late=late)
            answered = (
                None if at_hop in ("delivered", "overdue", "delinquent") else proposed + timedelta(hours=place * 9)
            )
            sent = proposed + timedelta(hours=place * 8)
            hop = Hop(
                traceback=row,
                number=place,
                request_id=f"R{number:09d}{place:02d}",
                provider_id=provider,
                state=at_hop,
                sent_at=sent,
                received_at=sent,
                respond_by=due if is_last and owes else sent + timedelta(hours=24),
                delinquent_after=due if is_last and owes else sent + timedelta(hours=24),
                answered_at=answered,
                is_late=late if is_last and owes else dice.random() < 0.08,
                clock_s=None if answered is None else dice.randrange(600, 90_000),
                level=0,
            )
            hops.append(hop)
            audience = f"provider:{provider}"
            body = f"+{called}. +{calling}"
            found.append(
                _entry(
                    audience,
                    scope_of(audience, ""),
                    kind="request",
                    key=hop.request_id,
                    title=campaign,
                    body=body,
                    at=sent,
                )
            )
        names = ". ".join(path)
        body = f"+{called}. +{calling}. honeypots. {names}"
        found.append(
            _entry(
                CONSORTIUM,
                scope_of(CONSORTIUM, "us"),
                kind="traceback",
                key=row.pk,
                title=f"S-{number} {campaign}",
                body=body,
                at=proposed,
            )
        )
    Traceback.objects.bulk_create(tracebacks, batch_size=1000)
    Hop.objects.bulk_create(hops, batch_size=1000)
    for one in found:
        one.title_words, one.words = words_of(one.title), words_of(one.body)
    SearchEntry.objects.bulk_create(found, batch_size=1000)


def _entry(audience: str, scope: str, *, kind: str, key: str, title: str, body: str, at: datetime) -> Any:
    from hopback.portal.web.models import SearchEntry

    return SearchEntry(
        audience=audience, scope=scope, kind=kind, key=key, title=f"{key} {title}", body=body, title_words="", at=at
    )


def _state(dice: random.Random, number: int) -> tuple[str, str, str]:
    if number > TRACEBACKS - 3_000 or number % 500 == 0:  # the newest are under way
        return dice.choices(
            [
                ("active", "provider", ""),
                ("active", "consortium", ""),
                ("stalled", "consortium", ""),
                ("candidate", "consortium", ""),
                ("vetted", "consortium", ""),
                ("concluded", "consortium", dice.choice(OUTCOMES)),
            ],
            [60, 10, 3, 12, 2, 13],
        )[0]
    if dice.random() < 0.04:
        return dice.choice(["declined", "void"]), "", ""
    return "closed", "", dice.choice(OUTCOMES)


def _hop_state(state: str, *, is_last: bool, owes: bool, late: bool) -> str:
    if is_last and owes:
        return "overdue" if late else "delivered"
    if is_last and state == "active":
        return "answered"
    if is_last and state == "stalled":
        return "delinquent"
    return "accepted"


SHARES: Final = list(itertools.accumulate(1 / (place + 2) for place in range(PROVIDERS)))


def _provider(dice: random.Random) -> str:
    """A few carry much of the traffic: the busiest is in about one hop of thirteen."""
    return f"P{dice.choices(range(PROVIDERS), cum_weights=SHARES)[0]}"


def signed_in(email: str) -> Client:
    """Somebody's browser."""
    from django.test import Client

    from hopback.portal.accounts.models import User

    client = Client()
    client.force_login(User.objects.get(email=email), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def addresses() -> Iterator[str]:
    """Every page that an address leads to without more, and those of one thing."""
    from django.urls import NoReverseMatch, get_resolver, reverse

    for namespace in sorted(get_resolver().namespace_dict):
        _, resolver = get_resolver().namespace_dict[namespace]
        for name in sorted(key for key in resolver.reverse_dict if isinstance(key, str)):
            try:
                yield reverse(f"{namespace}:{name}")
            except NoReverseMatch:
                continue
    from hopback.portal.tracebacks.models import Hop, Traceback

    made = Traceback.objects.filter(reference__startswith="MADE").order_by("reference")[1].pk
    request = Hop.objects.filter(traceback=made, number=1).values_list("request_id", flat=True)[0]
    yield from (
        f"/tracebacks/{made}/",
        f"/requests/{request}/",
        "/directory/providers/P0/",
        "/directory/providers/P700/",
        "/providers/P0/record/",
        "/providers/P700/record/",
        "/waiting/?provider=P0",
        "/waiting/?from=60",
    )
    queries = (
        "state=working",
        "state=closed&outcome=non_responsive",
        "waiting=person&sort=waiting",
        "waiting=late&sort=due",
        "owner=me&sort=waiting",
        "provider=P0",
        "provider=P700",
        "provider=P0&place=origin",
        "provider=P40&place=entry",
        "provider=P0&late=was&state=closed",
        "campaign=medicare+campaign+0",
        "campaign=nothing+of+the+kind",
        "late=was&priority=urgent",
        "source=honeypots&sort=oldest",
        "opened_from=2026-11-01&opened_to=2026-11-05",
        "sort=changed",
    )
    yield from (f"/tracebacks/?{query}" for query in queries)
    sought = ("medicare", "P0", "12000070000", "120", "S-77777", "campaign 17", "refund campaign 9 P1", "zzz", "voice")
    yield from (f"/search/?q={text.replace(' ', '+')}" for text in sought)


def measure(client: Client, who: str, path: str) -> Line:
    """The median of some fetches of a page."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)
    times, own = [], []
    for _ in range(RUNS):
        began, spent = time.perf_counter(), time.process_time()
        answer = client.get(path)
        if answer.streaming:
            for _ in zip(range(100), answer, strict=False):  # type: ignore[call-overload]  # the first lines
                pass
        times.append((time.perf_counter() - began) * 1000)
        own.append((time.process_time() - spent) * 1000)
        answer.close()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(path)
    return Line(path, who, answer.status_code, statistics.median(times), statistics.median(own), len(asked))


def main() -> int:
    """Seed, fetch, print."""
    configure()
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    seed()
    from django.db import connection

    print(f"{TRACEBACKS:,} tracebacks on {connection.vendor}: median of {RUNS} fetches, our part of it, queries")
    print(f"{'page':<74} {'who':<5} {'':>3} {'ms':>8} {'cpu ms':>7} {'q':>4}")
    slow = 0
    people = {"Ada": "ada@example.org", "Bell": "bell@example.org", "Fay": "fay@example.org", "Sol": "sol@example.org"}
    for who, email in people.items():
        client = signed_in(email)
        for path in addresses():
            try:
                line = measure(client, who, path)
            except Exception as error:  # noqa: BLE001 -- one page that breaks hides no other
                print(f"{path[:74]:<74} {who:<5} {type(error).__name__}: {error}")
                continue
            if line.status == 200:
                print(line, flush=True)
                slow += line.milliseconds > LIMIT_MS
    print(f"{slow} slower than {LIMIT_MS:.0f} ms")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
