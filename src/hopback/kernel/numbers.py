"""Telephone numbers as switches, gateways and people write them, brought to one form.

:func:`parse_number` reads any spelling and never raises on one. What it takes for granted on the
way is listed in :attr:`Number.assumptions`, so that a doubtful match can say what it rests on.

The ladder
----------

Every rung is a pattern on a string; the first rung that fits decides. Bulk loading has a twin of
this ladder in SQL, held to it by a test, so a rung that cannot be said as one ``CASE`` branch does
not belong here. The patterns are public constants for the twin's sake.

Part one finds the string that was dialled (``text`` starts as the raw value, trimmed):

1. :data:`NAME_ADDR`: with a ``<``, ``text`` is what stands between it and the next ``>``, the words
   before it are the display name; without one, a pair of quotes around ``text`` goes.
2. :data:`SCHEME`: a leading ``sip:``, ``sips:`` or ``tel:`` goes (RFC 3261 section 19.1, RFC 3966).
3. :data:`ROUTING_NUMBER` (``;rn=``, RFC 4694) and :data:`PHONE_CONTEXT` (``;phone-context=+…``,
   RFC 3966 section 5.1.5) are read anywhere in ``text``.
4. ``user`` is ``text`` before the first of ``@ ; ? :``.
5. ``user`` like an IPv4 address (:data:`DOTTED_QUAD`): **malformed**.
6. :data:`ESCAPES` are decoded; :data:`SEPARATORS` are dropped; this is ``dial``.
7. ``dial`` is empty or, in lower case, one of :data:`EMPTY_WORDS`: **empty**.
8. ``dial`` in lower case is one of :data:`ANONYMOUS_WORDS`: **anonymous**.
9. :data:`TERMINATOR`: an end-of-dialling sign after the last digit goes (``#``, or the ``F`` of ISUP).
10. :data:`SERVICE_CODE`: ``*67`` before seven digits or more is taken off (``service_code``); else
    :data:`TECH_PREFIX`: what ends at the last ``#`` or ``*`` before three digits or more is (``tech_prefix``).
11. What remains is only ``*`` and ``#`` with digits: **short code**; has anything but digits after an
    optional ``+``: **malformed**.

Part two reads the digits, here for a home country in the North American plan (country code 1).
"Good" means 7 to 15 digits, no leading 0, and exactly eleven when the first digit is 1
(ITU-T E.164 section 6):

1. no ``+`` and at most six digits: **short code** (an extension, 911, a text code);
2. ``+`` and no 0 after it: these digits if good, else **malformed**; before a 0 the ``+`` is ignored;
3. ``011``: the digits after it if good, else **malformed**;
4. ``00``: the same;
5. eleven digits, the first 1: as they are (``home_country``);
6. a phone context: its digits, then these without one leading 0, if good (``phone_context``);
7. 0 and ten digits that begin with 2 to 9, an operator-assisted call: 1 and the ten (``home_country``,
   ``trunk_prefix``);
8. ten digits that begin with 2 to 9: 1 and the ten (``home_country``);
9. seven digits that begin with 2 to 9: 1, the area code, the seven (``home_country``, ``area_code``);
   **local** where no area code is known;
10. eleven to fifteen digits that begin with 2 to 9: as they are (``no_plus``);
11. anything else: **malformed**.

Area and exchange codes are not checked against the plan: callers that hide behind numbers nobody
holds are what is looked for.

For any other home country rungs 1, 2, 4 and 6 stay, the country's own international prefix takes
the place of ``011``, and in place of the rest libphonenumber's plan of that country decides about trunk
prefix and lengths. These are too many to be written twice: a twin hands the distinct spellings
of such a source to :func:`parse_number`.

Last, where the user part gave **empty** or **malformed** and the display name by itself reads as a
number of ten digits or more, that number stands (``display_name``): some gateways put it nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NANP_COUNTRIES",
    "Number",
    "NumberKind",
    "format_e164",
    "neighbours",
    "parse_number",
    "read_e164",
    "same_subscriber",
]

NAME_ADDR: Final = re.compile(r'^\s*("(?:[^"\\]|\\.)*"|[^<]*)\s*<([^<>]*)')
SCHEME: Final = re.compile(r"^(?:sips?|tel):", re.IGNORECASE)
ROUTING_NUMBER: Final = re.compile(r";rn=([^;@?,\s]*)", re.IGNORECASE)
PHONE_CONTEXT: Final = re.compile(r";phone-context=(?:\+|%2B)([0-9.()-]+)", re.IGNORECASE)
USER: Final = re.compile(r"^[^@;?:]*")
DOTTED_QUAD: Final = re.compile(r"^\s*[0-9]{1,3}(?:\.[0-9]{1,3}){3}\s*$")
ESCAPES: Final[Mapping[str, str]] = {
    "%2b": "+", "%23": "#", "%2a": "*", "%20": "", "%28": "", "%29": "", "%2d": "", "%2e": "", "%2f": "",
}  # fmt: skip
"""Percent escapes of what may stand in a dialled string; an escaped separator is dropped like a plain one."""
SEPARATORS: Final = (
    " \t\r\n-.()/"
    "\u00a0\u2007\u202f"  # spaces that do not break
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"  # hyphens, dashes, minus
    # what an address book copies along without showing it
    "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
"""Characters that structure a number for the eye and mean nothing (RFC 3966 section 5.1.1 and what people paste)."""
EMPTY_WORDS: Final = frozenset({"", "na", "null", "none", "nil", "\\n", "<null>", "undefined"})
ANONYMOUS_WORDS: Final = frozenset({
    "anonymous", "anonymousinvalid", "restricted", "unknown", "unavailable", "notavailable", "private", "privacy",
    "withheld", "blocked", "hidden", "nocallerid", "outofarea", "idunavailable", "callerunknown", "p", "o",
})  # fmt: skip
"""How "there is no number to show" is written, separators dropped; ``p`` and ``o`` are private and out-of-area
in caller-ID data messages (Telcordia GR-30)."""
TERMINATOR: Final = re.compile(r"(?<=[0-9])[#Ff]$")
SERVICE_CODE: Final = re.compile(r"^(\*[0-9]{2})(\+?[0-9]{7,})$")
TECH_PREFIX: Final = re.compile(r"^(\+?[0-9*#]*[*#])(\+?[0-9]{3,})$")
DIGITS: Final = re.compile(r"^\+?[0-9]+$")
KEYS: Final = re.compile(r"^[0-9*#]+$")

NANP_COUNTRIES: Final = frozenset({
    "US", "CA", "AG", "AI", "AS", "BB", "BM", "BS", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC", "MP", "MS", "PR",
    "SX", "TC", "TT", "VC", "VG", "VI",
})  # fmt: skip
"""Countries and territories that share country code 1 (ISO 3166-1 codes)."""

SHORT_MOST: Final = 6
E164_LEAST: Final = 7
E164_MOST: Final = 15
NANP_FULL: Final = 11
NANP_NATIONAL: Final = 10
TEN_DIGITS: Final = 10**10

_PLAIN_NANP: Final = re.compile(r"^(\+)?(1?)([2-9][0-9]{9})$")
_STRICT: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_AREA: Final = re.compile(r"^[0-9]{1,5}$")
_DROP: Final = str.maketrans("", "", SEPARATORS)
_ESCAPE: Final = re.compile("|".join(ESCAPES), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of part two: digits that fit ``pattern`` are ``before`` and its group, if that is good."""

    pattern: re.Pattern[str]
    before: str
    assumptions: tuple[str, ...]


NANP_FULL_RUNGS: Final = (
    Rung(re.compile(r"^011([0-9]*)$"), "", ()),
    Rung(re.compile(r"^00([0-9]*)$"), "", ()),
    Rung(re.compile(r"^(1[0-9]{10})$"), "", ("home_country",)),
)
"""Rungs 3 to 5 of part two, which stand before the phone context."""
NANP_HOME_RUNGS: Final = (
    Rung(re.compile(r"^0([2-9][0-9]{9})$"), "1", ("home_country", "trunk_prefix")),
    Rung(re.compile(r"^([2-9][0-9]{9})$"), "1", ("home_country",)),
    Rung(re.compile(r"^([2-9][0-9]{10,14})$"), "", ("no_plus",)),
)
"""Rungs 7, 8 and 10 of part two."""
NANP_LOCAL: Final = re.compile(r"^[2-9][0-9]{6}$")
"""Rung 9 of part two."""


class NumberKind(StrEnum):
    """What a spelling turned out to be."""

    E164 = "e164"
    """A number with its country code."""
    ANONYMOUS = "anonymous"
    """The caller's number was withheld or did not arrive."""
    SHORT_CODE = "short_code"
    """An extension, a service or emergency code, a text code: means nothing outside its network."""
    LOCAL = "local"
    """A subscriber number whose area code is not known."""
    MALFORMED = "malformed"
    """No number can be read from it."""
    EMPTY = "empty"
    """Nothing was written."""


@dataclass(frozen=True, slots=True)
class Number:
    """One spelling of a number, read.

    ``e164`` is digits without ``+``, set for :attr:`NumberKind.E164` alone. ``lrn`` is the location
    routing number that came along (``;rn=``), ``display_name`` the words before the angle brackets,
    ``was_prefix`` the technical prefix or service code that was taken off. ``assumptions`` are
    codes of what the reading takes for granted: ``home_country``, ``area_code``, ``trunk_prefix``,
    ``tech_prefix``, ``service_code``, ``phone_context``, ``no_plus``, ``display_name``.
    """

    raw: str
    kind: NumberKind
    e164: int | None = None
    lrn: int | None = None
    display_name: str | None = None
    was_prefix: str | None = None
    assumptions: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether it can be compared with other numbers."""
        return self.e164 is not None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the digits alone say."""

    kind: NumberKind
    e164: int | None = None
    assumptions: tuple[str, ...] = ()


_MALFORMED: Final = _Reading(NumberKind.MALFORMED)
_SHORT: Final = _Reading(NumberKind.SHORT_CODE)


def parse_number(raw: str | None, *, home_country: str = "US", area_code: str | None = None) -> Number:
    """Read one spelling by the ladder in the module's docstring.

    ``home_country`` (ISO 3166-1, two letters) is where the switch stands; ``area_code`` completes
    local numbers. Never raises on ``raw``; None counts as empty. Raises :class:`BadInput` for
    a home country or area code that cannot be.
    """
    if raw is None:
        return Number("", NumberKind.EMPTY)
    is_nanp = home_country in NANP_COUNTRIES
    if is_nanp and (plain := _PLAIN_NANP.match(raw)):
        plus, one, national = plain.groups()
        if one or not plus:
            return Number(raw, NumberKind.E164, int(f"1{national}"), assumptions=() if plus else ("home_country",))
    if not is_nanp:
        _check_country(home_country)
    if area_code is not None and not _AREA.match(area_code):
        raise BadInput(
            f"area code {area_code!r} is not a number of up to five digits",
            where="area_code",
            mend='write the digits alone, like "212"',
        )
    text, display_name = _address(raw)
    number = _read_text(text, raw=raw, display_name=display_name, home=home_country, area_code=area_code)
    if number.kind in (NumberKind.EMPTY, NumberKind.MALFORMED) and display_name:
        digits = display_name.translate(_DROP)
        if DIGITS.match(digits) and len(digits.lstrip("+")) >= NANP_NATIONAL:
            reading = _read_digits(digits, context=None, home=home_country, area_code=area_code)
            if reading.e164 is not None:
                assumptions = ("display_name", *reading.assumptions)
                return Number(raw, reading.kind, reading.e164, number.lrn, display_name, None, assumptions)
    return number


def format_e164(number: int) -> str:
    """Write digits the way this project writes numbers: ``+`` first, no separators."""
    if number <= 0 or number >= 10**E164_MOST:
        raise BadInput(f"{number} is not an E.164 number", mend="give country code and number, at most 15 digits")
    return f"+{number}"


def read_e164(text: str, *, where: str = "") -> int:
    """Read a number out of our own inputs, where only E.164 with ``+`` is good (digits without ``+`` come back).

    Raises :class:`BadInput` that names ``where`` and what to write instead.
    """
    if not _STRICT.fullmatch(text):
        raise BadInput(
            f"{text!r} is not a number in E.164 form",
            where=where,
            mend="write +, the country code and the number without spaces, like +12025550143",
        )
    return int(text[1:])


def same_subscriber(one: int, other: int) -> bool:
    """Whether two numbers mean one subscriber line.

    They do when equal, and when they share the last ten digits of a North American number, one of
    them is that number in full (or its ten digits alone) and the other is it with something more in
    front: a prefix that two switches agreed on. A number that is valid in another country's plan is not
    a North American one with a prefix, whatever its last digits.
    """
    if one == other:
        return True
    short, long = sorted((one, other))
    if short % TEN_DIGITS != long % TEN_DIGITS or short % TEN_DIGITS < 2 * 10**9:
        return False
    if short // TEN_DIGITS > 1:  # neither the ten digits alone nor 1 and the ten
        return False
    return long // TEN_DIGITS == 1 or not _is_valid_abroad(long)


def neighbours(one: int, other: int) -> bool:
    """Whether two North American numbers share area code and exchange (NPA-NXX), equal ones included.

    A caller ID taken next to the called number makes a stranger look like a neighbour.
    """
    return one // TEN_DIGITS == 1 and one // 10**4 == other // 10**4


def _address(raw: str) -> tuple[str, str | None]:
    """Part one, rungs 1 and 2: the address without brackets and scheme, and the display name."""
    text, name = raw.strip(), None
    if match := NAME_ADDR.match(text):
        name = _unquoted(match[1]).replace('\\"', '"') or None
        text = match[2]
    else:
        text = _unquoted(text)
    return SCHEME.sub("", text.strip()), name


def _unquoted(text: str) -> str:
    """Without one pair of quotes around it, double or single."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return text.strip()


def _read_text(text: str, *, raw: str, display_name: str | None, home: str, area_code: str | None) -> Number:
    """Part one from rung 3 on, then part two."""
    routing = ROUTING_NUMBER.search(text)
    lrn = None
    if routing:
        digits = _dial(routing[1])
        if DIGITS.match(digits):
            lrn = _read_digits(digits, context=None, home=home, area_code=area_code).e164
    context = PHONE_CONTEXT.search(text)
    match = USER.match(text)
    user = match[0] if match else ""

    def as_kind(kind: NumberKind) -> Number:
        return Number(raw, kind, lrn=lrn, display_name=display_name)

    if DOTTED_QUAD.match(user):
        return as_kind(NumberKind.MALFORMED)
    dial = _dial(user)
    if dial.lower() in EMPTY_WORDS:
        return as_kind(NumberKind.EMPTY)
    if dial.lower() in ANONYMOUS_WORDS:
        return as_kind(NumberKind.ANONYMOUS)
    dial = TERMINATOR.sub("", dial)
    prefix: str | None = None
    assumption: tuple[str, ...] = ()
    if service := SERVICE_CODE.match(dial):
        prefix, dial = service.groups()
        assumption = ("service_code",)
    elif tech := TECH_PREFIX.match(dial):
        prefix, dial = tech.groups()
        assumption = ("tech_prefix",)
    if not DIGITS.match(dial):
        return as_kind(NumberKind.SHORT_CODE if KEYS.match(dial) else NumberKind.MALFORMED)
    inside = context[1].translate(_DROP) if context else None
    reading = _read_digits(dial, context=inside, home=home, area_code=area_code)
    return Number(raw, reading.kind, reading.e164, lrn, display_name, prefix, assumption + reading.assumptions)


def _dial(user: str) -> str:
    return _ESCAPE.sub(lambda match: ESCAPES[match[0].lower()], user).translate(_DROP)


def _read_digits(dial: str, *, context: str | None, home: str, area_code: str | None) -> _Reading:
    """Part two: ``dial`` is digits with an optional ``+``."""
    if dial[0] == "+":
        if dial[1] != "0":
            return _good(dial[1:])
        dial = dial[1:]
    elif len(dial) <= SHORT_MOST:
        return _SHORT
    if home not in NANP_COUNTRIES:
        return _read_abroad(dial, context=context, home=home, area_code=area_code)
    if reading := _climb(dial, NANP_FULL_RUNGS):
        return reading
    if context:
        return _good(context + dial.removeprefix("0"), "phone_context")
    if reading := _climb(dial, NANP_HOME_RUNGS):
        return reading
    if not NANP_LOCAL.match(dial):
        return _MALFORMED
    if area_code is None:
        return _Reading(NumberKind.LOCAL)
    return _good(f"1{area_code}{dial}", "home_country", "area_code")


def _climb(dial: str, rungs: tuple[Rung, ...]) -> _Reading | None:
    for rung in rungs:
        if match := rung.pattern.match(dial):
            return _good(rung.before + match[1], *rung.assumptions)
    return None


def _good(digits: str, *assumptions: str) -> _Reading:
    """These digits as an E.164 number, if they can be one."""
    if not E164_LEAST <= len(digits) <= E164_MOST or digits[0] == "0":
        return _MALFORMED
    if digits[0] == "1" and len(digits) != NANP_FULL:
        return _MALFORMED
    return _Reading(NumberKind.E164, int(digits), assumptions)


def _read_abroad(dial: str, *, context: str | None, home: str, area_code: str | None) -> _Reading:
    """Part two for a home country outside the North American plan, by libphonenumber's metadata."""
    # Loading the library takes longer than reading a million North American numbers is worth to a command's start.
    import phonenumbers  # noqa: PLC0415

    international, trunk = _prefixes(home)
    if prefix := re.match(international, dial) if international else None:
        return _good(dial[prefix.end() :])
    if dial.startswith("00"):
        return _good(dial[2:])
    if context:
        return _good(context + dial.removeprefix("0"), "phone_context")
    try:
        parsed = phonenumbers.parse(dial, home)
    except phonenumbers.NumberParseException:
        return _good(dial, "no_plus") if len(dial) >= NANP_FULL else _MALFORMED
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE:
        digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
        if digits == dial:
            return _good(digits, "no_plus")
        was_trunk = bool(trunk) and dial.startswith(trunk) and digits == f"{parsed.country_code}{dial[len(trunk) :]}"
        return _good(digits, "home_country", *(("trunk_prefix",) if was_trunk else ()))
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        if area_code is None:
            return _Reading(NumberKind.LOCAL)
        return _good(f"{parsed.country_code}{area_code.removeprefix(trunk)}{dial}", "home_country", "area_code")
    return _good(dial, "no_plus") if len(dial) >= NANP_FULL else _MALFORMED


@cache
def _prefixes(home: str) -> tuple[str, str]:
    """The pattern of the international prefix and the trunk prefix; either may be empty."""
    from phonenumbers import PhoneMetadata  # noqa: PLC0415

    plan = PhoneMetadata.metadata_for_region(home)
    return (plan.international_prefix or "", plan.national_prefix or "") if plan else ("", "")


@cache
def _check_country(home: str) -> None:
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415

    if home not in SUPPORTED_REGIONS:
        raise BadInput(
            f"{home!r} is not a country with a number plan",
            where="home_country",
            mend='write the two capital letters of ISO 3166-1, like "US"',
        )


@cache
def _is_valid_abroad(number: int) -> bool:
    import phonenumbers  # noqa: PLC0415

    if number >= 10**E164_MOST:
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{number}"))
    except phonenumbers.NumberParseException:
        return False
