"""The canonical columns of a call record, and what describes a source of them.

Times are microseconds UTC without zone, numbers are BIGINT E.164 digits without ``+``, durations
milliseconds. A landed Parquet file holds only the columns its format can fill; a question sees the
missing ones as NULL. ``raw`` is the line as the switch wrote it (decoded to Unicode, without its
line end); columns of a format that have no canonical place are not copied: they are read back out
of ``raw`` when a record is shown, so nothing is lost and nothing is stored twice.
"""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hopback.kernel.errors import BadInput
from hopback.kernel.numbers import parse_number

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CALLED_SIDE", "CALLING_SIDE", "COLUMNS", "FLAGS", "INTEGERS", "NUMBERS", "PROVENANCE", "TEXTS", "TIMES",
    "Grade", "Source", "record_id",
]  # fmt: skip

CALLED_SIDE: Final = (
    "called_ruri", "called_to", "called_dialed", "called_pretranslation", "called_sent",
    "diverting", "redirecting", "original_called",
)  # fmt: skip
"""Columns in which a call to a number may show that number: as received, dialled, translated, sent on, or forwarded."""
CALLING_SIDE: Final = ("calling_from", "calling_pai", "calling_charge", "calling_sent")
"""Columns in which the caller may show: as signalled, asserted, charged, or sent on."""
NUMBERS: Final = (*CALLED_SIDE, *CALLING_SIDE, "lrn")
TIMES: Final = ("setup_at", "setup_alt_at", "epoch_at", "answer_at", "end_at")
INTEGERS: Final = ("duration_ms", "attempt_no", "q850_cause", "sip_status")
FLAGS: Final = ("is_naive", "answered", "is_final")
TEXTS: Final = (
    "ingress_trunk", "ingress_ip", "egress_trunk", "egress_ip", "customer_id",
    "sip_call_id_in", "sip_call_id_out", "call_group_id", "switch_call_id", "record_type",
    "from_tag", "to_tag", "direction", "disposition", "reason_text", "release_party", "attest_in", "caller_name",
)  # fmt: skip
PROVENANCE: Final = ("file_id", "line", "raw")
"""Where a row came from: the manifest's number of the file, the line in it from 1, and the line itself."""

COLUMNS: Final[Mapping[str, str]] = {
    "file_id": "INTEGER",
    "line": "INTEGER",
    **dict.fromkeys(TIMES, "TIMESTAMP"),
    **dict.fromkeys(NUMBERS, "BIGINT"),
    **dict.fromkeys(INTEGERS, "BIGINT"),
    **dict.fromkeys(FLAGS, "BOOLEAN"),
    **dict.fromkeys(TEXTS, "VARCHAR"),
    "raw": "VARCHAR",
}
"""Every column of the store and its SQL type."""


class Grade(StrEnum):
    """How well the reading of a format is founded."""

    VERIFIED = "verified"
    """Checked against files of a real switch."""
    DOCUMENTED = "documented"
    """Written from the vendor's own description of every column used."""
    ASSUMED = "assumed"
    """Some of it is inferred."""


@dataclass(frozen=True, slots=True)
class Source:
    """One switch or export whose files are loaded together.

    ``time_zone`` is the IANA zone of stamps that carry none of their own; ``home_country`` (ISO
    3166-1) and ``area_code`` complete national and local numbers; ``encoding`` of None is found out
    file by file; ``columns`` maps our names to a file's header for ``generic-csv``. Raises :class:`BadInput`
    for a zone, country or area code that cannot be.
    """

    name: str
    format: str = "auto"
    time_zone: str | None = None
    encoding: str | None = None
    home_country: str = "US"
    area_code: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"source {self.name!r}"
        if not self.name:
            raise BadInput("a source needs a name", where="sources", mend='add name = "…"')
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise BadInput(
                    f"{self.time_zone!r} is not a time zone", where=where, mend='write one like "America/Chicago"'
                ) from error
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError as error:
                raise BadInput(
                    f"{self.encoding!r} is not an encoding",
                    where=where,
                    mend='write one like "latin-1", or leave it out',
                ) from error
        parse_number("0", home_country=self.home_country, area_code=self.area_code)

    @property
    def reading(self) -> str:
        """A digest of everything that changes how a line is read: rows read otherwise are other rows."""
        said = [self.format, self.time_zone, self.encoding, self.home_country, self.area_code, dict(self.columns)]
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def record_id(source: str, raw: str) -> str:
    """Name a record by its source and its line, so that the same line loaded twice is the same record."""
    return sha256(f"{source}\n{raw}".encode()).hexdigest()[:32]
