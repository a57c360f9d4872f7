"""What happened in a traceback, each event one sentence a person can read.

Every kind of event has its words here; a test sees to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel import events as ev
from hopback.kernel.answers import AnswerKind
from hopback.kernel.commands import DisputeResult, Role
from hopback.portal.campaigns.words import basis_said, violation_said
from hopback.render.states import told as state_told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from hopback.kernel.answers import Answer, Response
    from hopback.kernel.events import Event
    from hopback.kernel.hops import Trace

__all__ = [
    "ANSWERED",
    "FIELDS",
    "OUTCOMES",
    "Names",
    "Sentence",
    "in_words",
    "missing_words",
    "review_words",
    "said_words",
]

ANSWERED: Final = {
    AnswerKind.UPSTREAM_NAMED: "named the provider it received the call from",
    AnswerKind.CUSTOMER_NAMED: "named its own customer",
    AnswerKind.NO_RECORD: "has no record of the call",
    AnswerKind.RECORDS_EXPIRED: "no longer keeps records that old",
    AnswerKind.AMBIGUOUS: "found several records that fit equally well",
    AnswerKind.NEEDS_REVIEW: "could not tell: a person must look",
    AnswerKind.DENIED: "denies having carried the call",
    AnswerKind.NO_ANSWER: "did not answer",
}
"""What a provider said, after its name."""

FIELDS: Final = {
    "kind": "what it says",
    "upstream": "provider upstream",
    "upstream_name": "upstream as named",
    "customer": "customer",
    "found_at": "time in its records",
    "source": "record source",
    "time_offset_s": "clock offset (s)",
    "confidence": "confidence",
    "why": "reasons",
    "record_key": "record fingerprint",
    "next": "call as received",
    "searched_from": "searched from",
    "searched_until": "searched until",
    "records_retained_since": "records kept since",
    "action": "what it did about it",
    "statement": "statement",
    "certified_by": "certified by",
}
"""The fields of an answer, in words."""

OUTCOMES: Final = {
    "origin_identified": "The originating provider named the customer who placed the call.",
    "origin_provider_only": "The originating provider is found; it has not named its customer.",
    "foreign_entry_only": "The call came from abroad; the provider that let it into the country is known.",
    "foreign_origin_identified": "A provider abroad named the customer who placed the call.",
    "non_responsive": "The trace ends with a provider that did not respond.",
    "no_record_at_hop": "A provider has no record of the call.",
    "records_expired": "A provider no longer keeps records that old.",
    "conflicting_answers": "Providers contradict each other.",
    "ambiguous": "The answers fit several calls; nobody can be named.",
    "spoofed_path": "The path that was claimed is not the way the call took.",
    "resolved_by_signature": "The call's own signature says who placed it on the network.",
    "forward_customer_identified": "The customer behind the number is named.",
    "insufficient_sample": "The sample says too little to be traced.",
    "legal_bar": "The law of another country keeps the answer back.",
}
"""What an outcome means, in a sentence."""

_REMINDED: Final = {"half": "half of the time has passed", "four_fifths": "four fifths of the time have passed"}

_RESULTS: Final = {
    DisputeResult.UPHELD: "everything stays as it was",
    DisputeResult.ACCEPTED: "the answer stands",
    DisputeResult.SUPERSEDED: "this hop no longer counts",
    DisputeResult.REDIRECTED: "it was wrongly named, and the hop before is asked to look again",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in events are called: providers by directory id, people by what the log calls them."""

    providers: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)

    def provider(self, provider: str | None) -> str:
        """A provider's name, else its id."""
        return self.providers.get(provider or "") or provider or "nobody"

    def person(self, actor: str) -> str:
        """Somebody's name, else what the log calls them, in words."""
        known = self.people.get(actor)
        if known:
            return known
        kind, _, rest = actor.partition(":")
        if actor == "portal":
            return "The portal"
        if kind == "key":
            return f"A program (key {rest})"
        if kind == "agent":
            return f"{self.provider(rest)}'s program"
        return {"exercise-analyst": "The exercise's analyst", "link": "Somebody by a link"}.get(kind, actor)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One event in words: when, who, what, and why where a machine decided or a person gave reasons.

    ``tone`` is good, warn, bad, info or still; ``hop`` the hop it is about.
    """

    number: int
    at: datetime
    who: str
    text: str
    why: tuple[str, ...] = ()
    tone: str = "still"
    hop: int | None = None
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class _Words:
    text: str
    why: tuple[str, ...] = ()
    tone: str = "still"


def in_words(event: Event, *, number: int, names: Names, before: Trace | None) -> Sentence:
    """The event as a sentence. ``before`` is the traceback as it stood, None before the first event.

    Raises :class:`KeyError` for a kind of event that has no words.
    """
    words = _TOLD[type(event)](event, names, before)
    return Sentence(
        number=number,
        at=event.at,
        who=names.person(event.actor),
        text=words.text,
        why=words.why,
        tone=words.tone,
        hop=event.hop if isinstance(event, ev.HopEvent) else None,
        is_machine=event.role is Role.SYSTEM,
    )


def said_words(answer: Answer, *, names: Names) -> str:
    """What an answer says, after the provider's name: ``named … as the provider it received the call from``."""
    if answer.kind is AnswerKind.UPSTREAM_NAMED and (answer.upstream or answer.upstream_name):
        who = names.provider(answer.upstream) if answer.upstream else f"“{answer.upstream_name}”"
        return f"named {who} as the provider it received the call from"
    if answer.kind is AnswerKind.CUSTOMER_NAMED and answer.customer:
        return f"named its own customer {answer.customer}"
    return ANSWERED[answer.kind]


def review_words(review: str, names: Names) -> str:
    """Why a person must look (the row's ``review``), with names for ids and words for codes."""
    for kind, words in ANSWERED.items():
        review = review.replace(f"answers {kind.value}", words)
    said = {**{code: state_told(code).words for code in OUTCOMES}, **FIELDS, **names.providers}
    return " ".join(_reworded(word, said) for word in review.split(" "))


def _reworded(word: str, said: Mapping[str, str]) -> str:
    core = word.rstrip(",:.;")
    return said.get(core, core) + word[len(core) :]


def missing_words(entry: str) -> str:
    """What an answer lacks, in words, from a field's name or ``field: reason``."""
    name, colon, reason = entry.partition(": ")
    return f"{FIELDS.get(name, name)}{colon}{reason}"


def _provider_of(trace: Trace | None, hop: int, names: Names) -> str:
    found = trace.hop(hop) if trace is not None else None
    return names.provider(found.provider) if found is not None else f"hop {hop}"


def _version(trace: Trace | None, hop: int, version: int | None) -> Response | None:
    found = trace.hop(hop) if trace is not None else None
    if found is None or not found.responses:
        return None
    return found.responses[(version or len(found.responses)) - 1]


def _proposed(event: ev.TraceProposed, names: Names, _before: Trace | None) -> _Words:
    text = f"Put the call forward; it comes from {event.source} ({event.source_kind.value})."
    why = ("The call is older than ten days: its records may be gone.",) if event.is_aged else ()
    if event.source_provider:
        why = (*why, f"It was supplied by the provider {names.provider(event.source_provider)}.")
    return _Words(text, why, "warn" if event.is_aged else "info")


def _vetting(event: ev.TraceSeconded | ev.TraceVetted) -> tuple[str, ...]:
    return (
        _sentence(event.reason),
        f"It is suspicious because of: {', '.join(basis_said(code).lower() for code in event.basis)}.",
        f"It seems to violate: {'; '.join(violation_said(code) for code in event.violations)}.",
    )


def _seconded(event: ev.TraceSeconded, _names: Names, _before: Trace | None) -> _Words:
    return _Words("Vetted the call as the first of two people.", _vetting(event), "info")


def _vetted(event: ev.TraceVetted, _names: Names, _before: Trace | None) -> _Words:
    return _Words("Took the call on.", _vetting(event), "info")


def _declined(event: ev.TraceDeclined, _names: Names, _before: Trace | None) -> _Words:
    why = (event.note,) if event.note else ()
    return _Words(f"Declined the call: {event.code.value.replace('_', ' ')}.", why)


def _opened(_event: ev.TraceOpened, _names: Names, _before: Trace | None) -> _Words:
    return _Words("Opened the traceback.", tone="info")


def _stalled(_event: ev.TraceStalled, _names: Names, _before: Trace | None) -> _Words:
    why = ("Whoever still owes an answer is long overdue, and every step of the ladder was taken.",)
    return _Words("The traceback stalls.", why, "warn")


def _resumed(event: ev.TraceResumed, _names: Names, _before: Trace | None) -> _Words:
    return _Words("The traceback goes on.", (_sentence(event.reason),), "info")


def _concluded(event: ev.TraceConcluded, names: Names, _before: Trace | None) -> _Words:
    result = event.result
    outcome = result.outcome.value if result.outcome is not None else ""
    parts = [state_told(outcome).words]
    if result.origin_provider:
        parts.append(f"the call began at {names.provider(result.origin_provider)}")
    if result.customer:
        parts.append(f"the customer is {result.customer}")
    if result.point_of_entry:
        parts.append(f"it entered the country at {names.provider(result.point_of_entry)}")
    why = [OUTCOMES.get(outcome, ""), f"Confidence {result.confidence:.2f}.", _sentence(event.reason)]
    return _Words(f"Concluded: {'; '.join(parts)}.", tuple(line for line in why if line), "good")


def _closed(event: ev.TraceClosed, names: Names, _before: Trace | None) -> _Words:
    told = ", ".join(names.provider(one) for one in event.notices)
    why = (f"Told and asked to mitigate: {told}.",) if told else ("Nobody had to be told.",)
    return _Words("Checked and closed the traceback.", why, "good")


def _reopened(event: ev.TraceReopened, _names: Names, _before: Trace | None) -> _Words:
    why = (_sentence(event.reason), f"Published reports are to say: {_sentence(event.erratum)}")
    return _Words("Took the traceback up again.", why, "warn")


def _voided(event: ev.TraceVoided, _names: Names, _before: Trace | None) -> _Words:
    return _Words("Set the traceback aside as opened in error.", (_sentence(event.reason),))


def _created(event: ev.HopCreated, names: Names, before: Trace | None) -> _Words:
    who = names.provider(event.provider)
    if event.parent is None:
        return _Words(f"{who} is to be asked first: it serves the called number.", tone="info")
    named_by = _provider_of(before, event.parent, names)
    if event.is_fork:
        return _Words(f"{who} is to be asked besides, from hop {event.parent}.", (_sentence(event.reason),), "info")
    return _Words(f"{who} is to be asked, since {named_by} named it.", tone="info")


def _sent(event: ev.HopSent, names: Names, before: Trace | None) -> _Words:
    who = _provider_of(before, event.hop, names)
    return _Words(f"Sent the request to {who} by {' and '.join(event.channels)}.", tone="info")


def _bounced(event: ev.HopBounced, names: Names, before: Trace | None) -> _Words:
    who = _provider_of(before, event.hop, names)
    return _Words(
        f"The request to {who} came back from {event.channel}.",
        (_sentence(event.why), "Another contact is to be tried."),
        "warn",
    )


def _delivered(event: ev.HopDelivered, names: Names, before: Trace | None) -> _Words:
    who = _provider_of(before, event.hop, names)
    return _Words(
        f"{who} received the request; its clock runs.",
        (f"Proof of receipt: {event.proof}.", "The deadline and its working stand at the hop."),
        "info",
    )


def _acknowledged(event: ev.HopAcknowledged, names: Names, before: Trace | None) -> _Words:
    return _Words(f"{_provider_of(before, event.hop, names)} says that it has seen the request.", tone="info")


def _reminded(event: ev.HopReminded, names: Names, before: Trace | None) -> _Words:
    why = _REMINDED.get(event.key, "the last hour has begun")
    return _Words(f"Reminded {_provider_of(before, event.hop, names)}.", (_sentence(why),))


def _answered(event: ev.HopAnswered, names: Names, before: Trace | None) -> _Words:
    response = event.response
    who = _provider_of(before, event.hop, names)
    why = _reasons(response.answer)
    if response.on_behalf:
        why.append("Written down by the consortium on the provider's behalf.")
    if not response.authenticated:
        why.append("Given without sign-in: it moves nothing by itself.")
    if response.late_s > 0:
        why.append("It came after the deadline.")
    tone = "warn" if event.is_delinquent or response.late_s > 0 or not response.authenticated else "good"
    again = f" (version {response.version})" if response.version > 1 else ""
    return _Words(f"{who} {said_words(response.answer, names=names)}{again}.", tuple(why), tone)


def _corrected(event: ev.HopCorrected, names: Names, before: Trace | None) -> _Words:
    response = event.response
    why = _reasons(response.answer)
    if response.on_behalf:
        why.append("Written down by the consortium on the provider's behalf.")
    who = _provider_of(before, event.hop, names)
    text = f"{who} corrects its answer (version {response.version}): it {said_words(response.answer, names=names)}."
    return _Words(text, tuple(why), "warn")


def _returned(event: ev.HopReturned, names: Names, before: Trace | None) -> _Words:
    lacks = "; ".join(missing_words(one) for one in event.missing)
    return _Words(
        f"Sent version {event.version_judged} back to {_provider_of(before, event.hop, names)} to be completed.",
        (f"It lacks: {lacks}.", "The clock runs on."),
        "warn",
    )


def _accepted(event: ev.HopAccepted, names: Names, before: Trace | None) -> _Words:
    who = _provider_of(before, event.hop, names)
    text = f"The answer of {who} stands (version {event.version_judged})."
    response = _version(before, event.hop, event.version_judged)
    why: tuple[str, ...] = ()
    if event.role is Role.SYSTEM and response is not None:
        why = ("It is complete, was given by somebody signed in, and names nobody the directory does not know.",)
        if response.answer.confidence:
            why = (*why, f"Confidence {response.answer.confidence:.2f}.")
    return _Words(text, why, "good")


def _redirected(event: ev.HopRedirected, names: Names, before: Trace | None) -> _Words:
    return _Words(
        f"{_provider_of(before, event.hop, names)} was wrongly named; nothing is held against it.", tone="warn"
    )


def _recheck(event: ev.HopRecheckAsked, names: Names, before: Trace | None) -> _Words:
    denied = _provider_of(before, event.denied_by, names)
    return _Words(
        f"{_provider_of(before, event.hop, names)} is asked to look again.",
        (f"{denied}, whom it named, says that the call was not its.",),
        "warn",
    )


def _lapsed(event: ev.HopLapsed, names: Names, before: Trace | None) -> _Words:
    why = ("The earlier reading of the deadline has passed without a full answer.",)
    return _Words(f"The answer of {_provider_of(before, event.hop, names)} is overdue.", why, "bad")


def _defaulted(event: ev.HopDefaulted, names: Names, before: Trace | None) -> _Words:
    why = ("The later reading of the deadline has passed without a full answer.",)
    return _Words(f"The answer of {_provider_of(before, event.hop, names)} is long overdue.", why, "bad")


def _escalated(event: ev.HopEscalated, names: Names, before: Trace | None) -> _Words:
    who = _provider_of(before, event.hop, names)
    return _Words(f"Step {event.step} of the ladder was taken with {who}.", (f"Told: {event.told}.",), "warn")


def _found(event: ev.HopFound, names: Names, before: Trace | None) -> _Words:
    finding = event.finding
    why = (
        _sentence(finding.reason),
        f"It rests on {len(finding.evidence)} pieces of evidence, and on nothing before the later deadline.",
    )
    return _Words(f"Found that {_provider_of(before, event.hop, names)} did not respond.", why, "bad")


def _disputed(event: ev.HopDisputed, names: Names, before: Trace | None) -> _Words:
    found = before.hop(event.hop) if before is not None else None
    what = (
        "the finding about it"
        if found is not None and found.finding is not None
        else f"what is held of hop {event.hop}"
    )
    return _Words(f"{names.provider(event.provider)} contests {what}.", (_sentence(event.statement),), "warn")


def _resolved(event: ev.HopDisputeResolved, names: Names, before: Trace | None) -> _Words:
    who = _provider_of(before, event.hop, names)
    return _Words(f"Decided the dispute about {who}: {_RESULTS[event.result]}.", (_sentence(event.reason),), "info")


def _superseded(event: ev.HopSuperseded, names: Names, before: Trace | None) -> _Words:
    cause = _provider_of(before, event.because_of, names)
    return _Words(
        f"The path no longer leads to {_provider_of(before, event.hop, names)}; what it said is kept.",
        (f"What {cause} (hop {event.because_of}) says has changed.",),
    )


def _cancelled(event: ev.HopCancelled, names: Names, before: Trace | None) -> _Words:
    return _Words(f"{_provider_of(before, event.hop, names)} is no longer asked.", (_sentence(event.reason),))


def _reasons(answer: Answer) -> list[str]:
    said = (*answer.why, *([answer.statement] if answer.statement else []))
    return [_sentence(line) for line in said]


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?”" else f"{text}."


_TOLD: Final[Mapping[type[Event], Callable[[Any, Names, Trace | None], _Words]]] = {
    ev.TraceProposed: _proposed,
    ev.TraceSeconded: _seconded,
    ev.TraceVetted: _vetted,
    ev.TraceDeclined: _declined,
    ev.TraceOpened: _opened,
    ev.TraceStalled: _stalled,
    ev.TraceResumed: _resumed,
    ev.TraceConcluded: _concluded,
    ev.TraceClosed: _closed,
    ev.TraceReopened: _reopened,
    ev.TraceVoided: _voided,
    ev.HopCreated: _created,
    ev.HopSent: _sent,
    ev.HopBounced: _bounced,
    ev.HopDelivered: _delivered,
    ev.HopAcknowledged: _acknowledged,
    ev.HopReminded: _reminded,
    ev.HopAnswered: _answered,
    ev.HopCorrected: _corrected,
    ev.HopReturned: _returned,
    ev.HopAccepted: _accepted,
    ev.HopRedirected: _redirected,
    ev.HopRecheckAsked: _recheck,
    ev.HopLapsed: _lapsed,
    ev.HopDefaulted: _defaulted,
    ev.HopEscalated: _escalated,
    ev.HopFound: _found,
    ev.HopDisputed: _disputed,
    ev.HopDisputeResolved: _resolved,
    ev.HopSuperseded: _superseded,
    ev.HopCancelled: _cancelled,
}
