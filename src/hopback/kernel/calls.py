"""A call as it was reported, and a call as a switch wrote it down.

A :class:`Sought` call is what somebody asks about: numbers, a time and how exact that time is.
A :class:`CallRecord` is one line (or joined lines) of a provider's call records in the canonical
schema. All instants are aware UTC; durations are seconds; numbers are :class:`int` E.164 digits
without ``+`` (15 digits fit a signed 64-bit integer, ITU-T E.164 section 6), so ``12025550143``
is ``+1 202 555 0143``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CallRecord", "Sought"]


@dataclass(frozen=True, slots=True)
class Sought:
    """A call somebody asks a provider about.

    ``called`` and ``calling`` are E.164 digits; ``calling`` is None when it was withheld.
    ``started_at`` is the set-up time as far as it is known and ``accuracy_s`` its half-width in
    seconds. ``downstream`` is the neighbour that received the call from the provider asked, None
    where the provider asked is the terminating one. ``sip_call_id`` is the Call-ID of the call as
    that neighbour received it (RFC 3261 section 8.1.1.4), ``duration_s`` the answered seconds in
    its record, ``answered`` whether the call was answered; each is None when not known.
    """

    called: int
    calling: int | None
    started_at: datetime
    accuracy_s: float
    downstream: str | None = None
    sip_call_id: str | None = None
    duration_s: float | None = None
    answered: bool | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call attempt as one switch recorded it.

    ``called`` and ``calling`` map the identity's column (``called_ruri``, ``called_dialed``,
    ``calling_from``, ``calling_pai``, ``diverting`` …) to E.164 digits; a spelling that is no
    number is absent. ``setup_at`` is the recorded instant read in the zone the book declares;
    ``setup_alt_at`` is the other reading where that local time happens twice when clocks go back.
    ``epoch_at`` is a second clock in the same record that depends on no zone (an Asterisk
    ``uniqueid`` begins with epoch seconds). ``is_naive`` says that the stamp carried no zone of
    its own, so that its zone is only what the book declares. ``answered`` is None where the format
    cannot tell. ``raw`` is the line as the switch wrote it.
    """

    record_id: str
    source: str
    format: str
    file: str
    line: int
    raw: str
    setup_at: datetime
    called: Mapping[str, int]
    calling: Mapping[str, int]
    setup_alt_at: datetime | None = None
    epoch_at: datetime | None = None
    is_naive: bool = False
    answer_at: datetime | None = None
    end_at: datetime | None = None
    duration_s: float | None = None
    answered: bool | None = None
    call_group_id: str | None = None
    record_type: str | None = None
    attempt_no: int | None = None
    is_final: bool | None = None
    lrn: int | None = None
    ingress_trunk: str | None = None
    ingress_ip: str | None = None
    egress_trunk: str | None = None
    egress_ip: str | None = None
    customer_id: str | None = None
    sip_call_id_in: str | None = None
    sip_call_id_out: str | None = None
    extras: Mapping[str, str] = field(default_factory=dict)

    @property
    def last_at(self) -> datetime:
        """The latest instant the record speaks of: its end, its answer plus duration, or its set-up."""
        if self.end_at is not None:
            return self.end_at
        base = self.answer_at or self.setup_at
        return base + timedelta(seconds=self.duration_s or 0.0)
