"""``hopback provider``: load, search and answer from a provider's own records."""

from __future__ import annotations

import json as jsonlib
import os
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import App, Parameter
from pydantic import ValidationError

from hopback.kernel.errors import BadInput
from hopback.kernel.numbers import NumberKind, format_e164, parse_number
from hopback.provider.agent import Standing
from hopback.provider.kit import open_kit
from hopback.provider.memory import recall, remember, write_estimates
from hopback.provider.wording import say_all
from hopback.wire.hops import HopRequest, as_z
from hopback.wire.stdout import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.kernel.calls import CallRecord, Sought
    from hopback.provider.kit import Kit
    from hopback.records.finding import Sighting
    from hopback.records.loading import FileReport

__all__ = ["app"]

_SEARCH_OPTIONS: Final = {
    "called": "--called",
    "calling": "--calling",
    "started_at": "--at",
    "accuracy_s": "--accuracy",
}

Json = Annotated[bool, Parameter(name="--json", negative="")]

app = App(name="provider", help="Answer tracebacks from a provider's own call records.", result_action="return_value")


@app.command
def load(*, book: Path, store: Path, json: Json = False) -> None:
    """Load the call records that the book names; running it again adds nothing twice.

    Args:
        book: the provider's book.toml.
        store: the folder that keeps what was loaded.
        json: machine output.
    """
    with open_kit(book, store, on_file=None if json else _tell_file) as kit:
        rows = {
            name: sum(getattr(report, name) for report in kit.reports)
            for name in ("read", "kept", "rejected", "duplicates")
        }
        if json:
            files = [_file_report(report) for report in kit.reports]
            write_json({"files": files, "rows": rows, "troubles": [str(trouble) for trouble in kit.troubles]})
        else:
            sys.stdout.write(
                f"{len(kit.reports)} files: {rows['read']} rows read, {rows['kept']} kept, "
                f"{rows['rejected']} rejected, {rows['duplicates']} duplicates\n"
            )
        _fail_on(kit)


@app.command
def search(
    *,
    book: Path,
    called: str,
    at: str,
    calling: str | None = None,
    store: Path | None = None,
    accuracy: float = 60.0,
    json: Json = False,
) -> None:
    """Look for a call in the provider's records and show every record that may be it, best first.

    Args:
        book: the provider's book.toml.
        called: the called number, in any common spelling.
        at: when the call was set up: ISO 8601 with an offset.
        calling: the calling number; leave it out where it was withheld.
        store: the folder that keeps loaded records; without it they are loaded anew.
        accuracy: how exact the time is: its half-width in seconds.
        json: machine output.
    """
    asked = {"request_id": "search", "called": called, "calling": calling, "accuracy_s": accuracy}
    request = _request(asked | {"started_at": _instant(at, "--at")}, lambda field: _SEARCH_OPTIONS.get(field, field))
    with open_kit(book, store) as kit:
        sought = kit.desk.sought(request)
        found = kit.desk.search(sought)
        shown = {
            "outcome": found.outcome.value,
            "why": list(say_all(found.reasons)),
            "sightings": [_sighting(sighting) for sighting in found.sightings],
            "coverage": _coverage(kit, sought),
        }
        if json:
            write_json(shown)
        else:
            _show_sightings(shown)
        _warn(kit)


@app.command
def answer(request: Path, /, *, book: Path, store: Path | None = None, json: Json = False) -> None:
    """Answer one request from the provider's records, and say what the next provider should search for.

    With --store earlier requests are remembered: several together may show that a source's clock is off.

    Args:
        request: a JSON file with the request, or with a list of requests that are answered together.
        book: the provider's book.toml.
        store: the folder that keeps loaded records; without it they are loaded anew.
        json: machine output.
    """
    requests = _read_requests(request)
    with open_kit(book, store) as kit:
        earlier = recall(kit.store.folder)
        remember(kit.store.folder, requests)
        standing = Standing(kit.desk)
        answers = {one.request_id: one.model_dump(mode="json") for one in standing.answer([*earlier, *requests])}
        write_estimates(kit.store.folder, kit.desk.estimates())
        said = [answers[one.request_id] for one in requests]
        if json:
            write_json(said[0] if len(said) == 1 else said)
        else:
            for one in said:
                _show_answer(one)
        _warn(kit)


@app.command
def agent(*, book: Path, store: Path, portal: str, key_file: Path | None = None, every: float = 20.0) -> None:
    """Fetch requests from a portal and answer them until stopped.

    The key is read from --key-file or from the environment variable HOPBACK_PORTAL_KEY, never from
    the command line, where other users of the machine could read it.

    Args:
        book: the provider's book.toml.
        store: the folder that keeps loaded records.
        portal: the portal's address, such as https://portal.example.
        key_file: a file that holds the provider's key.
        every: seconds between two looks.
    """
    from hopback.provider.agent import poll  # noqa: PLC0415

    key = key_file.read_text(encoding="utf-8").strip() if key_file else os.environ.get("HOPBACK_PORTAL_KEY", "")
    if not key:
        raise BadInput("no key for the portal", where="--key-file", mend="name a file or set HOPBACK_PORTAL_KEY")
    poll(book, store, portal=portal, key=key, every_s=every, tell=lambda line: print(line, file=sys.stderr))  # noqa: T201


def _read_requests(path: Path) -> list[HopRequest]:
    try:
        data = jsonlib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadInput("there is no such file", where=str(path), mend="name a request as a JSON file") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"this is not JSON: {error}", where=str(path), mend="mend the place it names") from None
    rows = data if isinstance(data, list) else [data]
    if not rows:
        raise BadInput("the list of requests is empty", where=str(path), mend="put at least one request in it")
    return [_request(row, lambda field: f"{path}: {field}") for row in rows]


def _request(row: Any, where: Callable[[str], str]) -> HopRequest:
    """Check one request and read its numbers; ``where`` says where a field was written."""
    try:
        request = HopRequest.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "request"
        raise BadInput(first["msg"], where=where(field), mend="see the wire reference") from None
    called = _number(request.called, where("called"))
    calling = None
    if request.calling and parse_number(request.calling).kind is not NumberKind.ANONYMOUS:
        calling = _number(request.calling, where("calling"))
    return request.model_copy(update={"called": called, "calling": calling})


def _number(text: str, where: str) -> str:
    number = parse_number(text)
    if number.e164 is None:
        raise BadInput(f"{text!r} is no telephone number", where=where, mend="write it as +12025550143")
    return format_e164(number.e164)


def _instant(text: str, where: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadInput(f"{text!r} is no instant", where=where, mend="write 2026-11-02T10:20:00-06:00")
    return at


def _file_report(report: FileReport) -> dict[str, Any]:
    shown = asdict(report)
    for key in ("first_at", "last_at"):
        shown[key] = as_z(shown[key]) if shown[key] else None
    return shown


def _sighting(sighting: Sighting) -> dict[str, Any]:
    ends = sighting.ends
    return {
        "confidence": sighting.confidence,
        "started_at": as_z(sighting.started_at),
        "source": sighting.record.source,
        "upstream": ends.upstream,
        "customer": ends.customer,
        "time_offset_s": round(sighting.offset_s, 3),
        "why": list(say_all(sighting.reasons)),
        "record": _record(sighting.record),
    }


def _record(record: CallRecord) -> dict[str, Any]:
    return {
        "file": record.file,
        "line": record.line,
        "format": record.format,
        "raw": record.raw,
        "setup_at": as_z(record.setup_at),
        "answered": record.answered,
        "duration_s": record.duration_s,
        "called": {name: format_e164(number) for name, number in record.called.items()},
        "calling": {name: format_e164(number) for name, number in record.calling.items()},
        "ingress_trunk": record.ingress_trunk,
        "egress_trunk": record.egress_trunk,
        "sip_call_id_in": record.sip_call_id_in,
        "sip_call_id_out": record.sip_call_id_out,
    }


def _coverage(kit: Kit, sought: Sought) -> dict[str, Any]:
    covered = kit.desk.coverage(sought)
    return {
        "sources": [
            {
                "source": name,
                "format": one.format,
                "files": one.files,
                "first": as_z(one.first_at) if one.first_at else None,
                "last": as_z(one.last_at) if one.last_at else None,
                "rows": one.rows,
                "rows_within_a_day": one.rows_in_window,
                "empty_hours": len(one.empty_hours),
                "retention_days": kit.book.source(name).retention_days,
            }
            for name, one in covered.items()
        ],
        "unread": list(kit.desk.unread),
    }


def _show_sightings(shown: dict[str, Any]) -> None:
    out = sys.stdout
    out.write(f"{shown['outcome']}: {' '.join(shown['why']) or 'one record is the call.'}\n")
    for one in shown["sightings"]:
        who = one["upstream"] or one["customer"] or "sender unknown"
        out.write(f"{one['confidence']:.2f}  {one['started_at']}  {one['source']}  {who}\n")
        for why in one["why"]:
            out.write(f"      {why}\n")


def _show_answer(said: dict[str, Any]) -> None:
    who = said["upstream"] or said["customer"] or ""
    sys.stdout.write(f"{said['request_id']}  {said['answer']}  {who}  confidence {said['confidence']:.2f}\n")
    for why in said["why"]:
        sys.stdout.write(f"      {why}\n")


def _tell_file(report: FileReport) -> None:
    rejected = f", {report.rejected} rejected" if report.rejected else ""
    rejected += f": {report.reject_file}" if report.reject_file else ""
    sys.stderr.write(f"{report.path}: {report.status}, {report.format}, {report.kept} kept{rejected}\n")


def _warn(kit: Kit) -> None:
    for trouble in kit.troubles:
        sys.stderr.write(f"hopback: {trouble}\n")


def _fail_on(kit: Kit) -> None:
    """A source that could not be read fails the command, after everything else has been loaded."""
    _warn(kit)
    if kit.unopened:
        raise SystemExit(2)
