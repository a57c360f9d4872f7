"""A jurisdiction's book of rules: values with the day they came into force and where they stand.

The file is ``rules/<jurisdiction>/book.toml``. Each table is one value::

    [response_hours]
    cite = "47 CFR 64.1200(n)(1)"     # "" only for a choice
    grade = "rule"                    # rule | reading | choice
    note = "…"                        # needed unless it is a rule
    "2024-01-08" = 24                 # in force from that day, until the next dated line
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final

from hopback.kernel.errors import BadInput, NotFound

__all__ = ["Grade", "InForce", "Rule", "RuleBook", "jurisdictions", "load_book", "read_book"]

BOOK: Final = "book.toml"
WORDS: Final = frozenset({"cite", "grade", "note"})


class Grade(StrEnum):
    """How firmly a value stands."""

    RULE = "rule"
    """The cited text fixes it."""
    READING = "reading"
    """The cited text leaves it open; the note says how it is read here."""
    CHOICE = "choice"
    """No rule: a default that a consortium may replace."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One value in force: what it is, where it stands, since when, and how firmly."""

    key: str
    value: Any
    cite: str
    since: date
    grade: Grade
    note: str = ""


class InForce(Mapping[str, Rule]):
    """What a book says on one day: key → :class:`Rule`.

    A key that the book does not have, or that was not in force yet, raises :class:`NotFound`.
    """

    def __init__(self, rules: Mapping[str, Rule], *, jurisdiction: str, day: date, later: Mapping[str, date]) -> None:
        self._rules = dict(rules)
        self._later = dict(later)
        self.jurisdiction = jurisdiction
        self.day = day

    def __getitem__(self, key: str) -> Rule:
        if key in self._rules:
            return self._rules[key]
        if key in self._later:
            raise NotFound(
                f"{key} was not in force on {self.day} in {self.jurisdiction!r}",
                where=key,
                mend=f"the book begins on {self._later[key]}",
            )
        raise NotFound(
            f"the book of {self.jurisdiction!r} has no {key!r}",
            where=key,
            mend=f"it has {', '.join(sorted({*self._rules, *self._later}))}",
        )

    def __contains__(self, key: object) -> bool:
        return key in self._rules

    def get(self, key: str, default: Any = None) -> Any:
        """The rule, or ``default`` where there is none in force."""
        return self._rules.get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All values of a jurisdiction, each with its history, oldest first."""

    jurisdiction: str
    histories: Mapping[str, tuple[Rule, ...]]

    def at(self, day: date) -> InForce:
        """What is in force on ``day``; of an instant, its own calendar day as written."""
        day = day.date() if isinstance(day, datetime) else day
        rules: dict[str, Rule] = {}
        later: dict[str, date] = {}
        for key, history in self.histories.items():
            begun = [rule for rule in history if rule.since <= day]
            if begun:
                rules[key] = begun[-1]
            else:
                later[key] = history[0].since
        return InForce(rules, jurisdiction=self.jurisdiction, day=day, later=later)


def jurisdictions() -> tuple[str, ...]:
    """The jurisdictions there are, by the names of their folders."""
    root = resources.files(__package__)
    return tuple(sorted(entry.name for entry in root.iterdir() if entry.is_dir() and (entry / BOOK).is_file()))


@cache
def load_book(jurisdiction: str = "us") -> RuleBook:
    """The book of a jurisdiction. Raises :class:`NotFound` that lists the ones there are."""
    there_are = jurisdictions()
    if jurisdiction not in there_are:
        raise NotFound(
            f"no rules for jurisdiction {jurisdiction!r}",
            where="jurisdiction",
            mend=f"there are: {', '.join(there_are)}",
        )
    text = (resources.files(__package__) / jurisdiction / BOOK).read_text(encoding="utf-8")
    return read_book(text, jurisdiction=jurisdiction, where=f"rules/{jurisdiction}/{BOOK}")


def read_book(text: str, *, jurisdiction: str, where: str = BOOK) -> RuleBook:
    """Read a book and check it. Raises :class:`BadInput` naming the table and what to write."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"not TOML: {error}", where=where, mend="correct the line named") from error
    return RuleBook(jurisdiction, {key: _history(key, table, where=f"{where}[{key}]") for key, table in tables.items()})


def _history(key: str, table: Any, *, where: str) -> tuple[Rule, ...]:
    if not isinstance(table, dict):
        raise BadInput("a value without its own table", where=where, mend="write a [table] with cite and dated lines")
    cite, note = table.get("cite"), table.get("note", "")
    try:
        grade = Grade(table.get("grade", ""))
    except ValueError as error:
        raise BadInput(
            "grade is missing or unknown",
            where=where,
            mend=f"write one of {', '.join(Grade)}",
        ) from error
    if not isinstance(cite, str) or (not cite and grade is not Grade.CHOICE):
        raise BadInput("no citation", where=where, mend="write cite = where the value stands")
    if not isinstance(note, str) or (not note and grade is not Grade.RULE):
        raise BadInput(f"a {grade} without a note", where=where, mend="write note = why it is so here")
    rules = [
        Rule(key, value, cite, _day(since, where=where), grade, note)
        for since, value in table.items()
        if since not in WORDS
    ]
    if not rules:
        raise BadInput("no dated line", where=where, mend='write one like "2024-01-08" = 24')
    return tuple(sorted(rules, key=lambda rule: rule.since))


def _day(text: str, *, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            f"{text!r} is neither a date nor one of {', '.join(sorted(WORDS))}",
            where=where,
            mend='write the day a value came into force, like "2024-01-08"',
        ) from error
