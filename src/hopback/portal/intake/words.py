"""What the intake's codes are called on its pages."""

from __future__ import annotations

from typing import Final

from hopback.kernel.hops import DeclineReason, SourceKind

__all__ = ["DECLINES", "FIELD_NAMES", "SOURCE_KINDS", "SUSPICION"]

DECLINES: Final = (
    (DeclineReason.NOT_SUSPICIOUS.value, "Not suspicious: no pattern, or a lawful call"),
    (DeclineReason.SOURCE_NOT_VERIFIED.value, "We do not know the source well enough"),
    (DeclineReason.OUT_OF_SCOPE.value, "Out of scope: not traffic the consortium traces"),
    (DeclineReason.TOO_OLD.value, "Too old: records will be gone"),
    (DeclineReason.INSUFFICIENT_DETAIL.value, "Not enough detail to find the call"),
    (DeclineReason.DUPLICATE.value, "Traced already"),
    (DeclineReason.NOT_WORTH_RESOURCES.value, "Not worth what it would take now"),
    (DeclineReason.CONFLICT_OF_INTEREST.value, "Conflict of interest"),
)
"""Reasons to decline, with what each means; each is counted."""

SOURCE_KINDS: Final = (
    (SourceKind.HONEYPOT.value, "Honeypot: numbers that nobody gave out"),
    (SourceKind.ANALYTICS.value, "Call analytics"),
    (SourceKind.COMPLAINT.value, "Complaints of called people"),
    (SourceKind.BRAND.value, "A business that is posed as"),
    (SourceKind.PROVIDER.value, "A voice service provider"),
    (SourceKind.AGENCY.value, "An agency"),
)

SUSPICION: Final = "What makes it suspicious"

FIELD_NAMES: Final = {
    "source_record_id": "Record id",
    "call_start": "When the call began",
    "call_start_zone": "Time zone",
    "accuracy_s": "How exact the time is",
    "called": "Called number",
    "calling": "Calling number",
    "calling_name": "Name shown",
    "answered": "Answered",
    "duration_s": "Seconds of talk",
    "terminating": "Who serves the called number",
    "sip_call_id": "SIP Call-ID",
    "identity": "Identity header",
    "headers_anomalies": "Odd headers",
    "transcript": "Transcript",
    "why": "Why it is put forward",
    "basis": SUSPICION,
    "violations": "What it appears to violate",
    "lane": "Urgency",
    "is_honeypot": "Honeypot",
    "complainant_ref": "Complaint's reference",
    "callback": "Number to call back",
    "targets_competitor": "Competitor",
    "consent_basis": "Right to the recording",
    "line": "The line",
    "file": "The file",
}
"""Field names in words."""
