"""Who serves a called number on the day of the call: the provider that is asked first.

The ladder, top to bottom; the first rung that says something decides:

1. what a **person** decided about this number, in force on that day;
2. a **port**: the number's SPID or OCN, or, where only a location routing number is known, whoever
   holds the block that number lies in;
3. the **thousands block** it lies in;
4. the **code** (NPA-NXX) it lies in.

What a rung says is an OCN, a SPID or a company name. Only the identifier leads on to the directory,
by the claims in force that day; a name alone never does. Where two providers claim one identifier,
where two rows of the same standing disagree, or where a reseller holds the number, a person decides:
to ask the wrong provider costs a day, to accuse it costs more.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from hopback.kernel.numbers import format_e164
from hopback.portal.directory.links import canonical_of
from hopback.portal.directory.models import (
    ClaimKind,
    CodeAssignment,
    DecisionKind,
    IdentityClaim,
    NumberDecision,
    PortRecord,
    Provider,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

__all__ = ["Resolution", "Step", "Why", "holders_of", "resolve"]

CODES: Final = (ClaimKind.OCN, ClaimKind.SPC)
NANP_CODE: Final = 7
"""Digits of 1 and NPA-NXX; a thousands block has one more."""
LONGEST: Final = 12
SHORTEST: Final = 2


class Why(StrEnum):
    """Why a number did or did not lead to a provider."""

    FOUND = "found"
    DECIDED = "decided"
    NO_ASSIGNMENT = "no_assignment"
    NO_IDENTIFIER = "no_identifier"
    UNKNOWN_IDENTIFIER = "unknown_identifier"
    CLAIMED_TWICE = "claimed_twice"
    SOURCES_DISAGREE = "sources_disagree"
    RESELLER = "reseller"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at.

    ``rung`` is person, port, block, code (``lrn block`` and ``lrn code`` for those of a routing number) or directory,
    ``said`` a code for what it said, with the value, where it comes from and since when it stands.
    """

    rung: str
    said: str
    value: str = ""
    source: str = ""
    since: str = ""

    def plain(self) -> dict[str, str]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What is known of who serves ``number`` on the day ``on``, and how it is known.

    ``provider`` is the directory's entry, after merges; None where none was found. With
    ``is_reseller_held`` it is the carrier of record beneath the reseller, and a person looks at it
    unless one has (``why`` is then ``DECIDED``).
    """

    number: int
    on: date
    provider: Provider | None
    carrier: str
    ocn: str
    how: tuple[Step, ...]
    why: Why
    is_reseller_held: bool = False
    reseller: str = ""
    candidates: tuple[str, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether a person has to decide before anybody is asked."""
        return self.why not in (Why.FOUND, Why.DECIDED)


@dataclass(frozen=True, slots=True)
class _Carrier:
    """What a rung says."""

    codes: tuple[str, ...]
    company: str
    reseller: str = ""
    disagree: bool = False


def resolve(number: int, *, on: date) -> Resolution:
    """Find the provider of record of a called number (digits, country code first) on a day.

    Reads a bounded number of rows through indexes; looks nothing up outside.
    """
    nobody = Resolution(number, on, None, "", "", (), Why.NO_ASSIGNMENT)
    if decision := _decision(number, on=on):
        return _decided(nobody, decision)
    carrier, steps = _port(number, on=on)
    if carrier is None:
        carrier, more = _assignment(number, on=on, rung="")
        steps += more
    if carrier is None:
        return replace(nobody, how=(*steps, Step("code", "nobody", format_e164(number))))
    found = replace(nobody, carrier=carrier.company, ocn=carrier.codes[0] if carrier.codes else "", how=tuple(steps))
    if carrier.disagree:
        return replace(found, why=Why.SOURCES_DISAGREE)
    found = _in_directory(found, carrier.codes, on=on)
    if carrier.reseller:
        why = Why.RESELLER if found.why is Why.FOUND else found.why
        found = replace(found, why=why, is_reseller_held=True, reseller=carrier.reseller)
    return found


def holders_of(codes: Sequence[str], *, on: date) -> dict[str, set[str]]:
    """The ids of the providers, after merges, that claim each OCN, SPID or service provider code on a day."""
    wanted = {code.upper() for code in codes if code}
    pairs: set[tuple[str, str]] = set()
    mentioned: set[tuple[str, str]] = set()
    for claim in IdentityClaim.objects.filter(kind__in=CODES, key__in=wanted):
        mentioned.add((claim.key, claim.provider_id))
        if claim.superseded_at is None and (claim.valid_from or on) <= on <= (claim.valid_to or on):
            pairs.add((claim.key, claim.provider_id))
    # a row that came without claims counts as well
    pairs |= set(Provider.objects.filter(ocn__in=wanted).values_list("ocn", "pk")) - mentioned
    leads = canonical_of({provider for _code, provider in pairs})
    found: dict[str, set[str]] = {code: set() for code in wanted}
    for code, provider in pairs:
        found[code].add(leads[provider])
    return found


def _in_force(on: date) -> Q:
    return (Q(valid_from__isnull=True) | Q(valid_from__lte=on)) & (Q(valid_to__isnull=True) | Q(valid_to__gte=on))


def _decision(number: int, *, on: date) -> NumberDecision | None:
    rows = NumberDecision.objects.filter(_in_force(on), number=number, ended_at__isnull=True)
    return rows.select_related("provider").order_by("-decided_at", "-pk").first()


def _decided(nobody: Resolution, decision: NumberDecision) -> Resolution:
    said = "reseller" if decision.kind == DecisionKind.RESELLER else "carrier"
    step = Step("person", said, decision.provider_id, decision.decided_by, decision.valid_from.isoformat())
    lead = canonical_of({decision.provider_id})[decision.provider_id]
    provider = decision.provider if lead == decision.provider_id else Provider.objects.get(pk=lead)
    return replace(
        nobody,
        provider=provider,
        carrier=provider.legal_name,
        ocn=provider.ocn,
        how=(step,),
        why=Why.DECIDED,
        is_reseller_held=decision.kind == DecisionKind.RESELLER,
        reseller=decision.reseller,
    )


def _port(number: int, *, on: date) -> tuple[_Carrier | None, list[Step]]:
    rows = list(PortRecord.objects.filter(_in_force(on), number=number).order_by("-valid_from", "-seen_at", "-pk")[:50])
    rows.sort(key=lambda row: (row.valid_from is not None, row.valid_from or on), reverse=True)
    if not rows:
        return None, []
    newest = [row for row in rows if (row.valid_from, row.seen_at) == (rows[0].valid_from, rows[0].seen_at)]
    row = newest[0]
    since = row.valid_from.isoformat() if row.valid_from else ""
    codes = _codes(row.spid, row.ocn)
    if not codes and row.lrn is None:
        return None, [Step("port", "not_ported", format_e164(number), row.source, since)]
    steps = [Step("port", "ported", _label(codes, row.company, row.lrn), row.source, since)]
    if any(_codes(one.spid, one.ocn) != codes or one.lrn != row.lrn for one in newest):
        return _Carrier(codes, row.company, row.reseller, disagree=True), steps
    if codes:
        return _Carrier(codes, row.company, row.reseller), steps
    carrier, more = _assignment(row.lrn or 0, on=on, rung="lrn ")
    steps += more
    if carrier is None:
        return _Carrier((), row.company, row.reseller), steps
    return replace(carrier, reseller=row.reseller), steps


def _assignment(number: int, *, on: date, rung: str) -> tuple[_Carrier | None, list[Step]]:
    digits = str(number)
    prefixes = [digits[:size] for size in range(SHORTEST, min(LONGEST, len(digits)) + 1)]
    rows = list(CodeAssignment.objects.filter(_in_force(on), prefix__in=prefixes).select_related("file").order_by("pk"))
    if not rows:
        return None, []
    longest = max(len(row.prefix) for row in rows)
    # the longest range, then what came into force last, then the file that stands for the latest day
    best = max(_standing(row) for row in rows if len(row.prefix) == longest)
    same = [row for row in rows if len(row.prefix) == longest and _standing(row) == best]
    row = same[0]
    name = "block" if longest > NANP_CODE and digits.startswith("1") else "code"
    since = row.valid_from.isoformat() if row.valid_from else ""
    label = f"{_range(row.prefix)}: {_label(_codes(row.ocn), row.company, None)}"
    steps = [Step(f"{rung}{name}", "assigned", label, row.file.source, since)]
    disagree = len({one.ocn or one.company for one in same}) > 1
    return _Carrier(_codes(row.ocn), row.company, disagree=disagree), steps


def _standing(row: CodeAssignment) -> tuple[bool, str, str]:
    return row.valid_from is not None, str(row.valid_from), str(row.file.as_of)


def _in_directory(found: Resolution, codes: Sequence[str], *, on: date) -> Resolution:
    if not codes:
        return replace(found, why=Why.NO_IDENTIFIER)
    holders = holders_of(codes, on=on)
    for code in codes:
        if not (ids := holders[code]):
            continue
        if len(ids) > 1:
            return replace(found, ocn=code, why=Why.CLAIMED_TWICE, candidates=tuple(sorted(ids)))
        provider = Provider.objects.get(pk=next(iter(ids)))
        step = Step("directory", "holds", f"{code} is {provider.id}")
        return replace(found, provider=provider, ocn=code, how=(*found.how, step), why=Why.FOUND)
    return replace(found, why=Why.UNKNOWN_IDENTIFIER)


def _codes(*given: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code.upper() for code in given if code))


def _range(prefix: str) -> str:
    """``312-555`` or ``312-555-0``; elsewhere than in the North American plan the digits."""
    if not prefix.startswith("1") or len(prefix) < NANP_CODE:
        return f"+{prefix}"
    return "-".join(part for part in (prefix[1:4], prefix[4:7], prefix[7:]) if part)


def _label(codes: Sequence[str], company: str, lrn: int | None) -> str:
    parts = [" / ".join(codes), company, f"LRN {format_e164(lrn)}" if lrn else ""]
    return ", ".join(part for part in parts if part)


def plain(resolution: Resolution) -> dict[str, Any]:
    """A resolution as JSON, for the API and the queue."""
    return {
        "number": format_e164(resolution.number),
        "on": resolution.on.isoformat(),
        "provider": resolution.provider.id if resolution.provider else None,
        "provider_name": resolution.provider.legal_name if resolution.provider else None,
        "carrier": resolution.carrier,
        "ocn": resolution.ocn,
        "how": [step.plain() for step in resolution.how],
        "why": resolution.why.value,
        "is_reseller_held": resolution.is_reseller_held,
        "reseller": resolution.reseller,
        "candidates": list(resolution.candidates),
        "needs_person": resolution.needs_person,
    }
