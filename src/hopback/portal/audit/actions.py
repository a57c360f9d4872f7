"""One verb, one function, one transaction, one audit entry.

::

    @action("hop.answered", may=may_answer)
    def answer_hop(actor: Actor, hop: Hop, answer: Answer, *, at: datetime) -> Trace: ...

The decorator opens the transaction, asks ``may``, runs the function and inserts an unnumbered leaf
in the same transaction. A refusal rolls the transaction back and is recorded in one of its own.
An action inside another's transaction writes its own leaf and stands or falls with the outer one.
"""

from __future__ import annotations

import secrets
import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from django.db import connection, transaction

from hopback.kernel.errors import Refused
from hopback.portal.audit.covering import rows_digest
from hopback.portal.audit.models import Leaf
from hopback.proofs.leaves import SALT_SIZE, leaf_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["Entry", "action", "entry", "record_refusal", "recording_refusals"]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Guard(Protocol):
    """Says whether an actor may: returns, or raises :class:`~hopback.kernel.errors.Refused`."""

    def __call__(self, actor: Actor, subject: Any, /) -> None: ...


@dataclass(slots=True)
class Entry:
    """The audit entry of the action under way: what it is about and which rows it writes.

    ``uid`` is the leaf's, for rows to name. ``facts`` are small plain values shown in the leaf
    itself; ``rows`` are covered by a salted digest.
    """

    action: str
    uid: uuid.UUID = field(default_factory=uuid.uuid4)
    subject: str = ""
    policy: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def about(self, subject: str, *, policy: str = "") -> None:
        """Say what the action is about and which version of the policy governs it."""
        self.subject, self.policy = subject, policy or self.policy

    def wrote(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put rows, in the order of their keys, under this entry."""
        self.rows.setdefault(table, []).extend(rows)


@dataclass(frozen=True, slots=True)
class _Refusal:
    action: str
    actor: Actor
    subject: str
    at: datetime
    error: Refused


_entry: ContextVar[Entry | None] = ContextVar("entry", default=None)
_refusals: ContextVar[list[_Refusal] | None] = ContextVar("refusals", default=None)


def entry() -> Entry:
    """The audit entry of the action under way."""
    current = _entry.get()
    if current is None:
        raise RuntimeError("no action is under way: what is written is written by an action")
    return current


def action(
    name: str, *, may: Guard
) -> Callable[
    [Callable[Concatenate[Actor, Arguments], Result]],
    Callable[Concatenate[Actor, Arguments], Result],
]:
    """Make a function a verb of the portal, recorded as ``name`` (``noun.past_participle``).

    ``may(actor, subject)`` is asked inside the transaction, ``subject`` being the function's second
    argument. The function takes ``at=`` by keyword: the instant that is recorded.
    """

    def decorate(
        function: Callable[Concatenate[Actor, Arguments], Result],
    ) -> Callable[Concatenate[Actor, Arguments], Result]:
        @wraps(function)
        def perform(actor: Actor, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            at: Any = kwargs["at"]
            subject = args[0] if args else None
            current = Entry(name, subject=_name_of(subject))
            token = _entry.set(current)
            try:
                with recording_refusals(), transaction.atomic():
                    try:
                        may(actor, subject)
                        result = function(actor, *args, **kwargs)
                    except Refused as error:
                        _defer(_Refusal(name, actor, current.subject, at, error))
                        raise
                    _insert(current, actor=actor, at=at)
                    return result
            finally:
                _entry.reset(token)

        return perform

    return decorate


@contextmanager
def recording_refusals() -> Iterator[None]:
    """Record, in a transaction of their own, the refusals of what runs inside once it has been rolled back.

    Whoever opens the outermost transaction around actions wraps it in this; inner uses do nothing.
    """
    if _refusals.get() is not None or connection.in_atomic_block:
        yield
        return
    pending: list[_Refusal] = []
    token = _refusals.set(pending)
    try:
        yield
    finally:
        _refusals.reset(token)
        for refusal in pending:
            _record(refusal)


def record_refusal(actor: Actor, action_name: str, subject: str, error: Refused, *, at: datetime) -> None:
    """Record a refusal met before any action began, such as a key that may not come in."""
    _record(_Refusal(action_name, actor, subject, at, error))


def _defer(refusal: _Refusal) -> None:
    pending = _refusals.get()
    if pending is not None and not any(one.error is refusal.error for one in pending):
        pending.append(refusal)


def _record(refusal: _Refusal) -> None:
    current = Entry(
        refusal.action,
        subject=refusal.subject,
        facts={"refused": refusal.error.code, "because": refusal.error.message},
    )
    with transaction.atomic():
        _insert(current, actor=refusal.actor, at=refusal.at, is_refusal=True)


def _insert(current: Entry, *, actor: Actor, at: datetime, is_refusal: bool = False) -> None:
    salt = secrets.token_bytes(SALT_SIZE)
    body = {
        "v": 1,
        "id": str(current.uid),
        "action": current.action,
        "actor": actor.name,
        "role": actor.role.value,
        "purpose": actor.purpose,
        "policy": current.policy,
        "at": at.isoformat(),
        "subject": current.subject,
        "refused": is_refusal,
        "facts": current.facts,
        "rows": rows_digest(current.rows, salt=salt),
    }
    Leaf.objects.create(
        uid=current.uid,
        action=current.action,
        actor=actor.name,
        subject=current.subject,
        at=at,
        is_refusal=is_refusal,
        body=leaf_bytes(body, salt=salt).decode(),
    )


def _name_of(subject: object) -> str:
    if subject is None or isinstance(subject, str):
        return subject or ""
    return str(getattr(subject, "audit_name", type(subject).__name__))
