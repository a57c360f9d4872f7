"""How likely an answer is to come late: an estimate whose every term is shown.

It begins with the share of the provider's earlier answers that were late, drawn towards everybody's share where
there are few (a Beta prior of weight :data:`PRIOR`). What is known to make answers slow then moves the
odds: how far upstream the provider stands, that it is abroad, how little of the office's clock is left. The
factors are a consortium's rule of thumb after the ITG's analysis of March 2022 (answers come slower the further
upstream, and from abroad); they are not measured here. It orders a list for a person; nothing follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["PRIOR", "Risk", "Term", "estimate"]

PRIOR: Final = 10
"""How many requests everybody's share counts for beside a provider's own."""

NEAR: Final = 3
"""Providers up to this place in the path answer as quickly as the first."""
UPSTREAM: Final = 1.15
"""Factor on the odds for each place beyond."""
ABROAD: Final = 1.8
HOURS_LEFT: Final = ((1.0, 3.0), (4.0, 1.6), (12.0, 1.0))
"""Fewer hours left on the clock than the first: the odds times the second."""
PLENTY: Final = 0.7
"""Factor where more is left than any of these."""
LEAST, MOST = 0.01, 0.99


@dataclass(frozen=True, slots=True)
class Term:
    """One thing the estimate rests on: what it is, and by which factor it moves the odds (None: the beginning)."""

    what: str
    value: str
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """``share`` is how many answers of ten like this one would be late, over ten; ``terms`` say why."""

    share: float
    terms: tuple[Term, ...]
    is_late: bool = False

    @property
    def in_ten(self) -> int:
        """The share in tenths: no more is known than that."""
        return round(self.share * 10)


def estimate(
    *,
    late: int,
    asked: int,
    everybody: float,
    place: int,
    is_foreign: bool,
    hours_left: float | None,
    is_late: bool = False,
) -> Risk:
    """How likely it is that an answer comes late.

    ``late`` of ``asked`` earlier requests of this provider were answered late or not at all, ``everybody`` is that
    share over all providers; ``place`` counts from 1 at the called party; ``hours_left`` are hours the office's
    clock still runs, None where it has not started.
    """
    share = (late + PRIOR * everybody) / (asked + PRIOR)
    terms = [
        Term("of its earlier requests late or not answered", f"{late} of {asked}"),
        Term(f"of everybody's, counted as {PRIOR} requests", f"{everybody:.0%}"),
        Term("so to begin with", f"{share:.0%}"),
    ]
    if is_late:
        return Risk(1.0, (*terms, Term("its deadline has passed", "late already")), is_late=True)
    odds = _odds(share)
    if (beyond := place - NEAR) > 0:
        odds *= UPSTREAM**beyond
        terms.append(Term("place in the path", f"{place}", UPSTREAM**beyond))
    if is_foreign:
        odds *= ABROAD
        terms.append(Term("answers from abroad", "yes", ABROAD))
    if hours_left is None:
        terms.append(Term("left on its clock", "not started"))
    else:
        factor = next((factor for least, factor in HOURS_LEFT if hours_left < least), PLENTY)
        odds *= factor
        terms.append(Term("left on its clock", f"{hours_left:.1f} h", factor))
    return Risk(min(MOST, max(LEAST, odds / (1 + odds))), tuple(terms))


def _odds(share: float) -> float:
    share = min(MOST, max(LEAST, share))
    return share / (1 - share)
