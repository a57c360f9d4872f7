"""How a state is said and drawn: words, a tone and a shape, so that none is needed alone."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["SHAPES", "Said", "told"]


@dataclass(frozen=True, slots=True)
class Said:
    """``tone`` is good, warn, bad, info or still; ``shape`` one of :data:`SHAPES`."""

    words: str
    tone: str = "still"
    shape: str = "ring"


SHAPES: Final = MappingProxyType(
    {
        "disc": "M10 1a9 9 0 1 0 .01 0z",
        "ring": "M10 1a9 9 0 1 0 .01 0zM10 5.5a4.5 4.5 0 1 1-.01 0z",
        "half": "M10 1a9 9 0 1 0 .01 0zM10 4.5a5.5 5.5 0 0 1 0 11z",
        "square": "M2 2h16v16H2z",
        "diamond": "M10 0l10 10-10 10L0 10z",
        "triangle": "M10 1l10 18H0z",
        "flag": "M3 1h14l-4 5 4 5H6v8H3z",
        "hourglass": "M3 1h14v3l-5 6 5 6v3H3v-3l5-6-5-6z",
        "cross": "M4 1l6 6 6-6 3 3-6 6 6 6-3 3-6-6-6 6-3-3 6-6-6-6z",
        "arrows": "M0 10l6-7v4h8V3l6 7-6 7v-4H6v4z",
        "tick": "M1 10l3-3 4 4 8-8 3 3L8 17z",
        "bar": "M1 8h18v4H1z",
    }
)
"""Outlines in a box of 20 by 20."""

_SAID: Final = MappingProxyType(
    {
        # a traceback
        "candidate": Said("to be vetted", "info", "ring"),
        "vetted": Said("vetted", "info", "tick"),
        "declined": Said("declined", "still", "cross"),
        "active": Said("tracing", "info", "half"),
        "stalled": Said("stalled", "warn", "hourglass"),
        "concluded": Said("concluded", "good", "disc"),
        "closed": Said("closed", "still", "square"),
        "reopened": Said("reopened", "warn", "arrows"),
        "void": Said("void", "still", "cross"),
        # a hop, and a request as its provider is told
        "pending": Said("not yet sent", "still", "ring"),
        "sent": Said("sent", "info", "ring"),
        "delivered": Said("delivered", "info", "ring"),
        "asked": Said("waiting for the answer", "info", "ring"),
        "acknowledged": Said("acknowledged", "info", "half"),
        "answered": Said("answered, to check", "warn", "half"),
        "needs_info": Said("to be completed", "warn", "triangle"),
        "incomplete": Said("to be completed", "warn", "triangle"),
        "accepted": Said("accepted", "good", "tick"),
        "overdue": Said("overdue", "bad", "hourglass"),
        "delinquent": Said("long overdue", "bad", "triangle"),
        "non_responsive": Said("did not respond", "bad", "square"),
        "late_answered": Said("answered late, to check", "warn", "half"),
        "redirected": Said("denies the call", "warn", "arrows"),
        "denied": Said("denied", "warn", "arrows"),
        "disputed": Said("disputed", "warn", "diamond"),
        "superseded": Said("superseded", "still", "bar"),
        "cancelled": Said("cancelled", "still", "cross"),
        "withdrawn": Said("withdrawn", "still", "cross"),
        "late": Said("late", "bad", "hourglass"),
        "due": Said("due soon", "warn", "hourglass"),
        "waiting": Said("waiting", "info", "ring"),
        # how far it is, for sources and agencies
        "proposed": Said("proposed", "info", "ring"),
        "taken_on": Said("taken on", "info", "tick"),
        "tracing": Said("tracing", "info", "half"),
        "finished": Said("finished", "good", "disc"),
        "set_aside": Said("set aside", "still", "cross"),
        # how it ended
        "origin_identified": Said("caller named", "good", "disc"),
        "origin_provider_only": Said("origin found, caller not named", "good", "ring"),
        "foreign_entry_only": Said("from abroad", "info", "flag"),
        "foreign_origin_identified": Said("foreign origin named", "info", "disc"),
        "no_record_at_hop": Said("no record", "warn", "cross"),
        "records_expired": Said("records purged", "still", "hourglass"),
        "conflicting_answers": Said("answers conflict", "warn", "arrows"),
        "ambiguous": Said("needs a person", "warn", "diamond"),
        "spoofed_path": Said("path was faked", "bad", "triangle"),
        "resolved_by_signature": Said("resolved by its signature", "good", "tick"),
        "forward_customer_identified": Said("customer named", "good", "disc"),
        "insufficient_sample": Said("sample was not enough", "still", "cross"),
        "legal_bar": Said("barred by law", "still", "bar"),
        # what a provider said
        "upstream_named": Said("named its upstream", "good", "tick"),
        "customer_named": Said("named its customer", "good", "disc"),
        "no_record": Said("no record", "warn", "cross"),
        "needs_review": Said("a person must look", "warn", "diamond"),
        "no_answer": Said("no answer", "bad", "square"),
        # what was done about a customer
        "warned": Said("warned", "info", "flag"),
        "paused": Said("paused", "warn", "bar"),
        "suspended": Said("suspended", "warn", "bar"),
        "terminated": Said("terminated", "bad", "square"),
        "blocked_number": Said("number blocked", "bad", "cross"),
        "blocked_traffic": Said("traffic blocked", "bad", "cross"),
        "kyc_review": Said("customer reviewed", "info", "half"),
        "route_removed": Said("route removed", "bad", "cross"),
        "none": Said("nothing yet", "still", "ring"),
        # findings and appeals
        "non_responsive_period": Said("did not respond over a period", "bad", "square"),
        "repeat_origin": Said("origin again and again", "bad", "triangle"),
        "non_cooperative": Said("does not cooperate", "bad", "square"),
        "appealed": Said("appealed", "warn", "diamond"),
        "upheld": Said("upheld", "still", "tick"),
        # in the directory
        "listed": Said("listed", "good", "tick"),
        "missing": Said("not there", "warn", "triangle"),
        "removed": Said("removed", "bad", "cross"),
        "unknown": Said("not known", "still", "ring"),
        "matched": Said("known already", "good", "tick"),
        "rejected": Said("rejected", "still", "cross"),
        "previewed": Said("looked at", "info", "half"),
        "imported": Said("taken over", "good", "disc"),
        # what was sent, brought in or asked for
        "queued": Said("queued", "info", "ring"),
        "failed": Said("failed", "bad", "triangle"),
        "bounced": Said("bounced", "bad", "arrows"),
        "received": Said("received", "info", "tick"),
        "open": Said("open", "info", "ring"),
        "done": Said("done", "good", "tick"),
        "resolved": Said("resolved", "good", "tick"),
        "unresolved": Said("not resolved", "warn", "diamond"),
        "verified": Said("verified", "good", "tick"),
        "unverified": Said("not verified", "still", "ring"),
        "provisional": Said("provisional", "warn", "diamond"),
        "expired": Said("expired", "still", "hourglass"),
        "revoked": Said("revoked", "still", "cross"),
        "granted": Said("granted", "good", "tick"),
        "refused": Said("refused", "still", "cross"),
        "merged": Said("merged", "still", "arrows"),
        "urgent": Said("urgent", "bad", "triangle"),
        "aged": Said("older than ten days", "warn", "hourglass"),
        "filed": Said("filed, not decided yet", "warn", "ring"),
        "approved": Said("approved", "good", "tick"),
        "recalled": Said("recalled", "still", "cross"),
        "draft": Said("draft", "still", "ring"),
        "published": Said("published", "good", "disc"),
        "read": Said("read", "still", "tick"),
        "unread": Said("not read", "info", "disc"),
    }
)


def told(key: str) -> Said:
    """How the state of that code is said; one that is not known speaks for itself."""
    return _SAID.get(key) or Said(key.replace("_", " "))
