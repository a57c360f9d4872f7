"""What calls may violate, as codes with the words a reader sees and a citation.

The file is ``rules/<jurisdiction>/violations.toml``. What a person ticks when a call is taken on is a
code from here; it says what *appears* to be violated and is no finding.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import BadInput, NotFound
from hopback.rules.book import jurisdictions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Violation", "load_violations", "read_violations"]

FILE: Final = "violations.toml"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a call may violate: ``text`` in plain words, ``cite`` where it stands."""

    code: str
    text: str
    cite: str


@cache
def load_violations(jurisdiction: str = "us") -> Mapping[str, Violation]:
    """The violations of a jurisdiction by code, in the order of its file. Raises :class:`NotFound`."""
    if jurisdiction not in jurisdictions():
        raise NotFound(f"no rules for jurisdiction {jurisdiction!r}", where="jurisdiction")
    text = (resources.files(__package__) / jurisdiction / FILE).read_text(encoding="utf-8")
    return read_violations(text, where=f"rules/{jurisdiction}/{FILE}")


def read_violations(text: str, *, where: str = FILE) -> Mapping[str, Violation]:
    """Read and check a file. Raises :class:`BadInput` naming the table."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"not TOML: {error}", where=where, mend="correct the line named") from error
    found: dict[str, Violation] = {}
    for code, table in tables.items():
        words = table.get("text") if isinstance(table, dict) else None
        cite = table.get("cite") if isinstance(table, dict) else None
        if not isinstance(words, str) or not words or not isinstance(cite, str) or not cite:
            raise BadInput("needs a text and a cite", where=f"{where}[{code}]", mend="write both")
        found[code] = Violation(code, words, cite)
    return MappingProxyType(found)
