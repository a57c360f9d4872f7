"""Why the process says no. A refusal changes nothing; its ``reason`` is stable, its sentence is for people."""

from __future__ import annotations

from enum import StrEnum

from hopback.kernel.errors import Conflict, Refused

__all__ = ["Collision", "Refusal", "Why"]


class Why(StrEnum):
    """The reason of a refusal."""

    ALREADY_ASKED = "already_asked"
    ALREADY_EXISTS = "already_exists"
    ALREADY_FOUND = "already_found"
    CLAIM_NOT_DENIED = "claim_not_denied"
    DUPLICATE = "duplicate"
    FOUR_EYES = "four_eyes"
    HOP_STATE = "hop_state"
    INCOMPLETE = "incomplete"
    KEY_REUSED = "key_reused"
    LADDER_NOT_CLIMBED = "ladder_not_climbed"
    LOOP = "loop"
    MAX_HOPS = "max_hops"
    NOT_AFFECTED = "not_affected"
    NOT_CONCLUSIVE = "not_conclusive"
    NOT_NAMED = "not_named"
    NOT_NOTICED = "not_noticed"
    NOT_SIGNED_IN = "not_signed_in"
    NOT_THE_LATEST = "not_the_latest"
    NOT_YET = "not_yet"
    NO_CLAIM = "no_claim"
    OPEN_HOPS = "open_hops"
    SEEN_OLDER = "seen_older"
    STEP_OUT_OF_ORDER = "step_out_of_order"
    TRACE_STATE = "trace_state"
    WEEKLY_CAP = "weekly_cap"
    WINDOW_OVER = "window_over"
    WRONG_ROLE = "wrong_role"


class Refusal(Refused):
    """The process does not allow it. ``reason`` says why, as a code."""

    def __init__(self, reason: Why, message: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(message, where=where, mend=mend)
        self.reason = reason


class Collision(Conflict):
    """Somebody else got there first. ``reason`` says how, as a code."""

    def __init__(self, reason: Why, message: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(message, where=where, mend=mend)
        self.reason = reason
