"""How each way a trace can end is said and drawn: words, a colour and a shape, so that none carries it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ENDINGS", "Ending", "ending_of"]


@dataclass(frozen=True, slots=True)
class Ending:
    """One outcome for a reader.

    ``title`` heads a group of calls, ``label`` stands beside the mark, ``meaning`` explains it and
    ``next`` says what happens now. ``colour`` is dark enough for white text on it and for text on
    white; ``mark`` is the outline of a shape in a box of 20 by 20, ``sign`` the same as a character.
    """

    title: str
    label: str
    meaning: str
    next: str
    colour: str
    mark: str
    sign: str


_DISC = "M10 1a9 9 0 1 0 .01 0z"
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
        "The provider is asked to stop the traffic; the caller is asked for evidence of compliant calling.",
        "#1b6e3c",
        _DISC,
        "●",
    ),
    "origin_provider_only": Ending(
        "Traced to the originating provider",
        "origin found, caller not named",
        "The originating provider is known, its customer is not.",
        "The provider is asked who its customer is.",
        "#2f6f5e",
        _DISC,
        "●",
    ),
    "foreign_entry_only": Ending(
        "Came from abroad",
        "from abroad",
        "The call entered the country at the point of entry shown; the foreign provider did not answer.",
        "The point of entry is asked to stop accepting this traffic.",
        "#1f5c99",
        _FLAG,
        "⚑",
    ),
    "non_responsive": Ending(
        "Ended at a provider that stayed silent",
        "silent",
        "A domestic provider let every date pass. Its deadline shows how it was counted.",
        "The finding is put to the provider, which may answer late or contest it.",
        "#8a2c2c",
        _SQUARE,
        "■",
    ),
    "no_record_at_hop": Ending(
        "Ended at a provider without a record",
        "no record",
        "The provider named has records of that time, and this call is not among them.",
        "The provider downstream is asked to look at its record again.",
        "#6b4a12",
        _CROSS,
        "✕",
    ),
    "records_expired": Ending(
        "Ended at purged records",
        "records purged",
        "The provider named no longer keeps records that old.",
        "Nothing more can be learnt of this call; a younger call of the same campaign can be traced.",
        "#5b5b66",
        _HOURGLASS,
        "⧗",
    ),
    "conflicting_answers": Ending(
        "Two providers name each other",
        "answers conflict",
        "Two answers about the same record cannot both be right.",
        "A person puts both answers to both providers.",
        "#7a3b7a",
        _ARROWS,
        "↔",
    ),
    "ambiguous": Ending(
        "A person must look",
        "needs a person",
        "Several records fit equally well, or the only fit is doubtful. Nobody is named on a guess.",
        "An analyst compares the records with the provider.",
        "#8a5a00",
        _DIAMOND,
        "◆",
    ),
}
"""The outcomes of a traced call, in the order in which a run is told."""


def ending_of(outcome: str) -> Ending:
    """How ``outcome`` is said; one that is not known is for a person."""
    return ENDINGS.get(outcome, ENDINGS["ambiguous"])
