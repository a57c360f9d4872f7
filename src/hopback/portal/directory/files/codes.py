"""Code assignments: which company holds an NPA-NXX or a thousands block.

Columns (and what else they are called): the range as ``code`` (``312-555`` or ``312-555-0``; NPA-NXX,
NPANXX, NPA-NXX-X, prefix), or in parts as ``npa``, ``nxx`` and ``block`` (x, thousands block; ``A`` or
empty is the whole code); ``ocn``; ``company`` (carrier, OCN name, block holder); ``valid_from``
(effective date, in service, assigned); ``valid_to`` (disconnect, returned); ``use`` (status). A row that says
it is vacant, reserved or unavailable assigns nothing and is rejected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from hopback.portal.directory.files.columns import Column, Read, UnusableRow, read_date, read_table

__all__ = ["COLUMNS", "CodeRow", "read_codes"]

COLUMNS: Final = (
    Column("code", ("npa-nxx-x", "npa-nxx", "npanxx", "npanxxx", "prefix", "range")),
    Column("npa", ("area code",)),
    Column("nxx", ("coc", "exchange", "co code", "central office code")),
    Column("block", ("x", "thousands block", "thousand block", "block id", "1k block", "blk id")),
    Column("ocn", ("operating company number", "ocn code", "company ocn", "code holder ocn", "block holder ocn")),
    Column("company", ("company name", "carrier", "carrier name", "ocn name", "operating company name",
                       "block holder", "code holder", "holder")),
    Column("valid_from", ("effective date", "effective", "eff date", "in service date", "assigned", "assign date",
                          "assignment date")),
    Column("valid_to", ("disconnect date", "disconnected", "ended", "end date", "returned", "return date")),
    Column("use", ("status", "assignment status")),
)  # fmt: skip

NEEDS: Final = (frozenset({"code", "ocn"}), frozenset({"npa", "nxx", "ocn"}), frozenset({"code", "company"}),
                frozenset({"npa", "nxx", "company"}))  # fmt: skip

ASSIGNED: Final = frozenset({"", "as", "a", "assigned", "active", "in service", "protected"})
"""Uses under which a range is somebody's (``AS`` in the plan administrator's reports)."""

_CODE: Final = re.compile(r"\+?1?[-. ]?\(?([2-9][0-9]{2})\)?[-. /]?([2-9][0-9]{2})(?:[-. ]?([0-9A]))?(?:[-. ]?X+)?")
_NPA: Final = re.compile(r"[2-9][0-9]{2}")
_OCN: Final = re.compile(r"[A-Z0-9]{1,10}|")


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One range: ``prefix`` is country code and digits."""

    line: int
    prefix: str
    ocn: str
    company: str
    valid_from: date | None
    valid_to: date | None


def read_codes(data: bytes, *, where: str) -> Read[CodeRow]:
    """Read a file of code assignments."""
    return read_table(data, columns=COLUMNS, needs=NEEDS, row=_row, where=where)


def _row(cells: dict[str, str], line: int) -> CodeRow:
    if cells["use"].casefold() not in ASSIGNED:
        raise UnusableRow(f"use: {cells['use']!r} assigns it to nobody")
    ocn = cells["ocn"].upper()
    if ocn.isdigit():
        ocn = ocn.zfill(4)  # a spreadsheet takes the zeros off
    if not _OCN.fullmatch(ocn):
        raise UnusableRow(f"ocn: {cells['ocn']!r} is none")
    company = cells["company"][:200]
    if not ocn and not company:
        raise UnusableRow("ocn: empty, and no company")
    begins, ends = read_date(cells["valid_from"], what="valid_from"), read_date(cells["valid_to"], what="valid_to")
    if begins and ends and ends < begins:
        raise UnusableRow("valid_to: before valid_from")
    return CodeRow(line, _prefix(cells), ocn, company, begins, ends)


def _prefix(cells: dict[str, str]) -> str:
    if cells["code"]:
        if not (found := _CODE.fullmatch(cells["code"].upper())):
            raise UnusableRow(f"code: {cells['code']!r} is no NPA-NXX or NPA-NXX-X")
        npa, nxx, block = found.groups()
        block = block or cells["block"].upper()
    else:
        npa, nxx, block = cells["npa"], cells["nxx"], cells["block"].upper()
        if not _NPA.fullmatch(npa) or not _NPA.fullmatch(nxx):
            raise UnusableRow(f"npa, nxx: {npa!r} and {nxx!r} are no code")
    if block in ("", "A"):
        return f"1{npa}{nxx}"
    if len(block) != 1 or not block.isdecimal():
        raise UnusableRow(f"block: {block!r} is no digit")
    return f"1{npa}{nxx}{block}"
