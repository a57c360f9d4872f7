"""What was said by mail, for an organisation's own programs, version 1."""

from __future__ import annotations

from pydantic import BaseModel

from hopback.wire.hops import Utc  # noqa: TC001 -- pydantic reads the annotations

__all__ = ["LetterInFull", "LetterList", "LetterSummary", "MailAttempt"]


class LetterSummary(BaseModel):
    """One message. ``about`` names what it is about, ``sha256`` is the digest of its exact bytes."""

    id: str
    direction: str
    at: Utc
    kind: str
    about: str = ""
    organisation: str = ""
    sender: str = ""
    mailbox: str = ""
    subject: str = ""
    sha256: str
    size: int


class LetterList(BaseModel):
    """Messages in the order they were written or came in; ``next`` is the cursor to go on from, if there are more."""

    messages: list[LetterSummary]
    next: str | None = None


class MailAttempt(BaseModel):
    """One attempt to send a letter, or a report on it, in the mail server's own words."""

    outcome: str
    at: Utc
    server: str = ""
    status: str = ""
    proof: str = ""


class LetterInFull(LetterSummary):
    """A message with its text, absent where it carries a secret of its reader, and what became of it."""

    text: str | None = None
    attempts: list[MailAttempt]
