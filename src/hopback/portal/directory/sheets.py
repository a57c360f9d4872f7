"""``providers.csv``: one provider a line, every mistake named by file, line and field.

Columns: ``provider_id,legal_name,country,frn,ocn,time_zone,answers``; ``frn`` and ``ocn`` may be
empty, others may follow.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hopback.kernel.errors import BadInput, NotFound
from hopback.portal.directory.models import Answers, Provider

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["COLUMNS", "ProviderSheet", "check_provider", "read_providers"]

COLUMNS: Final = ("provider_id", "legal_name", "country", "frn", "ocn", "time_zone", "answers")

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
COUNTRY = re.compile(r"[A-Z]{2}")
FRN = re.compile(r"\d{10}|")
OCN = re.compile(r"[A-Z0-9]{4}|")


@dataclass(frozen=True, slots=True)
class ProviderSheet:
    """A sheet as it was read: the providers in its order, and the SHA-256 of its bytes."""

    providers: tuple[Provider, ...]
    sha256: str


def read_providers(path: Path) -> ProviderSheet:
    """Read a sheet; raises :class:`BadInput` for the first mistake in it, :class:`NotFound` without a file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotFound(f"cannot be read: {error.strerror}", where=str(path)) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput("not UTF-8", where=f"{path}:{line}", mend="save the sheet as UTF-8") from None
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise BadInput(f"no column {missing[0]}", where=f"{path}:1", mend=f"the header reads {','.join(COLUMNS)}")
    seen: dict[str, int] = {}
    providers: list[Provider] = []
    try:
        for row in rows:
            where = f"{path}:{rows.line_num}"
            provider = check_provider({name: (row[name] or "").strip() for name in COLUMNS}, where=where)
            if provider.id in seen:
                raise BadInput(
                    f"{provider.id} is on line {seen[provider.id]} already",
                    where=f"{where}: provider_id",
                    mend="keep one line for each provider",
                )
            seen[provider.id] = rows.line_num
            providers.append(provider)
    except csv.Error as error:
        raise BadInput(str(error), where=f"{path}:{rows.line_num + 1}", mend="check the quotes on this line") from None
    return ProviderSheet(tuple(providers), hashlib.sha256(data).hexdigest())


def check_provider(row: dict[str, str], *, where: str = "") -> Provider:
    """One provider of its cells; raises :class:`BadInput` for the first that will not do."""

    def at(name: str) -> str:
        return f"{where}: {name}" if where else name

    def check(name: str, pattern: re.Pattern[str], mend: str) -> None:
        if not pattern.fullmatch(row[name]):
            raise BadInput(f"{row[name]!r} will not do", where=at(name), mend=mend)

    check("provider_id", ID, "up to 64 letters, digits, dots, dashes and underscores")
    if not row["legal_name"]:
        raise BadInput("empty", where=at("legal_name"), mend="give the legal name")
    check("country", COUNTRY, "two capital letters, ISO 3166-1")
    check("frn", FRN, "ten digits, or nothing")
    check("ocn", OCN, "four letters and digits, or nothing")
    try:
        ZoneInfo(row["time_zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"{row['time_zone']!r} is no IANA time zone",
            where=at("time_zone"),
            mend="for example America/Chicago",
        ) from None
    if row["answers"] not in Answers.values:
        raise BadInput(f"{row['answers']!r} will not do", where=at("answers"), mend="agent or silent")
    return Provider(
        id=row["provider_id"],
        legal_name=row["legal_name"],
        country=row["country"],
        frn=row["frn"],
        ocn=row["ocn"],
        time_zone=row["time_zone"],
        answers=row["answers"],
    )
