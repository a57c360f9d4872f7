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
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from hopback.kernel.numbers import same_subscriber

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Agreement", "CallRecord", "Likeness", "Reason", "Sought", "same_call"]

SAME_DURATION_S: Final = 2.0
"""Two switches on one call differ by the message's way and by rounding to whole seconds at each end."""
OTHER_DURATION_S: Final = 5.0
"""Beyond this two answered durations belong to two calls; between the two bounds nothing is said."""
BILLING_STEPS_S: Final = (6.0, 30.0, 60.0)
"""Steps to which some switches round durations up, as they bill."""
SAME_DURATION_SHARE: Final = 0.01
"""On long calls clocks that run at slightly different rates add up: one percent more is allowed."""


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


class Agreement(StrEnum):
    """How one property of a record stands to the call sought."""

    SAME = "same"
    LIKE = "like"
    UNKNOWN = "unknown"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a machine says what it says: a stable code and the values its sentence needs."""

    code: str
    values: Mapping[str, str | float | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a record and a call sought have in common, time aside.

    ``called_by`` and ``calling_by`` name the identity that agreed (``called_dialed``,
    ``calling_pai`` …), None where none did.
    """

    called: Agreement
    calling: Agreement
    completion: Agreement
    duration: Agreement
    call_id: Agreement
    called_by: str | None
    calling_by: str | None
    reasons: tuple[Reason, ...]

    @property
    def is_contradicted(self) -> bool:
        """Whether something other than the numbers says that this is another call."""
        return Agreement.DIFFERS in (self.completion, self.duration)

    @property
    def is_same_pair(self) -> bool:
        """Whether the called number agrees, and the calling one too unless it was withheld."""
        return self.called is not Agreement.DIFFERS and self.calling is not Agreement.DIFFERS

    @property
    def is_corroborated(self) -> bool:
        """Whether something besides numbers and time says that this is the call."""
        return Agreement.SAME in (self.duration, self.call_id)


def same_call(sought: Sought, record: CallRecord) -> Likeness:
    """Compare a record with the call sought in everything but time, and give the reasons.

    Every identity of a record is compared, since the number asked about may stand in the dialled,
    translated, diverted or asserted column and not in the one a person would look at first.
    """
    called, called_by = _find_number(sought.called, record.called, first="called_ruri")
    reasons = [_number_reason("called", called, called_by)]
    if sought.calling is None or not record.calling:
        calling, calling_by = Agreement.UNKNOWN, None
        reasons.append(Reason("calling_withheld"))
    else:
        calling, calling_by = _find_number(sought.calling, record.calling, first="calling_from")
        reasons.append(_number_reason("calling", calling, calling_by))
    completion = _completion(sought, record)
    if completion is Agreement.DIFFERS:
        reasons.append(Reason("not_answered" if sought.answered else "answered"))
    elif completion is Agreement.SAME and sought.answered:
        reasons.append(Reason("answered_as_sought"))
    duration = _duration(sought, record)
    if duration is not Agreement.UNKNOWN:
        values = {"sought": sought.duration_s or 0.0, "recorded": record.duration_s or 0.0}
        reasons.append(Reason(f"duration_{duration.value}", values))
    call_id = Agreement.UNKNOWN
    if sought.sip_call_id and sought.sip_call_id in (record.sip_call_id_out, record.sip_call_id_in):
        # Only equality speaks: a border element between two switches may give the call a new Call-ID.
        call_id = Agreement.SAME
        reasons.append(Reason("call_id_same"))
    return Likeness(called, calling, completion, duration, call_id, called_by, calling_by, tuple(reasons))


def _find_number(sought: int, identities: Mapping[str, int], *, first: str) -> tuple[Agreement, str | None]:
    if identities.get(first) == sought:
        return Agreement.SAME, first
    for name, number in identities.items():
        if number == sought:
            return Agreement.SAME, name
    for name, number in identities.items():
        if same_subscriber(number, sought):
            return Agreement.LIKE, name
    return Agreement.DIFFERS, None


def _number_reason(side: str, agreement: Agreement, by: str | None) -> Reason:
    return Reason(f"{side}_{agreement.value}", {"by": by or ""})


def _completion(sought: Sought, record: CallRecord) -> Agreement:
    if sought.answered is None or record.answered is None:
        return Agreement.UNKNOWN
    if sought.answered and not record.answered and sought.duration_s is not None and sought.duration_s < 1:
        return Agreement.UNKNOWN  # of a call that short one switch may keep the answer and another not
    return Agreement.SAME if sought.answered == record.answered else Agreement.DIFFERS


def _duration(sought: Sought, record: CallRecord) -> Agreement:
    if sought.duration_s is None or record.duration_s is None or not record.answered:
        return Agreement.UNKNOWN
    apart = abs(sought.duration_s - record.duration_s)
    slack = SAME_DURATION_SHARE * max(sought.duration_s, record.duration_s)
    if apart <= SAME_DURATION_S + slack:
        return Agreement.SAME
    if apart <= OTHER_DURATION_S + slack or _is_rounded(sought.duration_s, record.duration_s):
        return Agreement.LIKE
    return Agreement.DIFFERS


def _is_rounded(one: float, other: float) -> bool:
    """Whether one duration is the other rounded up to whole billing steps."""
    short, long = sorted((one, other))
    return any(long % step == 0 and 0 <= long - short < step for step in BILLING_STEPS_S)
