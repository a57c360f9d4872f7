"""Samples as a sheet: the template, reading one that was uploaded, and writing one that is safe to open.

The whole sheet is read and every bad line named before anything is taken over.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from django.conf import settings

from hopback.kernel.errors import BadInput, NotFound
from hopback.kernel.numbers import format_e164
from hopback.portal.intake.facts import FIELDS, Facts, Misread, read_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from django.core.files.uploadedfile import UploadedFile

    from hopback.portal.intake.models import CallSample

__all__ = [
    "EXPORTED",
    "LARGEST",
    "MOST_LINES",
    "REQUIRED",
    "BadLine",
    "GoodLine",
    "Sheet",
    "cells_of",
    "keep",
    "kept",
    "read",
    "safe",
    "template",
    "written",
]

LARGEST: Final = 5 * 2**20
MOST_LINES: Final = 2000
"""So many samples at once: a person looks at each of them afterwards."""
LONGEST_CELL: Final = 131_072
SHOWN: Final = 300
"""So much of a cell of a bad line is kept."""

REQUIRED: Final = ("call_start", "accuracy_s", "called", "calling")
FORMULA: Final = re.compile(r"^[\s]*[=+\-@\t\r|%]")
PLAIN_NUMBER: Final = re.compile(r"^[+-]?\d[\d .:-]*$")
DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class GoodLine:
    """A line that can be taken over."""

    line: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot, everything that is wrong with it, and what stood there."""

    line: int
    record: str
    reasons: tuple[Misread, ...]
    raw: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it was read. ``ignored`` are columns that mean nothing here."""

    sha256: str
    good: list[GoodLine] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    ignored: tuple[str, ...] = ()


EXPORTED: Final = (
    "source_record_id", "call_start", "call_start_zone", "accuracy_s", "called", "calling", "calling_name",
    "terminating", "lane", "why", "transcript",
)  # fmt: skip
"""The columns of samples taken out."""


def cells_of(row: CallSample) -> list[str]:
    """A sample's cells under :data:`EXPORTED`."""
    return [
        row.source_record_id,
        row.call_start.isoformat(),
        row.call_start_zone,
        f"{row.accuracy_s:g}",
        format_e164(row.called),
        "anonymous" if row.calling is None else format_e164(row.calling),
        row.calling_name,
        row.terminating,
        row.lane,
        row.why,
        row.transcript,
    ]


def template() -> str:
    """An empty sheet with every column and one line as an example."""
    example = {
        "source_record_id": "hp-000123",
        "call_start": "2026-11-02 14:05:30",
        "call_start_zone": "America/Chicago",
        "accuracy_s": "5",
        "called": "+1 202 555 0143",
        "calling": "+1 312 555 0188",
        "answered": "yes",
        "duration_s": "31",
        "transcript": "This is an important message about your account.",
        "why": "The same recording came to forty of our numbers that hour",
        "basis": "third_party_aggregator call_transcript",
        "violations": "prerecorded_to_mobile business_impersonation",
        "is_honeypot": "yes",
        "targets_competitor": "no",
    }
    return written(FIELDS, [[example.get(name, "") for name in FIELDS]])


def read(data: bytes, *, at: datetime) -> Sheet:
    """Read a whole sheet.

    Raises :class:`BadInput` for one that cannot be read as a sheet at all: too large, too many lines, not UTF-8,
    without its columns. What is wrong with single lines is in the result.
    """
    if len(data) > LARGEST:
        raise BadInput(f"the file is larger than {LARGEST // 2**20} MB", where="file", mend="split it")
    if not data.strip():
        raise BadInput("the file is empty", where="file")
    if data.count(b"\n") > MOST_LINES * 50:
        raise BadInput(f"the file has more than {MOST_LINES:,} calls", where="file", mend="split it")
    rows, ignored = _rows(data)
    sheet = Sheet(hashlib.sha256(data).hexdigest(), ignored=ignored)
    seen: dict[str, int] = {}
    count = 0
    try:
        for row in rows:
            if not any((value or "").strip() for name, value in row.items() if name is not None):
                continue
            count += 1
            if count > MOST_LINES:
                raise BadInput(f"the file has more than {MOST_LINES:,} calls", where="file", mend="split it")
            _take(sheet, rows.line_num, row, seen, at=at)
    except csv.Error as error:
        raise BadInput(
            f"line {rows.line_num + 1} is no line of a sheet: {error}", where="file", mend="check the quotes there"
        ) from None
    if not count:
        raise BadInput("the file has a header and no calls", where="file")
    return sheet


def _rows(data: bytes) -> tuple[csv.DictReader[str], tuple[str, ...]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(
            f"line {line} is not UTF-8", where="file", mend="save the sheet as CSV in UTF-8 (Excel: CSV UTF-8)"
        ) from None
    if "\x00" in text:
        raise BadInput("the file is no text", where="file", mend="save the sheet as CSV in UTF-8")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    csv.field_size_limit(LONGEST_CELL)
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    try:
        names = [(name or "").strip().lower() for name in rows.fieldnames or ()]
    except csv.Error as error:
        raise BadInput(f"the header cannot be read: {error}", where="file") from None
    rows.fieldnames = names
    if missing := [name for name in REQUIRED if name not in names]:
        raise BadInput(
            f"there is no column {', '.join(missing)}", where="file", mend="begin with the template of this page"
        )
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise BadInput(f"the column {twice[0]} is there twice", where="file")
    return rows, tuple(name for name in names if name and name not in FIELDS)


def _take(sheet: Sheet, line: int, row: Mapping[str | Any, Any], seen: dict[str, int], *, at: datetime) -> None:
    raw = {name: _plain(str(row[name])) for name in FIELDS if row.get(name)}
    facts, wrong = read_facts(raw, at=at)
    if row.get(None):
        wrong = [*wrong, Misread("line", "has more cells than the header")]
    record = raw.get("source_record_id", "").strip()
    if record and record in seen:
        wrong = [*wrong, Misread("source_record_id", f"is on line {seen[record]} already")]
    elif record:
        seen[record] = line
    if wrong or facts is None:
        kept = {name: value[:SHOWN] for name, value in raw.items()}
        sheet.bad.append(BadLine(line, record[:200], tuple(wrong), kept))
    else:
        sheet.good.append(GoodLine(line, facts))


def _plain(value: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from calculating it (see :func:`safe`)."""
    return value[1:] if value.startswith("'") and FORMULA.match(value[1:]) else value


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula; numbers with a sign stay as they are."""
    text = "" if value is None else str(value)
    return f"'{text}" if FORMULA.match(text) and not PLAIN_NUMBER.match(text) else text


def written(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A sheet as CSV, every cell safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([safe(value) for value in row] for row in rows)
    return out.getvalue()


def keep(upload: UploadedFile[Any]) -> bytes:
    """Keep an uploaded sheet in the data folder under its SHA-256; returns its bytes. Raises :class:`BadInput`."""
    if (upload.size or 0) > LARGEST:
        raise BadInput(f"the file is larger than {LARGEST // 2**20} MB", where="file", mend="split it")
    upload.seek(0)
    data: bytes = upload.read()
    place = _place(hashlib.sha256(data).hexdigest())
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{uuid4().hex}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    fresh.replace(place)
    return data


def kept(sha256: str) -> bytes:
    """The bytes of a sheet that was kept. Raises :class:`NotFound`."""
    try:
        return _place(sha256).read_bytes()
    except OSError:
        raise NotFound("the sheet is not here any more", mend="upload it again") from None


def _place(sha256: str) -> Path:
    if not DIGEST.fullmatch(sha256):
        raise NotFound("there is no such sheet")
    place: Path = settings.CONFIGURATION.folder / "imports" / f"{sha256}.csv"
    return place
