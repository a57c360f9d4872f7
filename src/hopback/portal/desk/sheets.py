"""Many answers at once: a sheet of open requests to fill in, and what each line of one handed in comes to."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hopback.kernel.clocks import office_zone
from hopback.kernel.errors import BadInput
from hopback.kernel.numbers import format_e164
from hopback.portal.desk.forms import SAID, AnswerForm
from hopback.portal.desk.models import Travels
from hopback.portal.desk.upstreams import OTHER, OWN, REGISTRY, neighbours_of
from hopback.portal.directory.registry import record_of, search_registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hopback.portal.audit.actors import Actor
    from hopback.portal.desk.reading import Asked

__all__ = ["LARGEST", "Entry", "errors_sheet", "history_sheet", "look_over", "read_sheet", "sheet_of_open"]

LARGEST: Final = 2 * 2**20
MOST_LINES: Final = 500

TOLD: Final = ("request_id", "called", "calling", "call_time", "accuracy_s", "downstream", "campaign", "respond_by")
"""What a sheet tells; only ``request_id`` is read again."""

ASKED: Final = {
    "answer": "said",
    "upstream": "upstream",
    "trunk": "trunk",
    "ip": "ip",
    "point_code": "point_code",
    "country": "country",
    "found_at": "found_at",
    "sip_call_id": "sip_call_id",
    "account": "account",
    "business": "business",
    "person": "person",
    "email": "email",
    "phone": "phone",
    "address": "address",
    "customer_country": "customer_country",
    "onboarded": "onboarded",
    "kyc": "kyc",
    "expected_use": "expected_use",
    "action": "action",
    "action_at": "action_at",
    "action_why": "action_why",
    "searched_from": "searched_from",
    "searched_until": "searched_until",
    "records_kept_since": "retained_since",
    "statement": "statement",
    "certified_by": "certified_by",
}
"""The columns to fill in, and the fields of the page they are."""

WHENS: Final = ("found_at", "searched_from", "searched_until")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a sheet handed in. ``number`` counts from the top of the file; ``understood`` says how it was read.

    Neither ``wrong`` nor ``form`` means that the line was left open.
    """

    number: int
    cells: Mapping[str, str]
    request_id: str
    wrong: tuple[str, ...] = ()
    understood: str = ""
    form: AnswerForm | None = field(default=None, compare=False)
    key: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it can be sent."""
        return self.form is not None and not self.wrong

    @property
    def said(self) -> str:
        """What is said, in words."""
        return dict(SAID).get(self.form.cleaned_data["said"], "") if self.form is not None else ""

    @property
    def is_open(self) -> bool:
        """Whether nothing was filled in."""
        return self.form is None and not self.wrong


def sheet_of_open(asked: Iterable[Asked]) -> str:
    """The open requests as a sheet: what is asked, and empty columns for the answers."""
    lines: list[Sequence[str]] = [(*TOLD, *ASKED)]
    for one in asked:
        sought, zone = one.own.asked, office_zone(one.zone)
        told = (
            one.request_id,
            format_e164(sought.called).lstrip("+"),
            "" if sought.calling is None else format_e164(sought.calling).lstrip("+"),
            sought.started_at.astimezone(zone).isoformat(timespec="seconds"),
            f"{sought.accuracy_s:g}",
            one.downstream or "",
            one.campaign or "",
            "" if one.own.respond_by is None else one.own.respond_by.astimezone(zone).isoformat(timespec="seconds"),
        )
        lines.append((*told, *("" for _ in ASKED)))
    return _written(lines)


def read_sheet(content: bytes) -> tuple[str, list[dict[str, str]]]:
    """The text of a sheet and its lines by column. Raises :class:`BadInput` for what is no such sheet."""
    if len(content) > LARGEST:
        raise BadInput(f"the sheet is larger than {LARGEST // 2**20} MB", where="sheet", mend="split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("the sheet is not UTF-8", where="sheet", mend="save it as CSV UTF-8") from None
    if "\x00" in text:
        raise BadInput("the sheet is not text", where="sheet", mend="save it as CSV UTF-8")
    return text, parse(text)


def parse(text: str) -> list[dict[str, str]]:
    """The lines of a sheet's text by column."""
    first = text.split("\n", 1)[0]
    mark = ";" if first.count(";") > first.count(",") else "\t" if first.count("\t") > first.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=False))
    except csv.Error as error:
        raise BadInput(f"the sheet cannot be read: {error}", where="sheet", mend="save it as CSV UTF-8") from None
    if not rows:
        raise BadInput("the sheet is empty", where="sheet")
    header = [cell.strip().casefold() for cell in rows[0]]
    if "request_id" not in header or "answer" not in header:
        raise BadInput(
            "the first line must name the columns request_id and answer", where="sheet", mend="begin with our sheet"
        )
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise BadInput(f"the column {twice[0][:40]} is there twice", where="sheet")
    lines = [dict(zip(header, map(_plain, row), strict=False)) for row in rows[1:] if any(cell.strip() for cell in row)]
    if len(lines) > MOST_LINES:
        raise BadInput(f"a sheet has at most {MOST_LINES} lines", where="sheet", mend="split it")
    if not lines:
        raise BadInput("no line is filled in", where="sheet")
    return lines


def look_over(
    actor: Actor, lines: Sequence[Mapping[str, str]], asked: Mapping[str, Asked], *, at: datetime, name: str
) -> list[Entry]:
    """What each line comes to. ``name`` certifies those that name nobody."""
    seen: set[str] = set()
    entries = []
    for number, cells in enumerate(lines, 2):
        entries.append(_entry(actor, number, cells, asked, seen=seen, at=at, name=name))
        seen.add(cells.get("request_id", "").strip())
    return entries


def errors_sheet(entries: Iterable[Entry]) -> str:
    """The lines that cannot be sent, as they were handed in, with what is wrong: to mend and hand in again."""
    columns = ("request_id", *ASKED)
    lines: list[Sequence[str]] = [(*columns, "line", "wrong")]
    lines += [
        (*(one.cells.get(column, "") for column in columns), str(one.number), "; ".join(one.wrong))
        for one in entries
        if one.wrong
    ]
    return _written(lines)


def history_sheet(asked: Iterable[Asked]) -> Iterable[str]:
    """What was asked and answered, a line each; in UTC."""
    header = ("request_id", "state", "called", "calling", "call_time", "received_at", "respond_by", "answered_at")
    yield _written([(*header, "late_s", "answer", "upstream", "customer", "versions", "campaign")])
    for one in asked:
        own, latest = one.own, one.latest
        yield _written(
            [
                (
                    one.request_id,
                    own.state.value,
                    format_e164(own.asked.called).lstrip("+"),
                    "" if own.asked.calling is None else format_e164(own.asked.calling).lstrip("+"),
                    _iso(own.asked.started_at),
                    _iso(own.received_at),
                    _iso(own.respond_by),
                    _iso(own.answers[0].submitted_at) if own.answers else "",
                    f"{own.late_s:.0f}" if own.answers else "",
                    latest.kind.value if latest else "",
                    latest.upstream if latest else "",
                    (latest.own.answer.customer or "") if latest else "",
                    str(len(own.answers)),
                    one.campaign or "",
                )
            ]
        )


def _entry(
    actor: Actor,
    number: int,
    cells: Mapping[str, str],
    asked: Mapping[str, Asked],
    *,
    seen: set[str],
    at: datetime,
    name: str,
) -> Entry:
    request_id = cells.get("request_id", "").strip()
    said = cells.get("answer", "").strip().casefold()
    if not said:
        is_filled = any(cells.get(column, "").strip() for column in ASKED)
        wrong = ("say in the column answer what you found",) if is_filled else ()
        return Entry(number, cells, request_id, wrong)
    one = asked.get(request_id)
    refused = _refused(one, said, is_again=request_id in seen)
    if refused or one is None:
        return Entry(number, cells, request_id, (refused,))
    data = {ours: cells.get(column, "").strip() for column, ours in ASKED.items()}
    data |= {"said": said, "certified": "on", "certified_by": data["certified_by"] or name}
    problems: list[str] = []
    understood = ""
    for when in WHENS:
        try:
            data[when] = _wall(data[when], one.zone)
        except ValueError:
            problems.append(f"{when}: this is no time")
    if said in ("upstream", "foreign") and data["upstream"]:
        data["upstream"], data["other_name"], understood = _understood(actor, data["upstream"])
    form = AnswerForm(data, asked=one, at=at, travels=Travels.NEVER)
    columns = {ours: column for column, ours in ASKED.items()}
    if not form.is_valid():
        problems += [f"{columns.get(where, where)}: {' '.join(map(str, what))}" for where, what in form.errors.items()]
    key = hashlib.sha256(repr(sorted(data.items())).encode()).hexdigest()[:32]
    return Entry(number, cells, request_id, tuple(problems), understood, None if problems else form, f"sheet:{key}")


def _refused(one: Asked | None, said: str, *, is_again: bool) -> str:
    """Why a line cannot be sent whatever else it holds; empty if it can."""
    if one is None:
        return "there is no such request to you"
    if is_again:
        return "this request is in the sheet twice"
    if one.own.answers and one.own.state.value != "incomplete":
        return "it is answered already: correct it on its page"
    if not one.own.can_answer:
        return "it cannot be answered any more"
    return "" if said in dict(SAID) else f"answer must be one of {', '.join(dict(SAID))}"


def _understood(actor: Actor, text: str) -> tuple[str, str, str]:
    """Whom a cell means: a neighbour of that very name, an entry of the registry, or somebody to be looked up."""
    wanted = text.casefold()
    for one in neighbours_of(actor, text, limit=50):
        if wanted in (one.name.casefold(), one.value.removeprefix(OWN).casefold()):
            return one.value, "", one.name
    record = record_of(text.upper())
    if record is not None:
        return f"{REGISTRY}{record.number}", "", f"{record.name} ({record.number})"
    same = [row for row in search_registry(text, limit=20) if row.name.casefold() == wanted]
    if len(same) == 1:
        return f"{REGISTRY}{same[0].number}", "", f"{same[0].name} ({same[0].number})"
    return OTHER, text[:200], f"{text} (an analyst will find out who that is)"


def _wall(text: str, zone: str) -> str:
    """A time with an offset as the office's clock shows it; one without is that already."""
    if not text:
        return ""
    given = datetime.fromisoformat(text)
    if given.tzinfo is not None:
        given = given.astimezone(office_zone(zone)).replace(tzinfo=None)
    return given.strftime("%Y-%m-%dT%H:%M:%S")


def _written(lines: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for line in lines:
        writer.writerow([_harmless(cell) for cell in line])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _iso(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat(timespec="seconds").replace("+00:00", "Z")
