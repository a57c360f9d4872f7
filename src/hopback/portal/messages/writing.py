"""A letter, and the RFC 5322 message it becomes: built once, kept and sent byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from hopback.kernel.errors import BadInput
from hopback.portal.messages.tokens import token_of

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.config import Office

__all__ = ["LOOP_HEADER", "Letter", "build", "good_mailbox"]

LONGEST_SUBJECT: Final = 200
LONGEST_TEXT: Final = 200_000
LOOP_HEADER: Final = "X-Loop"

_POLICY: Final = SMTP.clone(max_line_length=400)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be written to one mailbox.

    ``kind`` is the sort of letter, by which apps are told what became of it; ``about`` what it concerns (``hop:R…``).
    ``key`` keeps the same letter from being written twice and names it to ``withdraw``; empty makes one up.
    ``due`` sends it later than now. ``is_confidential`` marks a letter with a secret of its reader in it.
    """

    kind: str
    mailbox: str
    subject: str
    text: str
    about: str = ""
    organisation: str = ""
    key: str = ""
    due: datetime | None = None
    is_confidential: bool = False

    @property
    def audit_name(self) -> str:
        """What the log calls it until it has a name."""
        return self.about or f"letter:{self.kind}"


def good_mailbox(text: str, *, where: str = "mailbox") -> str:
    """A mailbox as a mail system takes it: ASCII, the domain in its ACE form. Raises :class:`BadInput`."""
    text = text.strip()
    local, _, domain = text.rpartition("@")
    try:
        mailbox = f"{local}@{domain.encode('idna').decode()}"
        validate_email(mailbox)
        mailbox.encode("ascii")
        if (
            '"' in local or not mailbox.isprintable()
        ):  # RFC 5322 allows them; no office has one, and many a relay refuses
            raise ValidationError("quoted")  # noqa: TRY301 -- it is one more way not to be a mailbox
    except (ValidationError, UnicodeError):
        raise BadInput(f"{text[:100]!r} is no mailbox", where=where, mend="write it as name@example.org") from None
    return mailbox


def build(letter: Letter, *, uid: str, office: Office, at: datetime) -> tuple[bytes, str]:
    """The message's bytes, every line ending in CRLF, and its Message-ID. Raises :class:`BadInput`."""
    if not letter.subject.strip() or len(letter.subject) > LONGEST_SUBJECT or not letter.subject.isprintable():
        raise BadInput("a subject is one line of at most 200 characters", where="subject")
    if not letter.text.strip() or len(letter.text) > LONGEST_TEXT:
        raise BadInput("a letter says something, in at most 200,000 characters", where="text")
    token = token_of(uid)
    message_id = f"<{token}@{office.domain}>"
    name, mailbox = parseaddr(office.sender)
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(name, addr_spec=mailbox)
    message["To"] = Address(addr_spec=good_mailbox(letter.mailbox))
    message["Reply-To"] = Address(name, addr_spec=office.reply_to(token))
    message["Subject"] = f"{letter.subject} [ref: {token}]"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message[LOOP_HEADER] = office.replies
    # quoted-printable survives any relay, so that what arrives is what was kept
    message.set_content(letter.text.replace("\x00", ""), charset="utf-8", cte="quoted-printable")
    return message.as_bytes(), message_id
