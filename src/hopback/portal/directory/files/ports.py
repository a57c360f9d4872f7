"""Ported numbers: where a number lives now.

Columns (and what else they are called): ``number`` (TN, telephone number, DN); ``lrn`` (routing number);
``spid`` (service provider, new SPID); ``ocn``; ``company`` (carrier, service provider name); ``reseller`` (alternative
SPID, alt SPID); ``valid_from`` (activated, port date, effective date); ``valid_to`` (ended, snapback).
A row needs the number and one of LRN, SPID and OCN, or ``ported`` = no.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from hopback.kernel.numbers import parse_number
from hopback.portal.directory.files.columns import Column, Read, UnusableRow, read_date, read_table

__all__ = ["COLUMNS", "PortRow", "read_ports"]

COLUMNS: Final = (
    Column("number", ("tn", "telephone number", "phone number", "phone", "dn", "called number", "msisdn")),
    Column("lrn", ("location routing number", "routing number", "rn")),
    Column("spid", ("service provider id", "service provider", "new spid", "npac spid", "current spid")),
    Column("ocn", ("operating company number", "lrn ocn", "company ocn")),
    Column("company", ("company name", "carrier", "carrier name", "service provider name", "operating company name",
                       "spid name")),
    Column("reseller", ("alt spid", "alternative spid", "altspid", "reseller name", "last alt spid")),
    Column("valid_from", ("activation date", "activated", "port date", "ported on", "effective date", "since",
                          "activation timestamp")),
    Column("valid_to", ("ended", "end date", "disconnect date", "snapback date", "until")),
    Column("ported", ("is ported", "ported indicator")),
)  # fmt: skip

NEEDS: Final = tuple(frozenset({"number", name}) for name in ("lrn", "spid", "ocn"))
NO: Final = frozenset({"n", "no", "false", "0", "not ported"})
_CODE: Final = re.compile(r"[A-Z0-9]{1,10}|")


@dataclass(frozen=True, slots=True)
class PortRow:
    """One number and where it went; digits with the country code."""

    line: int
    number: int
    lrn: int | None
    spid: str
    ocn: str
    company: str
    reseller: str
    valid_from: date | None
    valid_to: date | None


def read_ports(data: bytes, *, where: str) -> Read[PortRow]:
    """Read a file of ported numbers."""
    return read_table(data, columns=COLUMNS, needs=NEEDS, row=_row, where=where)


def _row(cells: dict[str, str], line: int) -> PortRow:
    number = parse_number(cells["number"]).e164
    if number is None:
        raise UnusableRow(f"number: {cells['number']!r} is none")
    lrn = None
    if cells["lrn"] and (lrn := parse_number(cells["lrn"]).e164) is None:
        raise UnusableRow(f"lrn: {cells['lrn']!r} is no number")
    spid, ocn = code_of(cells["spid"], what="spid"), code_of(cells["ocn"], what="ocn")
    is_home = cells["ported"].casefold() in NO
    if is_home:
        lrn, spid, ocn = None, "", ""
    elif not (lrn or spid or ocn):
        raise UnusableRow("neither lrn, spid nor ocn")
    begins, ends = read_date(cells["valid_from"], what="valid_from"), read_date(cells["valid_to"], what="valid_to")
    if begins and ends and ends < begins:
        raise UnusableRow("valid_to: before valid_from")
    reseller = cells["reseller"][:200]
    if reseller.upper() == spid:
        reseller = ""
    return PortRow(line, number, lrn, spid, ocn, cells["company"][:200], reseller, begins, ends)


def code_of(text: str, *, what: str) -> str:
    """An OCN or SPID as written, with the zeros a spreadsheet took off. Raises :class:`UnusableRow`."""
    code = text.upper()
    if code.isdigit():
        code = code.zfill(4)
    if not _CODE.fullmatch(code):
        raise UnusableRow(f"{what}: {text!r} is none")
    return code
