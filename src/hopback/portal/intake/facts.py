"""What is said of a call sample, read out of text: the same reading for a form, a sheet and the API.

Every mistake is named by its field, all of them at once, with what to write instead.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hopback.kernel.calls import Sought
from hopback.kernel.numbers import NumberKind, parse_number
from hopback.portal.campaigns.models import Basis
from hopback.portal.intake.models import Lane
from hopback.proofs.canonical import digest
from hopback.rules.violations import load_violations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FIELDS", "Facts", "Misread", "read_facts"]

FIELDS: Final = (
    "source_record_id", "call_start", "call_start_zone", "accuracy_s", "called", "calling", "calling_name",
    "answered", "duration_s", "terminating", "sip_call_id", "identity", "headers_anomalies", "transcript", "why",
    "basis", "violations", "lane", "is_honeypot", "complainant_ref", "callback", "targets_competitor",
    "consent_basis",
)  # fmt: skip
"""The columns of a sheet, and the names of the fields everywhere else."""

LONGEST: Final = {
    "source_record_id": 200,
    "calling_name": 100,
    "terminating": 200,
    "sip_call_id": 300,
    "identity": 16_000,
    "headers_anomalies": 4_000,
    "transcript": 100_000,
    "why": 4_000,
    "complainant_ref": 100,
    "consent_basis": 300,
}
YES: Final = frozenset({"yes", "true", "1", "y", "on"})
NO: Final = frozenset({"no", "false", "0", "n", "off"})
MOST_ACCURACY_S: Final = 86_400.0
LONGEST_CALL_S: Final = 86_400.0
OLDEST: Final = timedelta(days=5 * 365)
LISTED: Final = re.compile(r"[;,|\s]+")
PRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Misread:
    """What is wrong with one field."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A call sample as supplied. ``call_start`` is UTC; numbers are E.164 digits; ``calling`` None is withheld."""

    call_start: datetime
    call_start_zone: str
    accuracy_s: float
    called: int
    calling: int | None
    source_record_id: str = ""
    calling_name: str = ""
    answered: bool | None = None
    duration_s: float | None = None
    terminating: str = ""
    sip_call_id: str = ""
    identity: str = ""
    headers_anomalies: str = ""
    transcript: str = ""
    why: str = ""
    basis: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    lane: str = ""
    is_honeypot: bool = False
    complainant_ref: str = ""
    callback: int | None = None
    targets_competitor: bool = False
    consent_basis: str = ""

    @property
    def sought(self) -> Sought:
        """The call as the process of a traceback takes it."""
        return Sought(
            self.called,
            self.calling,
            self.call_start,
            self.accuracy_s,
            sip_call_id=self.sip_call_id or None,
            duration_s=self.duration_s,
            answered=self.answered,
        )

    @property
    def sha256(self) -> str:
        """The digest of all of it, as the audit log names it."""
        body: dict[str, Any] = asdict(self)
        body["call_start"] = self.call_start.astimezone(UTC).isoformat()
        body["basis"], body["violations"] = list(self.basis), list(self.violations)
        return digest(body, salt=b"")


class _Reader:
    def __init__(self, raw: Mapping[str, str]) -> None:
        self.raw = raw
        self.wrong: list[Misread] = []

    def text(self, name: str) -> str:
        value = PRINTABLE.sub("", self.raw.get(name) or "").strip()
        longest = LONGEST.get(name)
        if longest is not None and len(value) > longest:
            self.wrong.append(Misread(name, f"is longer than {longest} characters"))
            return ""
        return value

    def miss(self, name: str, message: str) -> None:
        self.wrong.append(Misread(name, message))

    def number(self, name: str) -> int | None:
        read = parse_number(self.text(name))
        if read.e164 is None:
            said = {
                NumberKind.EMPTY: "is needed: a number with its country code, like +1 202 555 0143",
                NumberKind.ANONYMOUS: "is withheld, but this number has to be known",
                NumberKind.SHORT_CODE: "is a short code, which no provider can be asked about",
                NumberKind.LOCAL: "has no area code: write it in full, like +1 202 555 0143",
            }
            self.miss(name, said.get(read.kind, "is no telephone number: write it like +1 202 555 0143"))
        return read.e164

    def flag(self, name: str) -> bool | None:
        value = self.text(name).lower()
        if value and value not in YES | NO:
            self.miss(name, "is yes or no")
        return None if not value else value in YES

    def amount(self, name: str, *, most: float) -> float | None:
        value = self.text(name)
        if not value:
            return None
        try:
            found = float(value)
        except ValueError:
            self.miss(name, "is a number of seconds")
            return None
        if not 0 <= found <= most:
            self.miss(name, f"is between 0 and {most:g} seconds")
            return None
        return found

    def codes(self, name: str, known: Callable[[str], bool]) -> tuple[str, ...]:
        listed = tuple(dict.fromkeys(code for code in LISTED.split(self.text(name)) if code))
        for code in listed:
            if not known(code):
                self.miss(name, f"{code!r} is not a known code")
        return listed


def read_facts(raw: Mapping[str, str], *, at: datetime) -> tuple[Facts | None, list[Misread]]:
    """The facts that these texts give, or None and everything that is wrong with them."""
    reader = _Reader(raw)
    called = reader.number("called")
    calling = _calling(reader)
    start, zone = _start(reader, at=at)
    accuracy = reader.amount("accuracy_s", most=MOST_ACCURACY_S)
    if accuracy is None and not any(one.field == "accuracy_s" for one in reader.wrong):
        reader.miss("accuracy_s", "is needed: how many seconds the time may be off, for example 60")
    lane = reader.text("lane")
    if lane not in Lane.values:
        reader.miss("lane", f"is empty or one of {', '.join(Lane.values[1:])}")
    callback = reader.number("callback") if reader.text("callback") else None
    facts = {
        name: reader.text(name)
        for name in LONGEST  # texts that stand as they are
    }
    answered, honeypot = reader.flag("answered"), reader.flag("is_honeypot")
    competitor = reader.flag("targets_competitor")
    duration = reader.amount("duration_s", most=LONGEST_CALL_S)
    basis = reader.codes("basis", lambda code: code in Basis.values)
    violations = reader.codes("violations", lambda code: code in load_violations())
    if reader.wrong or called is None or start is None or accuracy is None:
        return None, reader.wrong
    return (
        Facts(
            call_start=start,
            call_start_zone=zone,
            accuracy_s=accuracy,
            called=called,
            calling=calling,
            answered=answered,
            duration_s=duration,
            basis=basis,
            violations=violations,
            lane=lane,
            is_honeypot=bool(honeypot),
            callback=callback,
            targets_competitor=bool(competitor),
            **facts,
        ),
        [],
    )


def _calling(reader: _Reader) -> int | None:
    """The calling number; a word like ``anonymous`` says that it was withheld, nothing at all says nothing."""
    text = reader.text("calling")
    if parse_number(text).kind is NumberKind.ANONYMOUS:
        return None
    if not text:
        reader.miss("calling", "is needed: the number that was shown, or the word anonymous if it was withheld")
        return None
    return reader.number("calling")


def _start(reader: _Reader, *, at: datetime) -> tuple[datetime | None, str]:
    text, name = reader.text("call_start"), reader.text("call_start_zone")
    if not text:
        reader.miss("call_start", "is needed: when the call began, like 2026-11-02 14:05:00")
        return None, name
    try:
        written = datetime.fromisoformat(text)
    except ValueError:
        reader.miss("call_start", "is not a date and a time: write it like 2026-11-02 14:05:00")
        return None, name
    if not name and written.tzinfo is None:
        reader.miss("call_start_zone", "is needed: the time zone that clock was in, like America/Chicago")
        return None, name
    try:
        zone = ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        reader.miss("call_start_zone", "is not a time zone's name: write it like America/Chicago")
        return None, name
    try:
        start = written.astimezone(UTC) if written.tzinfo else _placed(written, zone, reader)
    except OverflowError:
        start = None
        reader.miss("call_start", "is out of all time")
    if start is not None and start > at:
        reader.miss("call_start", "has not been yet: check the date and the zone")
    elif start is not None and at - start > OLDEST:
        reader.miss("call_start", "is more than five years ago: no provider keeps records that long")
    return start, name or "UTC"


def _placed(written: datetime, zone: ZoneInfo, reader: _Reader) -> datetime | None:
    """A local time in its zone, unless the clock skipped it or showed it twice."""
    first, second = (written.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    is_skipped = first.astimezone(zone).replace(tzinfo=None) != written
    reader.miss(
        "call_start",
        "does not exist in that zone: clocks went forward over it"
        if is_skipped
        else "happened twice that night, as clocks went back: add the offset, like 2026-11-01 01:30-05:00",
    )
    return None
