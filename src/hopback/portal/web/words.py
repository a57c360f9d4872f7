"""Text as it is searched: small letters without accents, numbers as their digits, and what of it was hit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Piece", "number_words", "score", "snippet", "tokens", "words_of"]

LONGEST_WORD: Final = 64
MOST_TOKENS: Final = 8
LONGEST: Final = 60_000
"""Characters of one thing that are indexed."""

AROUND: Final = 90
"""Characters shown before and after the first hit."""

_WORD: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"(?<![\w])\+?\d[\d\s().\-/]{5,22}\d(?![\w])")
LEAST_DIGITS, MOST_DIGITS = 7, 15


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a snippet; ``is_hit`` where it is what was sought."""

    text: str
    is_hit: bool


def plain(text: str) -> str:
    """In small letters, without accents."""
    stripped = (one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    return "".join(stripped)


def number_words(text: str) -> list[str]:
    """The telephone numbers in a text, however they are written, as digits: whole, and without the country's code."""
    found: list[str] = []
    for match in _NUMBER.finditer(text):
        digits = "".join(one for one in match[0] if one.isdigit())
        if LEAST_DIGITS <= len(digits) <= MOST_DIGITS and not _is_date(match[0]):
            found += [digits, *_national(digits)]
    return found


def words_of(text: str) -> str:
    """The words by which a text is found, with its numbers in each form."""
    text = text[:LONGEST]
    words = [one[:LONGEST_WORD] for one in _WORD.findall(plain(text))]
    return " ".join((*words, *number_words(text)))


def tokens(query: str) -> list[str]:
    """What somebody seeks, word by word. A number is one word, however it is written."""
    query = query[:200]
    found: list[str] = []
    for match in _NUMBER.finditer(query):
        digits = "".join(one for one in match[0] if one.isdigit())
        if LEAST_DIGITS <= len(digits) <= MOST_DIGITS and not _is_date(match[0]):
            found.append(
                (_national(digits) or [digits])[0] if match[0].lstrip().startswith("+") else _without_one(digits)
            )
            query = query.replace(match[0], " ", 1)
    found += [one[:LONGEST_WORD] for one in _WORD.findall(plain(query))]
    return list(dict.fromkeys(found))[:MOST_TOKENS]


def score(sought: Sequence[str], title: str, body: str) -> float:
    """How well a thing fits: whole words before beginnings of words, its title before its text."""
    in_title, in_body = title.split(), body.split()
    total = 0.0
    for token in sought:
        total += max(_best(token, in_title, whole=6.0, part=4.0), _best(token, in_body, whole=2.0, part=1.0))
    return total


def snippet(sought: Sequence[str], text: str) -> list[Piece]:
    """Some of a text around its first hit, cut in pieces; its beginning where none of it was hit."""
    hits = [match for match in _spans(text) if any(one.startswith(token) for token in sought for one in match[2])]
    start = max(0, hits[0][0] - AROUND) if hits else 0
    end = min(len(text), (hits[0][1] if hits else 0) + 2 * AROUND)
    pieces = [Piece("…", is_hit=False)] if start else []
    here = start
    for first, last, _ in hits:
        if first < here or last > end:
            continue
        pieces += [Piece(text[here:first], is_hit=False), Piece(text[first:last], is_hit=True)]
        here = last
    pieces.append(Piece(text[here:end] + ("…" if end < len(text) else ""), is_hit=False))
    return [piece for piece in pieces if piece.text]


def _spans(text: str) -> Iterable[tuple[int, int, list[str]]]:
    """Each word and number of a text with where it stands and the words it is found by."""
    numbers = [(match.start(), match.end(), number_words(match[0])) for match in _NUMBER.finditer(text)]
    words = [(match.start(), match.end(), [plain(match[0])]) for match in _WORD.finditer(text)]
    return sorted([one for one in numbers if one[2]] + words, key=lambda one: (one[0], -one[1]))


def _best(token: str, words: Sequence[str], *, whole: float, part: float) -> float:
    if token in words:
        return whole
    return part if any(word.startswith(token) for word in words) else 0.0


def _national(digits: str) -> list[str]:
    if len(digits) == 11 and digits.startswith("1"):  # noqa: PLR2004 -- 1 and the ten digits of North America
        return [digits[1:]]
    try:
        number = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return []
    national = phonenumbers.national_significant_number(number)
    return [national] if phonenumbers.is_possible_number(number) and national != digits else []


def _without_one(digits: str) -> str:
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits  # noqa: PLR2004 -- as above


def _is_date(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}(\s\d{1,2})?", text.strip()) is not None
