"""Mail that came in, read without trusting any of it.

Nothing here looks at who a message says it is from: a From header is anybody's to write, and DMARC vouches for a
domain, not a person. What ties a message to one of ours is the token that we signed.

Sources: RFC 5322, RFC 3464 (delivery reports), RFC 3834 (automatic responses).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

from hopback.portal.messages.models import Nature
from hopback.portal.messages.tokens import TOKEN, uid_in
from hopback.portal.messages.writing import LOOP_HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Part", "Received", "Report", "headers_of", "part_of", "read"]

LONGEST_TEXT: Final = 200_000
LARGEST_PART: Final = 10 * 2**20
MOST_PARTS: Final = 50
MOST_HEADERS: Final = 100
MOST_RECEIVED: Final = 50
"""More relays than this is a loop. RFC 5321 section 6.3 lets a relay allow 100; we are none."""

ADDRESSED: Final = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_TAG: Final = re.compile(r"\[ref:\s*([a-z2-7]{25})\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment: its place among the parts, its name as claimed, its type, size and digest."""

    part: int
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery report says of one recipient (RFC 3464 section 2.3)."""

    recipient: str
    action: str
    status: str
    diagnostic: str
    server: str


@dataclass(slots=True)
class Received:
    """What could be read of a message. ``answers`` is the uid of the message of ours that it answers, by our own token.

    ``notes`` say what was left out or could not be read.
    """

    nature: Nature
    message_id: str = ""
    sender: str = ""
    to: str = ""
    subject: str = ""
    text: str = ""
    answers: str | None = None
    parts: list[Part] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(raw: bytes, *, replies: str) -> Received:
    """Read a message, whatever it is: what cannot be read is said, never raised.

    ``replies`` is the mailbox our replies go to, by which our own mail is known when it comes back.
    """
    try:
        mail = BytesParser(policy=compat32).parsebytes(raw)
        return _read(mail, replies=replies)
    except (Exception, RecursionError) as error:  # noqa: BLE001 -- a hostile message is kept like any other
        return Received(Nature.UNREADABLE, notes=[f"it could not be read: {type(error).__name__}"])


def part_of(raw: bytes, number: int) -> bytes:
    """The decoded bytes of one part of a message that :func:`read` listed."""
    mail = BytesParser(policy=compat32).parsebytes(raw)
    for place, part in enumerate(mail.walk()):
        if place == number:
            return _payload(part)
    return b""


def headers_of(raw: bytes) -> list[tuple[str, str]]:
    """The headers of a message in the order they stand, decoded as far as they can be; the first hundred."""
    mail = BytesHeaderParser(policy=compat32).parsebytes(raw)
    return [(_clean(name), _decoded(value)) for name, value in mail.items()[:MOST_HEADERS]]


def _read(mail: Mail, *, replies: str) -> Received:
    found = Received(
        Nature.LETTER,
        message_id=_header(mail, "Message-ID")[:255],
        sender=_header(mail, "From")[:320],
        to=_header(mail, "To")[:320],
        subject=_header(mail, "Subject")[:998],
    )
    reports = [part for part in mail.walk() if part.get_content_type() == "message/delivery-status"]
    found.answers = _answers(mail, replies=replies)
    _take_parts(mail, found)
    if reports:
        found.nature = Nature.BOUNCE
        found.reports = [report for part in reports for report in _reports(part)]
        found.answers = found.answers or _returned(mail)
    elif _is_ours(mail, replies=replies):
        found.nature = Nature.LOOP
    elif _is_automatic(mail):
        found.nature = Nature.AUTOMATIC
    return found


def _answers(mail: Mail, *, replies: str) -> str | None:
    """The uid in the first good token: in the mailbox it was sent to, in the subject, in what it says it replies to."""
    local = re.escape(replies.rpartition("@")[0])
    at_mailbox = re.compile(rf"{local}\+([a-z2-7]{{25}})@", re.IGNORECASE)
    for name in ADDRESSED:
        for line in _headers(mail, name):
            for token in at_mailbox.findall(line):
                if (uid := uid_in(token)) is not None:
                    return uid
    for pattern, names in ((_TAG, ("Subject",)), (TOKEN, ("In-Reply-To", "References"))):
        for name in names:
            for line in _headers(mail, name):
                # the last named is the one replied to
                for token in reversed(pattern.findall(line)):
                    if (uid := uid_in(token)) is not None:
                        return uid
    return None


def _returned(mail: Mail) -> str | None:
    """The uid of the message that a report gives back, whole or its headers only (RFC 3462 section 2)."""
    for part in mail.walk():
        if part.get_content_type() == "text/rfc822-headers":
            head = BytesParser(policy=compat32).parsebytes(_payload(part))
        elif part.get_content_type() == "message/rfc822" and isinstance(part.get_payload(), list):
            head = part.get_payload(0)  # type: ignore[assignment]  # a list of one message
        else:
            continue
        for line in (*_headers(head, "Message-ID"), *_headers(head, "Reply-To")):
            for token in TOKEN.findall(line):
                if (uid := uid_in(token)) is not None:
                    return uid
    return None


def _reports(part: Mail) -> Iterator[Report]:
    groups = part.get_payload()
    for group in groups if isinstance(groups, list) else []:
        if not isinstance(group, Mail) or not group.get("Action"):
            continue
        yield Report(
            recipient=_after_type(_header(group, "Final-Recipient") or _header(group, "Original-Recipient"))[:320],
            action=_header(group, "Action").partition(" ")[0].lower()[:20],
            status=_header(group, "Status")[:20],
            diagnostic=_after_type(_header(group, "Diagnostic-Code"))[:2000],
            server=_after_type(_header(group, "Remote-MTA"))[:255],
        )


def _is_ours(mail: Mail, *, replies: str) -> bool:
    ours = any(line.strip().lower() == replies.lower() for line in _headers(mail, LOOP_HEADER))
    return ours or len(_headers(mail, "Received")) > MOST_RECEIVED


def _is_automatic(mail: Mail) -> bool:
    """RFC 3834 section 5, and what was common before it."""
    submitted = _header(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted not in {"", "no"}:
        return True
    if _header(mail, "Precedence").lower() in BULK or _header(mail, "Return-Path") == "<>":
        return True
    return any(mail.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "List-Id"))


def _take_parts(mail: Mail, found: Received) -> None:
    plain, html = "", ""
    for place, part in enumerate(mail.walk()):
        kind = part.get_content_type()
        if part.is_multipart() and not kind.startswith("message/"):
            continue
        name = _filename(part)
        is_attached = bool(name) or part.get_content_disposition() == "attachment"
        if kind == "text/plain" and not is_attached:
            plain = plain or _text(part)
        elif kind == "text/html" and not is_attached:
            html = html or _text(part)
        elif not part.is_multipart():
            _attach(part, place, name, found)
    text = plain or _words(html)
    if len(text) > LONGEST_TEXT:
        found.notes.append(
            f"only the first {LONGEST_TEXT:,} characters of the text are shown; the bytes are kept whole"
        )
    found.text = text[:LONGEST_TEXT]


def _attach(part: Mail, place: int, name: str, found: Received) -> None:
    data = _payload(part)
    if len(found.parts) >= MOST_PARTS:
        if len(found.parts) == MOST_PARTS and not any("attachments" in note for note in found.notes):
            found.notes.append(f"more than {MOST_PARTS} attachments: the rest are in the bytes only")
        return
    if len(data) > LARGEST_PART:
        found.notes.append(f"{name or 'an attachment'} is larger than {LARGEST_PART // 2**20} MB: in the bytes only")
        return
    media_type = _clean(part.get_content_type())[:120]
    found.parts.append(Part(place, name, media_type, len(data), hashlib.sha256(data).hexdigest()))


def _filename(part: Mail) -> str:
    try:
        name = part.get_filename() or ""
    except Exception:  # noqa: BLE001 -- RFC 2231 parameters can be broken in many ways
        name = "attachment"
    return _clean(str(name)).replace("/", "_").replace("\\", "_")[:200]


def _payload(part: Mail) -> bytes:
    data: Any = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(part: Mail) -> str:
    data = _payload(part)
    try:
        text = data.decode(part.get_content_charset("utf-8"), errors="replace")
    except (LookupError, ValueError):
        text = data.decode("utf-8", errors="replace")
    return _clean(text.replace("\r\n", "\n"))


def _headers(mail: Mail, name: str) -> list[str]:
    return [_decoded(value) for value in mail.get_all(name) or []]


def _header(mail: Mail, name: str) -> str:
    value = mail.get(name)
    return "" if value is None else _decoded(value)


def _decoded(value: Any) -> str:
    try:
        text = str(make_header(decode_header(value)))
    except Exception:  # noqa: BLE001 -- an encoded word may name any charset and hold any bytes
        text = str(value)
    return " ".join(_clean(text).split())


def _clean(text: str) -> str:
    """Text that every database keeps and canonical JSON writes: no NUL, no half surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode()


def _after_type(text: str) -> str:
    """``rfc822; someone@example.org`` without its type."""
    kind, mark, rest = text.partition(";")
    return rest.strip() if mark and " " not in kind else text


class _Words(HTMLParser):
    """The words of an HTML text: it is read, never shown as HTML."""

    SKIPPED: Final = frozenset({"script", "style", "head", "title"})
    BREAKS: Final = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "blockquote"})

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self.SKIPPED:
            self.skipping += 1
        elif tag in self.BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SKIPPED and self.skipping:
            self.skipping -= 1

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.words.append(data)


def _words(html: str) -> str:
    if not html:
        return ""
    reader = _Words()
    reader.feed(html[: 4 * LONGEST_TEXT])
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).splitlines())
    return "\n".join(line for line in lines if line)
