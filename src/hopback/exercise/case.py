"""Read a case folder: who the providers are and which calls are to be traced.

``expected.csv`` is never opened, and nothing under ``providers/`` is read here: each provider's
folder is read by its own kit only.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hopback.kernel.errors import BadInput
from hopback.kernel.numbers import parse_number

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Case", "CaseProvider", "ReportedCall", "read_case"]

_PROVIDER_COLUMNS = ("provider_id", "legal_name", "country", "frn", "ocn", "time_zone", "answers")
_CALL_COLUMNS = ("call_id", "called", "calling", "started_at", "accuracy_s", "terminating_provider")
_DEFAULT_ACCURACY_S = 60.0


@dataclass(frozen=True, slots=True)
class CaseProvider:
    """One row of ``providers.csv``. ``answers`` is ``agent`` or ``silent``."""

    id: str
    legal_name: str
    country: str
    frn: str
    ocn: str
    time_zone: str
    answers: str


@dataclass(frozen=True, slots=True)
class ReportedCall:
    """One row of ``calls.csv``: a call as its reporter gave it. Numbers are E.164 digits."""

    id: str
    campaign: str
    called: int
    calling: int | None
    started_at: datetime
    accuracy_s: float
    terminating_provider: str
    identity: str
    transcript: str
    answered: bool | None


@dataclass(frozen=True, slots=True)
class Case:
    """A case folder read. ``rejected`` are the lines of ``calls.csv`` that could not be used, each with its mend."""

    folder: Path
    providers: dict[str, CaseProvider]
    calls: tuple[ReportedCall, ...]
    rejected: tuple[BadInput, ...]

    def provider_folder(self, provider_id: str) -> Path:
        """Where a provider's own book and records lie."""
        return self.folder / "providers" / provider_id


def read_case(folder: Path) -> Case:
    """Read ``providers.csv`` and ``calls.csv``.

    Raises:
        BadInput: the folder or one of the two files cannot be used at all. A single bad line of
            ``calls.csv`` is kept in ``rejected`` and the other calls are traced.
    """
    if not folder.is_dir():
        raise BadInput("there is no such case folder", where=str(folder), mend="name a folder with providers.csv in it")
    providers = {provider.id: provider for provider in _providers(folder / "providers.csv")}
    calls: list[ReportedCall] = []
    rejected: list[BadInput] = []
    seen: set[str] = set()
    for where, row in _rows(folder / "calls.csv", _CALL_COLUMNS):
        try:
            call = _call(where, row, providers, seen)
        except BadInput as error:
            rejected.append(error)
            continue
        seen.add(call.id)
        calls.append(call)
    return Case(folder, providers, tuple(calls), tuple(rejected))


def _providers(path: Path) -> Iterator[CaseProvider]:
    seen: set[str] = set()
    for where, row in _rows(path, _PROVIDER_COLUMNS):
        provider = CaseProvider(*(row[column].strip() for column in _PROVIDER_COLUMNS))
        if not provider.id or provider.id in seen:
            raise BadInput(
                f"provider id {provider.id!r} is empty or there twice", where=where, mend="give each its own"
            )
        if provider.answers not in ("agent", "silent"):
            raise BadInput(f"answers is {provider.answers!r}", where=where, mend="write agent or silent")
        seen.add(provider.id)
        yield provider


def _call(where: str, row: dict[str, str], providers: dict[str, CaseProvider], seen: set[str]) -> ReportedCall:
    terminating = row["terminating_provider"].strip()
    if terminating not in providers:
        raise BadInput(
            f"the terminating provider {terminating!r} is not in providers.csv",
            where=f"{where}: terminating_provider",
            mend="name one of its provider_id",
        )
    called = parse_number(row["called"]).e164
    if called is None:
        raise BadInput(
            f"{row['called']!r} is no called number", where=f"{where}: called", mend="write it as +12025550143"
        )
    calling = parse_number(row["calling"])
    call_id = row["call_id"].strip()
    if not call_id or call_id in seen:
        raise BadInput(
            f"call id {call_id!r} is empty or there twice", where=f"{where}: call_id", mend="give each its own"
        )
    transcript = row.get("transcript", "").strip()
    return ReportedCall(
        id=call_id,
        campaign=row.get("campaign", "").strip(),
        called=called,
        calling=calling.e164,
        started_at=_started(where, row["started_at"]),
        accuracy_s=_accuracy(where, row["accuracy_s"]),
        terminating_provider=terminating,
        identity=row.get("identity", "").strip(),
        transcript=transcript,
        answered=_answered(where, row.get("answered", ""), transcript=transcript),
    )


def _started(where: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadInput(f"{text!r} is no instant", where=f"{where}: started_at", mend="write 2026-11-02T10:20:00-06:00")
    return at


def _accuracy(where: str, text: str) -> float:
    try:
        accuracy = float(text) if text.strip() else _DEFAULT_ACCURACY_S
    except ValueError:
        accuracy = -1.0
    if not 0 <= accuracy <= 86_400:  # noqa: PLR2004 - a day
        raise BadInput(f"{text!r} is no accuracy", where=f"{where}: accuracy_s", mend="write seconds, such as 60")
    return accuracy


def _answered(where: str, text: str, *, transcript: str) -> bool | None:
    """Whether the call was answered: as reported, and where nobody said so, what was heard says yes."""
    said = text.strip().lower()
    if said not in ("", "true", "false"):
        raise BadInput(f"{text!r} is neither true nor false", where=f"{where}: answered", mend="write true or false")
    if said:
        return said == "true"
    return True if transcript else None


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row with its place. Raises BadInput where the file or one of ``columns`` is missing."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput("this file is missing", where=str(path), mend="add it; see the case folder's layout") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"this cannot be read: {error}", where=str(path), mend="save it as UTF-8 text") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=False)
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise BadInput(f"the column {missing[0]!r} is missing", where=f"{path}:1", mend=f"add {', '.join(missing)}")
    for row in reader:
        row.pop(None, None)  # cells beyond the header have no name
        yield f"{path}:{reader.line_num}", row
