"""Invent a consortium: providers, customers, campaigns, calls and everybody's records of them.

Each call is lived through once, with true times, along a path from its caller to the provider that
delivers it; then every provider on the path writes it down the way its switch does. What a careful
reader of the records can conclude is written to ``expected.csv``. Same seed, same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from hopback.demo.switches import HEADERS, Leg, Switch, write_leg

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["HARD", "Mess", "invent"]


@dataclass(frozen=True, slots=True)
class Mess:
    """What makes records hard to read, each ingredient by its own switch.

    Shares are of traced calls unless said otherwise. ``clock_error_s`` bounds ordinary clocks,
    ``bad_clock_s`` the ``bad_clocks`` share of switches that are far off. ``wrong_zone`` is the zone in
    which one source really writes while its book says another; None for none.
    """

    clock_error_s: float = 2.0
    bad_clock_s: float = 90.0
    bad_clocks: float = 0.2
    drift_s: float = 2.0
    wrong_zone: str | None = "Asia/Kolkata"
    accuracies: tuple[int, ...] = (5, 30, 60, 120, 300)
    tries: float = 0.4
    other_calls_of_pair: float = 0.4
    rewritten: float = 0.15
    forwarded: float = 0.1
    handed_back: float = 0.1
    silent: float = 0.06
    abroad: float = 0.1
    purged: float = 0.04
    missing: float = 0.04
    twins: float = 0.04
    spellings: bool = True
    rubbish: bool = True
    duplicates: float = 0.01
    zipped: float = 0.7
    background: int = 900


HARD: Final = {
    "mild": Mess(),
    "half_hours": Mess(wrong_zone="Asia/Kathmandu"),
    "clocks": Mess(bad_clock_s=140.0, bad_clocks=0.6, drift_s=8.0),
    "busy_pairs": Mess(tries=1.0, other_calls_of_pair=1.0, twins=0.1),
    "dead_ends": Mess(silent=0.2, abroad=0.2, purged=0.15, missing=0.15),
    "loops": Mess(handed_back=0.6, rewritten=0.4, forwarded=0.3),
    "clean": Mess(
        0.0, 0.0, 0.0, 0.0, None, (5,), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, spellings=False,
        rubbish=False, duplicates=0.0, zipped=0.0,
    ),
}  # fmt: skip
"""Messes by name, for tests that want records harder or easier than the demonstration's."""

ZONES: Final = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
NAMES: Final = {
    "terminating": ("Tamarack Mobile", "Blue Heron Telephone", "Prairie Lantern Cable"),
    "transit": ("Granite Loop Carrier", "Osprey Tandem", "Millstone Exchange", "Fennel Ridge Wholesale", "Copperline"),
    "reseller": ("Second Hand Minutes",),
    "origin": ("Parlor Cloud Phone", "Sundial Voice", "Quill and Dial", "Harbor Bell Business"),
    "gateway": ("Breakwater Gateway", "Longshore Interconnect"),
    "foreign": ("Faro Sur Voz", "Monsoon Voice Exchange"),
    "silent": ("Nightjar Minutes",),
}
CUSTOMERS: Final = (
    "Evergreen Lead Partners", "Northstar Outreach", "Candor Surveys", "Bright Ledger Relief", "Pinnacle Warranty Desk",
    "Homestead Energy Callers", "Maple Street Dental", "Orchard Reminders", "Cobblestone Dispatch", "Lakeview Alerts",
)  # fmt: skip
CAMPAIGNS: Final = {
    "meter-refund": "This is the meter refund office. Our review found that you were billed twice last spring. To have "
    "the difference sent back to you, press one and have your account card ready.",
    "roof-inspection": "Good day, a crew is working on your street this week and noticed hail damage on several roofs. "
    "Inspections are free until Thursday. Press two to put your house on the list.",
    "toll-notice": "You have an unpaid toll. A late charge will be added tonight. To settle it now by telephone, press "
    "one. To hear the plate number again, press three.",
    "degree-grant": "Hello, this is Rosa from the enrollment desk. Your earlier application is eligible for a grant "
    "that closes on Friday. Press one to speak with an adviser.",
    "pharmacy-points": "Your pharmacy points will expire at the end of the month. Press one to turn them into a gift "
    "card, or nine to let them go.",
}
AREAS: Final = {
    "America/New_York": ("212", "404", "215", "617", "305", "412", "704", "804", "518", "315"),
    "America/Chicago": ("312", "612", "414", "615", "504", "816", "214", "512", "402", "918"),
    "America/Denver": ("303", "505", "801", "406", "307", "719", "970", "915"),
    "America/Los_Angeles": ("206", "503", "213", "415", "619", "702", "916", "775"),
}
ZONE_OF: Final = {area: zone for zone, areas in AREAS.items() for area in areas}
TELLS_EGRESS: Final = frozenset({"sonus-act", "yeti-csv", "sansay-csv"})
"""Formats that record a call as it came and as it went on."""
SMALLEST_FOR_A_SHIFT: Final = 30
"""Calls below which too few would meet the source that writes another zone for anybody to notice."""


@dataclass
class _Provider:
    """A provider with its switches, and the trunks by which it meets its neighbours."""

    id: str
    name: str
    kind: str
    zone: str
    country: str = "US"
    switches: list[Switch] = field(default_factory=list)
    book_zones: dict[str, str] = field(default_factory=dict)
    retention_days: int = 540
    trunks: dict[tuple[str, str], str] = field(default_factory=dict)
    styles: dict[str, str] = field(default_factory=dict)
    customers: list[str] = field(default_factory=list)
    lines: dict[tuple[str, str], list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def is_silent(self) -> bool:
        return self.kind in ("silent", "foreign")


@dataclass(frozen=True, slots=True)
class _Call:
    """One call as it really was. ``path`` begins at the origin; ``sender`` is the customer, if any."""

    path: tuple[str, ...]
    sender: str | None
    called: str
    calling: str
    setup: datetime
    ring: float
    talk: float
    rewritten_at: int | None = None
    rewritten_to: str = ""
    forwarded_at: int | None = None
    forwarded_from: str = ""
    omitted_at: int | None = None


def invent(
    out: Path,
    *,
    seed: int = 1,
    mess: Mess | None = None,
    calls: int = 40,
    begins: datetime = datetime(2026, 10, 27, 5, tzinfo=UTC),
    days: int = 9,
) -> None:
    """Write a case folder of a consortium that never existed, with its answers, into ``out``."""
    world = _World(Random(seed), mess or Mess(), begins, days)  # noqa: S311 - reproducible on purpose
    world.populate(calls)
    world.live(calls)
    world.write(out)


class _World:
    def __init__(self, dice: Random, mess: Mess, begins: datetime, days: int) -> None:
        self.dice, self.mess, self.begins, self.ends = dice, mess, begins, begins + timedelta(days=days)
        self.providers: dict[str, _Provider] = {}
        self.rows: list[dict[str, str]] = []
        self.answers: list[dict[str, str]] = []
        self.serial = 1000
        self.line = 0
        self.customers: dict[str, str] = {}

    # -- who there is ---------------------------------------------------------------------------------------

    def populate(self, calls: int) -> None:
        """Providers, their switches and their customers."""
        ids = (f"D{number:02d}" for number in range(1, 99))
        formats = {
            "terminating": ("sonus-act", "generic-csv", "sansay-csv"),
            "transit": ("freeswitch-csv", "yeti-csv", "sansay-csv", "kamailio-acc-csv", "sonus-act"),
            "reseller": ("kamailio-acc-csv",),
            "origin": ("asterisk-csv", "twilio-csv", "freeswitch-csv", "broadworks-csv"),
            "gateway": ("yeti-csv", "generic-csv"),
        }
        for kind, names in NAMES.items():
            for index, name in enumerate(names):
                provider = _Provider(
                    next(ids), f"{name} {self.dice.choice(('Inc.', 'LLC', 'Corp.'))}", kind, self.dice.choice(ZONES)
                )
                if kind == "foreign":
                    provider.country = ("ES", "IN")[index % 2]
                if kind in formats:
                    self._equip(provider, formats[kind][index % len(formats[kind])], "core", columns=21)
                if kind == "transit" and index == 0:
                    self._equip(provider, "asterisk-csv", "edge", columns=16)
                self.providers[provider.id] = provider
        left = iter(CUSTOMERS)
        for provider in self._kind("origin") + self._kind("transit")[:2]:
            for legal in islice(left, 2):
                customer = f"C-{1000 + 7 * len(self.customers) + self.dice.randrange(7)}"
                provider.customers.append(customer)
                self.customers[customer] = legal
        if self.mess.wrong_zone is not None and calls >= SMALLEST_FOR_A_SHIFT:
            source = self._kind("transit")[0]
            source.switches[0] = replace(source.switches[0], zone=self.mess.wrong_zone)

    def _equip(self, provider: _Provider, kind: str, name: str, *, columns: int = 17) -> None:
        off = self.mess.bad_clock_s if self.dice.random() < self.mess.bad_clocks else self.mess.clock_error_s
        provider.switches.append(
            Switch(
                name,
                kind,
                provider.zone,
                error_s=self.dice.uniform(-off, off),
                drift_s=self.dice.uniform(-1, 1) * self.mess.drift_s,
                since=self.begins,
                columns=columns,
                logs_failed=kind != "asterisk-csv",
                by_account=self.dice.random() < 0.7,  # noqa: PLR2004 - most do
            )
        )
        provider.book_zones[name] = provider.zone

    def _kind(self, kind: str) -> list[_Provider]:
        return [provider for provider in self.providers.values() if provider.kind == kind]

    # -- what happens ---------------------------------------------------------------------------------------

    def live(self, calls: int) -> None:
        for _ in range(self.mess.background):
            path, sender = self._way("anybody")
            self._happen(self._call(path, sender, self._moment()))
        shares = self.mess
        fates = (
            ("silent", shares.silent), ("abroad", shares.abroad), ("purged", shares.purged),
            ("missing", shares.missing), ("twins", shares.twins),
        )  # fmt: skip
        drawn = [next((name for name, share in fates if self.dice.random() < share), "caller") for _ in range(calls)]
        if calls >= SMALLEST_FOR_A_SHIFT:  # enough for a reader to see every ending once
            for place, (name, share) in enumerate(fates):
                if share and name not in drawn:
                    drawn[3 + 5 * place] = name
        for number, fate in enumerate(drawn):
            self._trace(f"N{number + 1:04d}", fate)

    def _trace(self, call_id: str, fate: str) -> None:
        path, sender = self._way(fate)
        call = self._call(path, sender, self._moment(early=fate == "purged"))
        call = self._rewrite(call) if fate in ("caller", "abroad") else call
        if fate == "missing":
            call = replace(call, omitted_at=self.dice.randrange(0, len(path) - 1))
        if fate == "purged":
            self.providers[path[0]].retention_days = 4
        delivered = self._happen(call)
        if fate == "twins":
            self._happen(replace(call, path=(self._other_origin(path), *path[1:]), sender=None))
        self._surround(call)
        self._report(call_id, call, delivered=delivered)
        self._expect(call_id, call, fate)

    def _way(self, fate: str) -> tuple[tuple[str, ...], str | None]:
        """A path from the origin to the terminating provider, and the customer where there is one."""
        middle = [provider.id for provider in self.dice.sample(self._kind("transit"), self.dice.randint(1, 4))]
        last = self.dice.choice(self._kind("terminating")).id
        if fate == "abroad":
            gateway, foreign = self.dice.choice(self._kind("gateway")), self.dice.choice(self._kind("foreign"))
            return (foreign.id, gateway.id, *middle, last), None
        if fate == "silent":
            return (self._kind("silent")[0].id, *middle, last), None
        if fate == "purged":
            return (self._kind("origin")[-1].id, *middle, last), self.dice.choice(self._kind("origin")[-1].customers)
        origins = self._kind("origin")  # the last is the one that keeps records for a few days only
        origin = self.dice.choice(origins if fate == "anybody" else origins[:-1])
        first = self.providers[middle[0]]
        # only a switch that also records where a call went tells the two passes of a call apart
        is_told_apart = all(switch.format in TELLS_EGRESS for switch in first.switches)
        if fate in ("caller", "anybody") and is_told_apart and self.dice.random() < self.mess.handed_back:
            reseller = self._kind("reseller")[0].id
            middle[1:1] = [reseller, middle[0]]
        return (origin.id, *middle, last), self.dice.choice(origin.customers)

    def _other_origin(self, path: tuple[str, ...]) -> str:
        return self.dice.choice([one.id for one in self._kind("origin")[:-1] if one.id not in path])

    def _moment(self, *, early: bool = False) -> datetime:
        span = (self.ends - self.begins) / timedelta(seconds=1)
        low, high = (0.05, 0.3) if early else (0.06, 0.97)
        return self.begins + timedelta(seconds=round(self.dice.uniform(low, high) * span, 3))

    def _number(self, area: str | None = None) -> str:
        """A number nobody has: 555-0100 to 555-0199 of an area code, in turn, so that few come twice."""
        self.line += 1
        areas = tuple(ZONE_OF)
        if area is None:
            return f"1{areas[self.line % len(areas)]}5550{100 + self.line // len(areas) % 100}"
        return f"1{area}5550{100 + self.dice.randrange(100)}"

    def _call(self, path: tuple[str, ...], sender: str | None, at: datetime) -> _Call:
        called = self._number()
        area = called[1:4] if self.dice.random() < 0.3 else None  # noqa: PLR2004 - a neighbour's number at times
        return _Call(
            path, sender, called, self._number(area), at, self.dice.uniform(3, 24), round(self.dice.uniform(5, 90), 1)
        )

    def _rewrite(self, call: _Call) -> _Call:
        """Let a switch that records both numbers change one of them on the way."""
        places = [n for n, one in enumerate(call.path[:-1]) if n and self._switch(one, call).format in TELLS_EGRESS]
        if not places:
            return call
        if self.dice.random() < self.mess.rewritten:
            call = replace(call, rewritten_at=self.dice.choice(places), rewritten_to=self._number())
        if self.dice.random() < self.mess.forwarded:
            call = replace(call, forwarded_at=self.dice.choice(places), forwarded_from=self._number())
        return call

    def _surround(self, call: _Call) -> None:
        """Tries before the call, and other calls of the same pair by other ways."""
        if self.dice.random() < self.mess.tries:
            for _ in range(self.dice.randint(1, 3)):
                before = timedelta(seconds=self.dice.uniform(40, 280))
                self._happen(replace(call, setup=call.setup - before, talk=0.0, omitted_at=None))
        if self.dice.random() < self.mess.other_calls_of_pair:
            path, sender = self._way("caller")
            away = timedelta(
                minutes=self.dice.choice((-1, 1)) * self.dice.choice((20, 47, 95, 400)) + self.dice.random()
            )
            if self.begins < call.setup + away < self.ends:
                other = _Call(
                    (*path[:-1], call.path[-1]), sender, call.called, call.calling, call.setup + away, 9.0, 0.0
                )
                self._happen(replace(other, talk=round(call.talk + self.dice.uniform(7, 40), 1)))

    def _switch(self, provider: str, call: _Call) -> Switch:
        switches = self.providers[provider].switches
        return switches[int(call.called[-1]) % len(switches)]

    def _happen(self, call: _Call) -> datetime:
        """Let everybody on the path write the call down; gives its set-up at the provider that delivers it."""
        ids = [f"{self.dice.getrandbits(48):012x}@{one.lower()}.example" for one in call.path]
        called, calling = call.forwarded_from or call.called, call.calling
        if call.rewritten_at is not None:
            calling = call.rewritten_to
        at = call.setup
        for index, name in enumerate(call.path):
            provider = self.providers[name]
            called_out = call.called if index == call.forwarded_at else called
            calling_out = call.calling if index == call.rewritten_at else calling
            if provider.switches and index != call.omitted_at:
                self._write_down(provider, call, index, (called, called_out, calling, calling_out), at=at, ids=ids)
            called, calling = called_out, calling_out
            if index + 1 == len(call.path):
                break
            at += timedelta(seconds=round(self.dice.uniform(0.2, 1.2), 3))
        return at

    def _write_down(
        self,
        provider: _Provider,
        call: _Call,
        index: int,
        numbers: tuple[str, str, str, str],
        *,
        at: datetime,
        ids: list[str],
    ) -> None:
        switch = self._switch(provider.id, call)
        before = call.path[index - 1] if index else (call.sender or "nobody")
        after = call.path[index + 1] if index + 1 < len(call.path) else None
        answer = call.setup + timedelta(seconds=len(call.path) + call.ring) if call.talk else None
        self.serial += 1
        called, called_out, calling, calling_out = numbers
        style = self._style(provider, f"{switch.name}/{before}")
        if style in ("npdi", "uri") and switch.format == "sansay-csv":
            style = "plus"  # that switch separates its columns by semicolons and writes parameters elsewhere
        leg = Leg(
            setup=at,
            answer=answer,
            end=(answer or call.setup + timedelta(seconds=call.ring)) + timedelta(seconds=call.talk),
            called_in=_spelled(called, style),
            calling_in=_spelled(calling, "eleven" if style in ("tech", "uri", "npdi") else style),
            called_out=called_out,
            calling_out=calling_out,
            trunk_in=self._trunk(provider, switch, before),
            trunk_out=self._trunk(provider, switch, after) if after else None,
            call_id_in=ids[index - 1] if index else f"in-{ids[0]}",
            call_id_out=ids[index],
            serial=self.serial,
            routing_number=_spelled(self._number(), "ten"),
            forwarded_from=_spelled(called, style) if called != called_out else "",
        )
        day = switch.shown(leg.end).strftime("%Y-%m-%d")
        for line in write_leg(switch, leg):
            provider.lines[switch.name, day].append((leg.end, line))
            if self.dice.random() < self.mess.duplicates:
                provider.lines[switch.name, day].append((leg.end, line))

    def _style(self, provider: _Provider, trunk: str) -> str:
        if not self.mess.spellings:
            return "plus"
        styles = ("plus", "eleven", "ten", "tech", "uri", "npdi", "idd")
        return provider.styles.setdefault(trunk, self.dice.choice(styles))

    def _trunk(self, provider: _Provider, switch: Switch, neighbour: str) -> str:
        """The name by which a switch knows a neighbour, in the fashion of its kind."""
        key = (switch.name, neighbour)
        if key not in provider.trunks:
            number = self.dice.randrange(1000, 9999) * 100 + len(provider.trunks)
            provider.trunks[key] = {
                "kamailio-acc-csv": f"198.18.{number % 250}.{len(provider.trunks) + 1}",
                "sonus-act": f"TG_{number}",
                "twilio-csv": f"TK{number:032x}",
            }.get(switch.format, str(number))
        return provider.trunks[key]

    # -- what is reported, and what can be found out ----------------------------------------------------------

    def _report(self, call_id: str, call: _Call, *, delivered: datetime) -> None:
        accuracy = self.dice.choice(self.mess.accuracies)
        zone = ZONE_OF[call.called[1:4]]
        given = delivered + timedelta(seconds=self.dice.uniform(-1, 1) * accuracy * 0.9)
        campaign = self.dice.choice(list(CAMPAIGNS))
        self.rows.append(
            {
                "call_id": call_id,
                "campaign": campaign,
                "called": f"+{call.called}",
                "calling": f"+{call.calling}",
                "started_at": given.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"),
                "accuracy_s": str(accuracy),
                "terminating_provider": call.path[-1],
                "identity": "",
                "transcript": CAMPAIGNS[campaign],
            }
        )

    def _expect(self, call_id: str, call: _Call, fate: str) -> None:
        asked = list(reversed(call.path))
        outcome = {
            "caller": "origin_identified", "silent": "non_responsive", "abroad": "foreign_entry_only",
            "purged": "records_expired", "missing": "no_record_at_hop", "twins": "ambiguous",
        }[fate]  # fmt: skip
        if fate == "missing" and call.omitted_at is not None:
            asked = asked[: len(asked) - call.omitted_at]
        if fate == "twins":
            asked = asked[:-1]
        is_found = outcome == "origin_identified"
        self.answers.append(
            {
                "call_id": call_id,
                "outcome": outcome,
                "origin_provider": call.path[0] if is_found else "",
                "customer": (call.sender or "") if is_found else "",
                "path": ">".join(asked),
            }
        )

    # -- on disk ----------------------------------------------------------------------------------------------

    def write(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        columns = ["provider_id", "legal_name", "country", "frn", "ocn", "time_zone", "answers"]
        rows = [
            dict(zip(columns, self._row(number, provider), strict=True))
            for number, provider in enumerate(self.providers.values())
        ]
        _sheet(out / "providers.csv", columns, rows)
        _sheet(out / "calls.csv", list(self.rows[0]) if self.rows else ["call_id"], self.rows)
        _sheet(out / "expected.csv", ["call_id", "outcome", "origin_provider", "customer", "path"], self.answers)
        for provider in self.providers.values():
            if not provider.is_silent:
                self._write_provider(out / "providers" / provider.id, provider)

    def _row(self, number: int, provider: _Provider) -> list[str]:
        is_home = provider.country == "US"
        answers = "silent" if provider.is_silent else "agent"
        frn, ocn = (f"00990{number:05d}", f"99{number:02d}") if is_home else ("", "")
        return [provider.id, provider.name, provider.country, frn, ocn, provider.zone, answers]

    def _write_provider(self, folder: Path, provider: _Provider) -> None:
        (folder / "cdr").mkdir(parents=True, exist_ok=True)
        begins = self.ends - timedelta(days=provider.retention_days)
        for switch in provider.switches:
            days = [
                (self.begins + timedelta(days=n)).strftime("%Y-%m-%d")
                for n in range((self.ends - self.begins).days + 1)
            ]
            for day in days:
                rows = sorted(provider.lines.get((switch.name, day), []), key=lambda row: row[0])
                self._write_day(folder, switch, day, [line for at, line in rows if at >= begins])
        (folder / "book.toml").write_text(self._book(provider), encoding="utf-8")

    def _write_day(self, folder: Path, switch: Switch, day: str, lines: list[str]) -> None:
        if self.mess.rubbish and len(lines) > 4:  # noqa: PLR2004 - a file worth spoiling
            if self.dice.random() < 0.1:  # noqa: PLR2004 - few are
                lines.insert(self.dice.randrange(len(lines)), "== spool restarted ==")
            if self.dice.random() < 0.1:  # noqa: PLR2004
                lines.append('"cut off in the mid')
        header = [HEADERS[switch.format]] if switch.format in HEADERS else []
        data = "".join(f"{line}\n" for line in (*header, *lines)).encode()
        name = f"cdr/{switch.name}-{day}.{'ACT' if switch.format == 'sonus-act' else 'csv'}"
        if self.dice.random() < self.mess.zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))
        else:
            (folder / name).write_bytes(data)

    def _book(self, provider: _Provider) -> str:
        parts = [f'[provider]\nid = "{provider.id}"\n']
        for switch in provider.switches:
            zone = f'time_zone = "{provider.book_zones[switch.name]}"\n'
            has_own = switch.format in (
                "sonus-act",
                "sansay-csv",
                "yeti-csv",
                "twilio-csv",
                "generic-csv",
                "broadworks-csv",
            )
            suffix = "ACT" if switch.format == "sonus-act" else "csv"
            named_format = "auto" if switch.by_account and switch.name == "core" else switch.format
            parts.append(
                f'[[sources]]\nname = "{switch.name}"\nformat = "{named_format}"\n'
                f'files = "cdr/{switch.name}-*.{suffix}*"\n{"" if has_own else zone}'
                f"retention_days = {provider.retention_days}\n"
            )
        for (switch_name, neighbour), trunk in provider.trunks.items():
            who = "peer" if neighbour in self.providers else "customer"
            format_name = next(switch.format for switch in provider.switches if switch.name == switch_name)
            by_account = next(switch.by_account for switch in provider.switches if switch.name == switch_name)
            match = f"AC{trunk}" if format_name == "twilio-csv" and by_account else trunk
            if neighbour != "nobody":
                parts.append(f'[[trunks]]\nsource = "{switch_name}"\nmatch = "{match}"\n{who} = "{neighbour}"\n')
        named = {neighbour for _, neighbour in provider.trunks} - set(self.providers) - {"nobody"}
        for customer in sorted(named | set(provider.customers)):
            legal = self.customers[customer]
            parts.append(
                f'[[customers]]\nid = "{customer}"\nlegal_name = "{legal}"\n'
                f'contact_email = "voice@{customer.lower()}.example"\ncountry = "US"\nsince = "2025-03-01"\n'
                'declared_use = "dialer"\n'
            )
        return "\n".join(parts)


def _spelled(number: str, style: str) -> str:
    """One number as a trunk spells it."""
    return {
        "plus": f"+{number}",
        "eleven": number,
        "ten": number[1:],
        "tech": f"8812#{number}",
        "uri": f"sip:+{number}@192.0.2.7:5060;user=phone",
        "npdi": f"{number};npdi;rn=+13125559999",
        "idd": f"011{number}",
    }[style]


def _sheet(path: Path, columns: list[str], rows: Iterable[dict[str, str]]) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")
