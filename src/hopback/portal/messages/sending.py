"""A message handed to whatever carries mail here, and what came of it in one small value.

By the settings that is an SMTP server, a Django mail backend (anymail has one for each service), or in a
demonstration the outbox, which keeps the message and sends nothing.
"""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from hopback.portal.messages.models import Outcome
from hopback.portal.messages.tokens import token_of
from hopback.portal.messages.writing import LOOP_HEADER

if TYPE_CHECKING:
    from hopback.portal.config import Configuration
    from hopback.portal.messages.models import Message

__all__ = ["Said", "carry"]

SMTP: Final = "hopback.portal.messages.smtp.SmtpBackend"
PERMANENT: Final = 500


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one attempt: the outcome, a status code, the server's words and its name, and how long it took."""

    outcome: Outcome
    status: str = ""
    proof: str = ""
    server: str = ""
    duration_ms: int = 0


def carry(message: Message) -> Said:
    """Hand a message over, once. Never raises for what a server or the network does."""
    began = time.monotonic()
    said = _carry(message, settings.CONFIGURATION)
    return Said(said.outcome, said.status, said.proof, said.server, int((time.monotonic() - began) * 1000))


def _carry(message: Message, configuration: Configuration) -> Said:
    if configuration.email_backend:
        return _by_backend(message, configuration)
    if configuration.smtp is not None:
        return _by_smtp(message, configuration)
    if configuration.keeps_mail:
        return Said(Outcome.ACCEPTED, proof="kept in the outbox; nothing is sent from here", server="outbox")
    return Said(Outcome.DEFERRED, proof="no mail server is set: give HOPBACK_SMTP_URL")


def _by_smtp(message: Message, configuration: Configuration) -> Said:
    server = configuration.smtp
    if server is None:
        raise RuntimeError("no SMTP server")
    name = f"{server.host}:{server.port}"
    backend: Any = get_connection(
        SMTP,
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.starts_tls,
        use_ssl=server.is_tls,
        timeout=server.timeout_s,
    )
    problem: Said | None = None
    try:
        # the envelope's sender carries the token as well, so that a bounce names the message it is about
        sender = configuration.office.reply_to(token_of(message.uid))
        backend.send_messages([_mail(message, configuration, sender=sender)])
    except (smtplib.SMTPException, OSError) as error:
        problem = _refusal(error, name)
    # what the server took it has taken, whatever went wrong while saying goodbye
    if backend.accepted is not None:
        return Said(Outcome.ACCEPTED, status=backend.accepted[:3], proof=backend.accepted, server=name)
    return problem or Said(Outcome.DEFERRED, proof="the server said nothing", server=name)


def _by_backend(message: Message, configuration: Configuration) -> Said:
    name = configuration.email_backend
    mail = _mail(message, configuration, sender=message.sender)
    try:
        count = get_connection(name).send_messages([mail])
    except (smtplib.SMTPException, OSError) as error:
        return _refusal(error, name)
    except Exception as error:  # noqa: BLE001 -- each service raises its own
        refused = type(error).__name__ in {"AnymailRecipientsRefused", "AnymailInvalidAddress"}
        outcome = Outcome.REFUSED if refused else Outcome.DEFERRED
        return Said(outcome, proof=f"{type(error).__name__}: {error}"[:2000], server=name)
    if not count:
        return Said(Outcome.DEFERRED, proof="the backend took nothing", server=name)
    status = getattr(mail, "anymail_status", None)
    proof = f"{getattr(status, 'status', 'taken')} as {getattr(status, 'message_id', message.message_id)}"
    return Said(Outcome.ACCEPTED, proof=proof, server=name)


def _refusal(error: Exception, server: str) -> Said:
    """What an exception says of the recipient; a fault of our own side is only ever put off."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()), (0, b""))
        return _by_code(code, words, server)
    if isinstance(error, smtplib.SMTPDataError):
        return _by_code(error.smtp_code, error.smtp_error, server)
    status = str(getattr(error, "smtp_code", ""))
    return Said(Outcome.DEFERRED, status=status, proof=f"{type(error).__name__}: {error}"[:2000], server=server)


def _by_code(code: int, words: bytes | str, server: str) -> Said:
    text = words.decode("utf-8", errors="replace") if isinstance(words, bytes) else str(words)
    outcome = Outcome.REFUSED if code >= PERMANENT else Outcome.DEFERRED
    return Said(outcome, status=str(code), proof=f"{code} {text}"[:2000], server=server)


class _Kept(EmailMessage):
    """A mail whose bytes are those on record; a service that composes its own takes the fields."""

    def __init__(self, raw: bytes, **fields: Any) -> None:
        super().__init__(**fields)
        self._raw = raw

    def message(self, **_kwargs: Any) -> Any:
        """What backends ask for ``as_bytes``."""
        return _Bytes(self._raw)


class _Bytes:
    """Bytes that answer as a message does."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def as_bytes(self, **_kwargs: Any) -> bytes:
        """The bytes on record."""
        return self._raw

    def as_string(self, **_kwargs: Any) -> str:
        """The same as text: what we write is ASCII."""
        return self._raw.decode("ascii", errors="replace")

    def get_charset(self) -> None:
        """None: nothing is to be encoded again."""


def _mail(message: Message, configuration: Configuration, *, sender: str) -> _Kept:
    token, office = token_of(message.uid), configuration.office
    return _Kept(
        bytes(message.raw),
        subject=f"{message.subject} [ref: {token}]",
        body=message.text,
        from_email=sender,
        to=[message.mailbox],
        reply_to=[office.reply_to(token)],
        headers={
            "Message-ID": message.message_id,
            "Auto-Submitted": "auto-generated",
            LOOP_HEADER: office.replies,
        },
    )
