"""One verb for several tracebacks: what would be done and what not, and why; then the doing, each by itself.

Each traceback is done by the verb that its own page uses, in a transaction of its own: one that is refused stops
no other, and its refusal is told in the words of the process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel import commands as cmd
from hopback.kernel.errors import BadInput, HopbackError
from hopback.kernel.hops import DeclineReason
from hopback.portal.tracebacks import actions as process
from hopback.portal.tracebacks.access import by, hops_of, tracebacks_of
from hopback.portal.tracebacks.docket import load_all
from hopback.portal.tracebacks.projections import UNANSWERED
from hopback.portal.web.access import colleagues_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.kernel.commands import Command
    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor
    from hopback.portal.tracebacks.docket import Docket
    from hopback.portal.tracebacks.models import Hop, Traceback

__all__ = ["MOST", "VERBS", "Foreseen", "Options", "carry_out", "check", "foresee", "picked"]

VERBS: Final = {
    "assign": "assign",
    "remind": "remind who owes an answer",
    "note": "add a note",
    "conclude": "conclude what is conclusive",
    "close": "close",
    "decline": "decline",
}
MOST: Final = 200
"""How many tracebacks one go takes."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a verb needs to be told. ``is_told``: those found were told and asked to mitigate."""

    owner: str = ""
    text: str = ""
    code: str = ""
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One traceback, and whether the verb would be done to it; ``why`` where it would not, or what it would do."""

    row: Traceback
    version: int
    will: bool
    why: str = ""
    waits: tuple[Hop, ...] = field(default=())


def picked(actor: Actor, picks: Sequence[str]) -> list[tuple[Traceback, int]]:
    """The tracebacks that were picked (``id:version``), each with the version that was looked at."""
    seen: dict[str, int] = {}
    for pick in picks:
        key, _, version = pick.rpartition(":")
        if key and version.isdigit():
            seen.setdefault(key, int(version))
    if not seen:
        raise BadInput("no traceback is picked", where="pick", mend="tick those it is about")
    if len(seen) > MOST:
        raise BadInput(f"more than {MOST} at once", where="pick", mend="take fewer, and come back")
    rows = tracebacks_of(actor).select_related("owner").filter(pk__in=seen).order_by("-proposed_at", "pk")
    return [(row, seen[row.pk]) for row in rows]


def foresee(
    actor: Actor, verb: str, rows: Sequence[tuple[Traceback, int]], options: Options, *, at: datetime
) -> list[Foreseen]:
    """What would come of a verb, traceback by traceback. Nothing is changed."""
    if verb not in VERBS:
        raise BadInput(f"{verb!r} is nothing to be done to several", where="verb", mend=f"one of {', '.join(VERBS)}")
    dockets = load_all([row.pk for row, _ in rows]) if verb in ("conclude", "close", "decline", "remind") else {}
    waits = _waiting(actor, [row.pk for row, _ in rows]) if verb == "remind" else {}
    found = []
    for row, version in rows:
        if row.version != version:
            found.append(Foreseen(row, version, will=False, why="it changed since you looked"))
            continue
        if verb in ("assign", "note"):
            is_same = verb == "assign" and str(row.owner_id or "") == options.owner
            found.append(Foreseen(row, version, not is_same, "it is theirs already" if is_same else ""))
        elif verb == "remind":
            found.append(_reminding(actor, row, version, dockets[row.pk], waits.get(row.pk, ()), at=at))
        else:
            why = _tried(dockets[row.pk], _command(actor, verb, dockets[row.pk], options), at=at)
            says = dockets[row.pk].result.outcome if verb == "conclude" and not why else None
            found.append(Foreseen(row, version, not why, why or (f"as {says.value}" if says is not None else "")))
    return found


def carry_out(
    actor: Actor, verb: str, rows: Sequence[tuple[Traceback, int]], options: Options, *, at: datetime
) -> list[Foreseen]:
    """Do it, each by itself; says of each whether it was done, and why not."""
    told = []
    for one in foresee(actor, verb, rows, options, at=at):
        if not one.will:
            told.append(one)
            continue
        try:
            _do(actor, verb, one, options, at=at)
            told.append(one)
        except HopbackError as error:
            told.append(Foreseen(one.row, one.version, will=False, why=error.message))
    return told


def _do(actor: Actor, verb: str, one: Foreseen, options: Options, *, at: datetime) -> None:
    match verb:
        case "assign":
            process.assign(actor, one.row, _owner(actor, options), at=at)
        case "note":
            process.note(actor, one.row, at=at, text=options.text)
        case "remind":
            for hop in one.waits:
                process.remind(actor, hop, at=at)
        case "conclude":
            process.conclude(actor, one.row, at=at, reason=options.text, seen=one.version)
        case "close":
            process.close(actor, one.row, at=at, notices=_notices(one.row.origin_provider, options), seen=one.version)
        case "decline":
            process.decline(actor, one.row, at=at, code=_code(options), note=options.text)


def _command(actor: Actor, verb: str, docket: Docket, options: Options) -> Command:
    who = by(actor)
    match verb:
        case "conclude":
            return cmd.Conclude(docket.result, options.text, by=who)
        case "close":
            return cmd.Close(_notices(docket.row.origin_provider, options), by=who)
    return cmd.Decline(_code(options), options.text, by=who)


def _reminding(
    actor: Actor, row: Traceback, version: int, docket: Docket, hops: Sequence[Hop], *, at: datetime
) -> Foreseen:
    if not hops:
        return Foreseen(row, version, will=False, why="no provider owes an answer")
    tried = [(hop, _tried(docket, cmd.RemindHop(hop.number, f"try:{at}", by=by(actor)), at=at)) for hop in hops]
    can = tuple(hop for hop, why in tried if not why)
    why = ", ".join(hop.provider_id for hop in can) if can else tried[0][1]
    return Foreseen(row, version, bool(can), why, can)


def _tried(docket: Docket, command: Command, *, at: datetime) -> str:
    """Why the process would refuse a command; empty where it would not. The docket stays as it was."""
    before, count = docket.trace, len(docket.events)
    try:
        docket.do(command, at=at)
    except HopbackError as error:
        return error.message
    finally:
        docket.trace = before
        del docket.events[count:]
    return ""


def _waiting(actor: Actor, ids: Sequence[str]) -> dict[str, tuple[Hop, ...]]:
    rows = hops_of(actor).filter(traceback__in=ids, state__in=[state.value for state in UNANSWERED])
    found: dict[str, tuple[Hop, ...]] = {}
    for hop in rows.select_related("traceback").order_by("traceback", "number"):
        found[hop.traceback_id] = (*found.get(hop.traceback_id, ()), hop)
    return found


def _notices(origin: str, options: Options) -> tuple[str, ...]:
    return (origin,) if origin and options.is_told else ()


def _owner(actor: Actor, options: Options) -> User | None:
    if not options.owner:
        return None
    number = int(options.owner) if options.owner.isdigit() else 0
    owner = colleagues_of(actor).filter(pk=number).first()
    if owner is None:
        raise BadInput("nobody of the consortium", where="owner", mend="choose one of the list")
    return owner


def _code(options: Options) -> DeclineReason:
    try:
        return DeclineReason(options.code)
    except ValueError:
        raise BadInput("a candidate is declined for a reason", where="code", mend="choose one of the list") from None


def check(verb: str, options: Options, actor: Actor) -> Any:
    """Raise :class:`BadInput` where a verb lacks what it needs."""
    if verb == "assign":
        return _owner(actor, options)
    if verb == "decline":
        return _code(options)
    if verb == "note" and not options.text.strip():
        raise BadInput("the note says nothing", where="text")
    return None
