"""Who above is told what became of a letter, and where a subject is shown: by registration, never by import.

An app registers in its ``jobs`` module, for the kinds of letters it writes::

    @on_delivered("request.opened")
    def note_receipt(told: Told, /, *, at: datetime) -> None: ...

A listener runs in a job of its own: what it raises is tried again and never sends the letter again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = [
    "Listener",
    "Told",
    "bounce_listeners",
    "delivery_listeners",
    "leads_to",
    "link_to",
    "on_bounced",
    "on_delivered",
]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a letter: which, when and by whose word.

    ``at`` is the instant it was accepted, refused or came back; ``status`` an RFC 3463 or SMTP code, if there was one;
    ``proof`` the mail server's words.
    """

    message: str
    kind: str
    about: str
    organisation: str
    mailbox: str
    outcome: str
    status: str
    proof: str
    at: datetime
    sha256: str


class Listener(Protocol):
    """Takes note of what became of a letter."""

    def __call__(self, told: Told, /, *, at: datetime) -> None:
        """Take note. It may be told the same more than once, if it failed the first time."""


_delivered: dict[str, list[Listener]] = {}
_bounced: dict[str, list[Listener]] = {}
_places: dict[str, Callable[[Actor, str], str]] = {}


def on_delivered(kind: str) -> Callable[[Listener], Listener]:
    """Tell a function of each letter of this kind that a mail server accepted."""
    return lambda listener: _register(_delivered, kind, listener)


def on_bounced(kind: str) -> Callable[[Listener], Listener]:
    """Tell a function of each letter of this kind that was refused, came back or was given up."""
    return lambda listener: _register(_bounced, kind, listener)


def delivery_listeners(kind: str) -> tuple[Listener, ...]:
    """Who is told of deliveries of this kind."""
    return tuple(_delivered.get(kind, ()))


def bounce_listeners(kind: str) -> tuple[Listener, ...]:
    """Who is told of bounces of this kind."""
    return tuple(_bounced.get(kind, ()))


def leads_to(prefix: str, address: Callable[[Actor, str], str]) -> None:
    """Say where a subject such as ``hop:R…`` is shown: a function of the actor and the part after the colon.

    It asks no database, since lists call it for each row; it returns "" where the actor is shown nothing.
    """
    _places[prefix] = address


def link_to(actor: Actor, about: str) -> str:
    """The address at which an actor is shown a subject, "" if none is known."""
    prefix, _, name = about.partition(":")
    found = _places.get(prefix)
    return found(actor, name) if found is not None and name else ""


def _register(where: dict[str, list[Listener]], kind: str, listener: Listener) -> Listener:
    known = where.setdefault(kind, [])
    if listener not in known:
        known.append(listener)
    return listener
