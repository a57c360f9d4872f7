"""Telephone numbers in SQL: the fast twin of :func:`hopback.kernel.numbers.parse_number`.

Four steps for each column, each a column of its own so that nothing is computed twice: :func:`value` and
:func:`is_plain` settle ten, eleven and ``+1`` digits by a cast alone; for the rest :func:`dialled` takes URIs and
technical prefixes off, and answers ``''`` for whatever it does not know; :func:`number` reads the digits by part two
of the ladder and hands those unknown spellings to the kernel's own parser.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from hopback.kernel.numbers import NANP_COUNTRIES, parse_number

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READER", "ROUTING", "dialled", "is_plain", "number", "reader", "routing", "routing_reader", "value"]

READER: Final = "read_number"
"""The SQL function that :func:`number` calls for spellings it does not know: :func:`reader` behind it."""
ROUTING: Final = "read_routing"
"""The SQL function that :func:`routing` calls: :func:`routing_reader` behind it."""
_KEEP: Final = 1 << 18
_AREA_DIGITS: Final = 3
_COMMON: Final = r'^(?i:sips?:|tel:)?((?:[0-9]+#)?\+?[0-9][0-9-]*)(?:[@;][^<>"\s]*)?$'


def value(text: str) -> str:
    """SQL for a spelling as an integer where it is one; NULL else."""
    return f"TRY_CAST({text} AS BIGINT)"


def is_plain(value: str, text: str) -> str:
    """SQL: ten digits from 2 on, eleven with the 1, or those with ``+``: what casts to the right range at its length.

    A cast takes an exponent for an integer too (``2345678e3``). In so few characters one can only end in two zeros
    or more, so only such numbers are searched for one.
    """
    full = f"CASE WHEN starts_with({text}, '+') THEN 12 ELSE 11 END"
    return (
        f"CASE WHEN {value} IS NULL THEN FALSE "
        f"WHEN {value} BETWEEN 12000000000 AND 19999999999 THEN strlen({text}) = {full} "
        f"AND CASE WHEN {value} % 100 <> 0 THEN TRUE ELSE NOT contains(lower({text}), 'e') END "
        f"WHEN {value} BETWEEN 2000000000 AND 9999999999 THEN strlen({text}) = 10 "
        f"AND CASE WHEN {value} % 100 <> 0 THEN TRUE ELSE NOT contains(lower({text}), 'e') END "
        f"ELSE FALSE END"
    )


def dialled(plain: str, text: str, *, home_country: str) -> str:
    """SQL for the digits dialled in a spelling that is not plain, ``''`` where only the kernel's parser can tell.

    NULL for a plain one and for none.
    """
    if home_country not in NANP_COUNTRIES:
        return f"CASE WHEN {text} IS NULL THEN NULL ELSE '' END"
    user = f"regexp_extract({text}, '{_COMMON}', 1)"
    stripped = f"regexp_replace(replace({user}, '-', ''), '^[0-9]+#', '')"
    return (
        f"CASE WHEN {plain} OR {text} IS NULL THEN NULL "
        f"WHEN contains(lower({text}), 'context') THEN '' ELSE {stripped} END"
    )


def number(value: str, plain: str, digits: str, text: str, *, home_country: str, area_code: str | None) -> str:
    """SQL for the E.164 number (BIGINT) of a spelling, NULL where there is none.

    ``value``, ``plain`` and ``digits`` are what :func:`value`, :func:`is_plain` and :func:`dialled` gave for ``text``.
    """
    if home_country not in NANP_COUNTRIES:
        return f"CASE WHEN {digits} IS NULL THEN NULL ELSE {READER}({text}) END"
    has_area = area_code is not None and len(area_code) == _AREA_DIGITS
    local = f"TRY_CAST('1{area_code}' || {digits} AS BIGINT)" if has_area else f"{READER}({text})"
    whole = f"TRY_CAST({digits} AS BIGINT)"
    after = {count: _good(f"substr({digits}, {count + 1})") for count in (1, 2, 3)}
    return (
        f"CASE WHEN {plain} THEN {value} + 10000000000 * CAST({value} < 10000000000 AS BIGINT) "
        f"WHEN {digits} IS NULL THEN NULL "
        f"WHEN {digits} = '' THEN {READER}({text}) "
        f"WHEN starts_with({digits}, '+0') THEN {READER}({text}) "
        f"WHEN starts_with({digits}, '+') THEN {after[1]} "
        f"WHEN strlen({digits}) <= 6 THEN NULL "
        f"WHEN starts_with({digits}, '011') THEN {after[3]} "
        f"WHEN starts_with({digits}, '00') THEN {after[2]} "
        f"WHEN strlen({digits}) = 11 AND starts_with({digits}, '1') THEN {whole} "
        f"WHEN strlen({digits}) = 11 AND {digits} BETWEEN '02' AND '0a' THEN 10000000000 + {whole} "
        f"WHEN {digits} < '2' THEN NULL "
        f"WHEN strlen({digits}) = 10 THEN 10000000000 + {whole} "
        f"WHEN strlen({digits}) = 7 THEN {local} "
        f"WHEN strlen({digits}) BETWEEN 11 AND 15 THEN {whole} "
        f"ELSE NULL END"
    )


def routing(plain: str, text: str) -> str:
    """SQL for the location routing number that stands in a spelling (``;rn=``, RFC 4694), NULL mostly."""
    return f"CASE WHEN {plain} THEN NULL WHEN contains(lower({text}), 'rn=') THEN {ROUTING}({text}) ELSE NULL END"


def reader(*, home_country: str, area_code: str | None) -> Callable[[str | None], int | None]:
    """The kernel's parser for one source, remembering what it read."""

    @lru_cache(_KEEP)
    def read(spelling: str | None) -> int | None:
        return parse_number(spelling, home_country=home_country, area_code=area_code).e164

    return read


def routing_reader(*, home_country: str, area_code: str | None) -> Callable[[str | None], int | None]:
    """The kernel's reading of a location routing number, for one source."""

    @lru_cache(_KEEP)
    def read(spelling: str | None) -> int | None:
        return parse_number(spelling, home_country=home_country, area_code=area_code).lrn

    return read


def _good(digits: str) -> str:
    """What the ladder calls good: 7 to 15 digits, no leading 0, eleven when the first is 1."""
    return (
        f"CASE WHEN strlen({digits}) NOT BETWEEN 7 AND 15 OR starts_with({digits}, '0') "
        f"OR (starts_with({digits}, '1') AND strlen({digits}) <> 11) THEN NULL ELSE TRY_CAST({digits} AS BIGINT) END"
    )
