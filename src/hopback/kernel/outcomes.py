"""How a traceback can end, and the parts providers play on a call's way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["HopRole", "Outcome", "Result"]


class Outcome(StrEnum):
    """How a traceback ended.

    The first eight follow from the answers that stand (:func:`hopback.kernel.paths.outcome_of`);
    the others need what only a person or another source can know.
    """

    ORIGIN_IDENTIFIED = "origin_identified"
    ORIGIN_PROVIDER_ONLY = "origin_provider_only"
    FOREIGN_ENTRY_ONLY = "foreign_entry_only"
    NON_RESPONSIVE = "non_responsive"
    NO_RECORD_AT_HOP = "no_record_at_hop"
    RECORDS_EXPIRED = "records_expired"
    CONFLICTING_ANSWERS = "conflicting_answers"
    AMBIGUOUS = "ambiguous"
    FOREIGN_ORIGIN_IDENTIFIED = "foreign_origin_identified"
    SPOOFED_PATH = "spoofed_path"
    RESOLVED_BY_SIGNATURE = "resolved_by_signature"
    FORWARD_CUSTOMER_IDENTIFIED = "forward_customer_identified"
    INSUFFICIENT_SAMPLE = "insufficient_sample"
    LEGAL_BAR = "legal_bar"


class HopRole(StrEnum):
    """The part a provider plays on one call's way. It belongs to the call, never to the provider."""

    TERMINATING = "terminating"
    TRANSIT = "transit"
    GATEWAY = "gateway"
    ORIGINATING = "originating"
    FOREIGN_TRANSIT = "foreign_transit"
    FOREIGN_ORIGINATING = "foreign_originating"
    RESELLER = "reseller"
    NUMBER_HOLDER = "number_holder"


@dataclass(frozen=True, slots=True)
class Result:
    """What a traceback comes to.

    ``outcome`` is None while it is open: an answer is still owed, or a person still has to decide.
    ``path`` holds provider ids, the terminating one first. ``origin_provider``, ``customer`` and
    ``point_of_entry`` are None where they do not apply. ``confidence`` is 0 to 1: the weakest of the
    answers the path rests on.
    """

    outcome: Outcome | None
    confidence: float = 0.0
    path: tuple[str, ...] = ()
    origin_provider: str | None = None
    customer: str | None = None
    point_of_entry: str | None = None
