"""How each way a trace can end is said and drawn: words, a colour and a shape, so that none carries it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ENDINGS", "Ending", "dark_rules", "ending_of", "key_of"]


@dataclass(frozen=True, slots=True)
class Ending:
    """One outcome for a reader.

    ``title`` heads a group of calls, ``label`` stands beside the mark, ``meaning`` explains it and
    ``next`` says what happens now. ``colour`` is for white paper and ``dark_colour`` for black, each
    with a contrast of 4.5 to 1 or more; ``mark`` is the outline of a shape in a box of 20 by 20.
    """

    title: str
    label: str
    meaning: str
    next: str
    colour: str
    dark_colour: str
    mark: str


_DISC = "M10 1a9 9 0 1 0 .01 0z"
_RING = "M10 1a9 9 0 1 0 .01 0zM10 5.5a4.5 4.5 0 1 1-.01 0z"
_SQUARE = "M2 2h16v16H2z"
_DIAMOND = "M10 0l10 10-10 10L0 10z"
_FLAG = "M3 1h14l-4 5 4 5H6v8H3z"
_HOURGLASS = "M3 1h14v3l-5 6 5 6v3H3v-3l5-6-5-6z"
_CROSS = "M4 1l6 6 6-6 3 3-6 6 6 6-3 3-6-6-6 6-3-3 6-6-6-6z"
_ARROWS = "M0 10l6-7v4h8V3l6 7-6 7v-4H6v4z"

ENDINGS: Final = {
    "origin_identified": Ending(
        "Traced to a caller",
        "caller named",
        "The originating provider found the call and named its customer.",
        "The provider is asked to stop this traffic, and the caller to show that its calls are lawful.",
        "#1b6e3c",
        "#63cc8d",
        _DISC,
    ),
    "origin_provider_only": Ending(
        "Traced to the originating provider",
        "origin found, caller not named",
        "The originating provider is known, its customer is not.",
        "The provider is asked who its customer is.",
        "#2f6f5e",
        "#6fd0c0",
        _RING,
    ),
    "foreign_entry_only": Ending(
        "Came from abroad",
        "from abroad",
        "The call entered the country at the point of entry shown; the foreign provider did not answer.",
        "The point of entry is asked to stop accepting this traffic.",
        "#1f5c99",
        "#86baf2",
        _FLAG,
    ),
    "non_responsive": Ending(
        "Ended at a provider that stayed silent",
        "silent",
        "This domestic provider did not answer by the later reading of its deadline, nor when reminded.",
        "The finding is put to the provider, which may answer late or contest it.",
        "#8a2c2c",
        "#f29191",
        _SQUARE,
    ),
    "no_record_at_hop": Ending(
        "Ended at a provider without a record",
        "no record",
        "The provider named has records of that time, and this call is not among them.",
        "The provider downstream is asked to look at its record again.",
        "#6b4a12",
        "#d9b26a",
        _CROSS,
    ),
    "records_expired": Ending(
        "Ended at purged records",
        "records purged",
        "The provider named no longer keeps records that old.",
        "Nothing more can be learnt of this call; a younger call of the same campaign can be traced.",
        "#5b5b66",
        "#b6b8c4",
        _HOURGLASS,
    ),
    "conflicting_answers": Ending(
        "Two providers name each other",
        "answers conflict",
        "Two answers about the same record cannot both be right.",
        "A person puts both answers to both providers.",
        "#7a3b7a",
        "#dc9fdc",
        _ARROWS,
    ),
    "ambiguous": Ending(
        "A person must look",
        "needs a person",
        "Several records fit equally well, or the only fit is doubtful. Nobody is named on a guess.",
        "An analyst compares the records with the provider.",
        "#8a5a00",
        "#f2b95c",
        _DIAMOND,
    ),
}
"""The outcomes of a traced call, in the order in which a run is told."""


def key_of(outcome: str) -> str:
    """``outcome``, or ``ambiguous`` for one that is not known: that is for a person."""
    return outcome if outcome in ENDINGS else "ambiguous"


def ending_of(outcome: str) -> Ending:
    """How ``outcome`` is said; one that is not known is for a person."""
    return ENDINGS[key_of(outcome)]


def dark_rules(outcome: str) -> str:
    """Style rules that colour what is marked ``end`` or ``rim`` inside ``o-<outcome>`` for dark paper."""
    key, colour = key_of(outcome), ending_of(outcome).dark_colour
    return f".o-{key} .end{{fill:{colour}}}.o-{key} .rim{{stroke:{colour}}}"
