"""Which samples may be one call: evidence for a person, never a decision."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hopback.portal.intake.models import CallSample, Recording, Resemblance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["REASONS", "note_alike", "note_same_sound"]

REASONS: Final = {
    "same_call_id": "The same SIP Call-ID",
    "same_numbers_and_time": "The same two numbers at the same time, within how exact the times are",
    "same_called_and_time": "The same called number at the same time; a calling number is withheld",
    "same_numbers_near": "The same two numbers within the hour",
    "same_recording": "The same recording, byte for byte",
}
"""What is said of a pair, by code."""

SLACK: Final = timedelta(seconds=120)
"""Two clocks of one call may be apart by this much beyond what their accuracy says."""
NEAR: Final = timedelta(hours=1)
WIDEST: Final = timedelta(days=1)
MOST: Final = 20
"""So many pairs are noted for one sample; more say nothing new."""


def note_alike(samples: Sequence[CallSample], *, at: datetime) -> int:
    """Note which earlier samples each of these may be; returns how many pairs. Two queries for all of them."""
    if not samples:
        return 0
    starts = [row.call_start for row in samples]
    others = CallSample.objects.filter(
        called__in={row.called for row in samples},
        call_start__gte=min(starts) - WIDEST,
        call_start__lte=max(starts) + WIDEST,
    ).order_by("received_at", "pk")
    by_called: dict[int, list[CallSample]] = defaultdict(list)
    for other in others:
        by_called[other.called].append(other)
    order = {row.pk: place for place, row in enumerate(samples)}
    pairs: list[Resemblance] = []
    for row in samples:
        found = 0
        for other in by_called[row.called]:
            if other.pk == row.pk or order.get(other.pk, -1) > order[row.pk]:
                continue
            reasons = _reasons(row, other)
            if reasons and found < MOST:
                found += 1
                pairs.append(Resemblance(later=row, earlier=other, reasons=reasons, found_at=at))
    Resemblance.objects.bulk_create(pairs, ignore_conflicts=True)
    return len(pairs)


def note_same_sound(sample: CallSample, sha256: str, *, at: datetime) -> int:
    """Note which other samples have this recording; returns how many."""
    others = (
        Recording.objects.filter(sha256=sha256).exclude(sample=sample).values_list("sample", flat=True).order_by("pk")
    )
    found = 0
    for other in list(others[:MOST]):
        pair = Resemblance.objects.filter(later__in=(sample.pk, other), earlier__in=(sample.pk, other)).first()
        if pair is None:
            Resemblance.objects.create(later=sample, earlier_id=other, reasons=["same_recording"], found_at=at)
        elif "same_recording" not in pair.reasons:
            pair.reasons = [*pair.reasons, "same_recording"]
            pair.save(update_fields=["reasons"])
        found += 1
    return found


def _reasons(one: CallSample, other: CallSample) -> list[str]:
    reasons = ["same_call_id"] if one.sip_call_id and one.sip_call_id == other.sip_call_id else []
    apart = abs(one.call_start - other.call_start)
    is_within = apart <= SLACK + timedelta(seconds=one.accuracy_s + other.accuracy_s)
    if one.calling is not None and one.calling == other.calling:
        if is_within:
            reasons.append("same_numbers_and_time")
        elif apart <= NEAR:
            reasons.append("same_numbers_near")
    elif is_within and (one.calling is None or other.calling is None):
        reasons.append("same_called_and_time")
    return reasons
