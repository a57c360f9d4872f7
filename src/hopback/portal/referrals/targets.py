"""What a request is about, brought to the form in which two that mean the same are equal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.errors import BadInput
from hopback.kernel.numbers import parse_number
from hopback.portal.directory.names import name_key
from hopback.portal.intake.facts import Facts, read_facts
from hopback.portal.referrals.models import RequestKind

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["MOST_CALLS", "MOST_TARGETS", "read_calls", "target_key"]

MOST_TARGETS: Final = 20
MOST_CALLS: Final = 50
CALL_FIELDS: Final = ("called", "calling", "call_start", "call_start_zone", "accuracy_s")
FRN: Final = re.compile(r"(?:frn)?\s*(\d{10})", re.IGNORECASE)


def target_key(kind: str, text: str) -> str:
    """The key of a target: E.164 digits of a number, the FRN or the bare name of a provider, the words of a campaign.

    Raises :class:`BadInput` for what is no number, or says nothing.
    """
    text = text.strip()
    if kind == RequestKind.NUMBER:
        read = parse_number(text)
        if read.e164 is None:
            raise BadInput(f"{text[:40]!r} is no telephone number", where="targets", mend="write it as +1 202 555 0143")
        return str(read.e164)
    registered = FRN.fullmatch(text) if kind == RequestKind.PROVIDER else None
    if registered is not None:
        return f"frn {registered[1]}"
    key = name_key(text)
    if not key:
        raise BadInput(f"{text[:40]!r} names nothing", where="targets")
    return key


def read_calls(text: str, *, why: str, at: datetime) -> list[Facts]:
    """Calls written one a line: called number, calling number, when it began, its time zone, accuracy in seconds.

    The last two may be left out: UTC, and 60 seconds. Raises :class:`BadInput` with every line that is wrong.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_CALLS:
        raise BadInput(f"at most {MOST_CALLS} calls in one request", where="calls", mend="file several requests")
    found: list[Facts] = []
    wrong: list[str] = []
    for number, line in lines:
        given = [part.strip() for part in re.split(r"[,;\t]", line)]
        raw: dict[str, Any] = dict(zip(CALL_FIELDS, given, strict=False))
        raw["accuracy_s"] = raw.get("accuracy_s") or "60"
        raw["call_start_zone"] = raw.get("call_start_zone") or "UTC"
        facts, misread = read_facts(raw | {"why": why[:4000]}, at=at)
        if len(given) > len(CALL_FIELDS):
            wrong.append(f"line {number} has too many parts")
        elif facts is None:
            wrong.append(
                f"line {number}: " + ", ".join(f"{one.field.replace('_', ' ')} {one.message}" for one in misread)
            )
        else:
            found.append(facts)
    if wrong:
        raise BadInput("; ".join(wrong), where="calls")
    return found
