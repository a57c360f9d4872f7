"""The FCC's Robocall Mitigation Database as it is exported.

The export's headings have changed over the years and differ between the FCC's own download and
copies of it; each column is found by the names seen so far. ``number`` (RMD number) and ``business_name``
must be there; ``frn`` is the key that joins an entry with the directory. Of one RMD number listed
twice the later line stands.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import astuple, dataclass
from datetime import date
from typing import Final

from hopback.portal.directory.files.columns import Column, Read, UnusableRow, read_date, read_table

__all__ = ["COLUMNS", "FIELDS", "RegistryRow", "read_registry", "split_names"]

COLUMNS: Final = (
    Column("number", ("rmd number", "rmd", "robocall mitigation database number", "filing number")),
    Column("frn", ("fcc registration number", "fcc registration number frn", "cores id frn")),
    Column("business_name", ("name", "business names", "company name", "legal name", "provider name")),
    Column("other_dba_names", ("dba", "dbas", "other dba name", "other dba name s", "dba names", "other dba names s")),
    Column("previous_dba_names", ("previous business names", "previous names", "previous dba name s",
                                  "previous business name s", "former names")),
    Column("other_frns", ("other frn", "other frn s", "other fcc registration numbers", "other frns s")),
    Column("business_address", ("address", "street address")),
    Column("state", ("business state", "province", "state province")),
    Column("country", ("business country",)),
    Column("foreign_voice_provider", ("foreign voice service provider", "foreign", "foreign provider")),
    Column("implementation", ("stir shaken implementation", "implementation status", "stir shaken")),
    Column("voice_service_provider_choice", ("voice service provider", "voice provider", "vsp")),
    Column("gateway_provider_choice", ("gateway provider", "gateway")),
    Column("intermediate_provider_choice", ("intermediate provider", "non gateway intermediate provider",
                                            "intermediate")),
    Column("contact_name", ("robocall mitigation contact name", "contact")),
    Column("contact_phone", ("contact telephone number", "contact telephone", "telephone", "phone")),
    Column("contact_email", ("contact mailbox", "contact e mail", "email", "contact email address")),
    Column("last_updated", ("updated", "date updated", "last update", "sys updated on")),
    Column("last_recertified", ("recertified", "last recertification", "recertification date",
                                "annual recertification date", "last recertified date")),
)  # fmt: skip

NEEDS: Final = (frozenset({"number", "business_name"}),)

FIELDS: Final = (
    "number", "frn", "name", "dbas", "former_names", "other_frns", "address", "state", "country", "is_foreign",
    "is_voice_provider", "is_gateway", "is_intermediate", "implementation", "contact_name", "contact_phone",
    "contact_mailbox", "updated_on", "recertified_on",
)  # fmt: skip
"""What an entry says, in the order it is shown and compared."""

NOTHING: Final = frozenset({"", "none", "n/a", "na", "none.", "no", "not applicable", "-", "null"})
_FRN: Final = re.compile(r"\d{1,10}")


@dataclass(frozen=True, slots=True)
class RegistryRow:
    """One entry."""

    number: str
    frn: str
    name: str
    dbas: str
    former_names: str
    other_frns: str
    address: str
    state: str
    country: str
    is_foreign: bool | None
    is_voice_provider: bool | None
    is_gateway: bool | None
    is_intermediate: bool | None
    implementation: str
    contact_name: str
    contact_phone: str
    contact_mailbox: str
    updated_on: date | None
    recertified_on: date | None

    @property
    def digest(self) -> str:
        """Equal where, and only where, every field is."""
        told = "\x1f".join("" if value is None else str(value) for value in astuple(self))
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def read_registry(data: bytes, *, where: str) -> Read[RegistryRow]:
    """Read an export."""
    read = read_table(data, columns=COLUMNS, needs=NEEDS, row=_row, where=where)
    latest = {row.number: row for row in read.rows}
    read.notes["listed_twice"] = len(read.rows) - len(latest)
    read.rows[:] = latest.values()
    return read


def split_names(text: str) -> tuple[str, ...]:
    """The names in a cell that holds several, apart at line ends, semicolons, and commas not before a legal form."""
    parts = re.split(
        r"[\n\r;|]+|,(?!\s*(?:inc|llc|l\.l\.c|ltd|lp|llp|corp|co|l\.p|pllc|pbc)\b)", text, flags=re.IGNORECASE
    )
    found = (part.strip(" .\"'") for part in parts)
    return tuple(dict.fromkeys(part for part in found if part.casefold() not in NOTHING))


def _row(cells: dict[str, str], _line: int) -> RegistryRow:
    number = cells["number"].upper()
    if not number or len(number) > 20:  # noqa: PLR2004 -- the column's width
        raise UnusableRow(f"number: {cells['number']!r} is none")
    if not cells["business_name"]:
        raise UnusableRow("business_name: empty")
    frn = "".join(cells["frn"].split())
    if frn and not _FRN.fullmatch(frn):
        raise UnusableRow(f"frn: {frn!r} is none")
    return RegistryRow(
        number=number,
        frn=frn.zfill(10) if frn else "",
        name=cells["business_name"].strip("'\" ")[:300] or cells["business_name"][:300],
        dbas=_said(cells["other_dba_names"]),
        former_names=_said(cells["previous_dba_names"]),
        other_frns=_said(cells["other_frns"]),
        address=cells["business_address"],
        state=cells["state"][:40],
        country=cells["country"][:60],
        is_foreign=_is(cells["foreign_voice_provider"]),
        is_voice_provider=_is(cells["voice_service_provider_choice"]),
        is_gateway=_is(cells["gateway_provider_choice"]),
        is_intermediate=_is(cells["intermediate_provider_choice"]),
        implementation=cells["implementation"][:40],
        contact_name=cells["contact_name"][:200],
        contact_phone=cells["contact_phone"][:60],
        contact_mailbox=cells["contact_email"][:254],
        updated_on=read_date(cells["last_updated"], what="last_updated"),
        recertified_on=read_date(cells["last_recertified"], what="last_recertified"),
    )


def _said(text: str) -> str:
    return "" if text.strip().casefold() in NOTHING else text


def _is(text: str) -> bool | None:
    word = text.casefold()
    if word in ("yes", "y", "true", "1"):
        return True
    return False if word in ("no", "n", "false", "0") else None
