"""Names, numbers and addresses brought to the form in which two spellings of one thing are equal."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from hopback.kernel.numbers import parse_number
from hopback.portal.directory.models import ClaimKind

__all__ = ["KEY_MOST", "address_key", "claim_key", "clean", "name_key", "phone_key", "site_key", "words"]

KEY_MOST: Final = 200

LEGAL_FORMS: Final = frozenset({
    "inc", "incorporated", "llc", "llp", "lp", "lllp", "pllc", "corp", "corporation", "co", "company", "ltd", "limited",
    "plc", "pbc", "pc", "gmbh", "ag", "sa", "sarl", "srl", "sl", "bv", "nv", "ab", "as", "oy", "pty", "pvt", "private",
    "sapi", "cv", "de", "the", "dba",
})  # fmt: skip
"""Words that say what kind of company it is, not which."""

ABBREVIATIONS: Final = {
    "street": "st", "avenue": "ave", "boulevard": "blvd", "road": "rd", "drive": "dr", "lane": "ln", "suite": "ste",
    "floor": "fl", "highway": "hwy", "parkway": "pkwy", "court": "ct", "place": "pl", "north": "n", "south": "s",
    "east": "e", "west": "w", "apartment": "apt", "building": "bldg", "circle": "cir", "square": "sq", "room": "rm",
}  # fmt: skip
"""Words of an address that are mostly written short (USPS Publication 28, appendices B and C)."""

NAMES: Final = frozenset({ClaimKind.LEGAL_NAME, ClaimKind.DBA, ClaimKind.FORMER_NAME, ClaimKind.PRINCIPAL})

_APART: Final = re.compile(r"[^\w]+|_")
_DOTTED: Final = re.compile(r"\b(\w)\.(?=\w\b|\w\.)")
_SITE: Final = re.compile(r"^(?:https?://)?(?:www\.)?([^/:?#\s]+)", re.IGNORECASE)


def clean(text: str) -> str:
    """Text that every database keeps: no NUL, no half surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode()


def words(text: str) -> tuple[str, ...]:
    """The words of a text, without accents, case and punctuation; ``L.L.C.`` and ``AT&T`` are one word each."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    plain = _DOTTED.sub(r"\1", plain).replace("'", "").replace("\u2019", "")
    return tuple(word for word in _APART.split(re.sub(r"(?<=\w)&(?=\w)", "", plain)) if word)


def name_key(text: str) -> str:
    """A company's or a person's name without what says only its legal form."""
    found = words(text)
    kept = tuple(word for word in found if word not in LEGAL_FORMS)
    return " ".join(kept or found)[:KEY_MOST]


def phone_key(text: str) -> str:
    """A phone number's digits, country code first where it can be told."""
    number = parse_number(text)
    return str(number.e164) if number.e164 is not None else "".join(filter(str.isdigit, text))


def address_key(text: str) -> str:
    """An address with its usual words written short."""
    return " ".join(ABBREVIATIONS.get(word, word) for word in words(text))[:KEY_MOST]


def site_key(text: str) -> str:
    """The host of a web address, or what follows the ``@`` of a mailbox."""
    found = _SITE.match(text.strip().rpartition("@")[2])
    return found.group(1).casefold()[:KEY_MOST] if found else ""


def claim_key(kind: str, value: str) -> str:
    """What a claim's value is compared by; never empty."""
    if kind in NAMES:
        key = name_key(value)
    elif kind == ClaimKind.PHONE:
        key = phone_key(value)
    elif kind == ClaimKind.ADDRESS:
        key = address_key(value)
    elif kind == ClaimKind.WEBSITE:
        key = site_key(value)
    elif kind == ClaimKind.MAILBOX:
        key = value.strip().casefold()
    else:
        key = "".join(value.split()).upper()
    return (key or value.strip().casefold())[:KEY_MOST]
