"""A mailbox read by IMAP (RFC 3501): what is new in it is taken in, nothing in it is changed.

How far it was read is kept by UID, so that a person who opens a message in the mailbox does not hide it from us.
A message is taken in before that mark moves: a worker that is killed between the two takes it in once all the same.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.conf import settings

from hopback.kernel.errors import BadInput
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.messages.access import mailbox_named
from hopback.portal.messages.actions import note_read_up_to, take_in

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.config import MailServer

__all__ = ["read_mailbox"]

AT_ONCE: Final = 50
"""Messages taken in at one look; the next look goes on."""

HEAD: Final = b"\r\nX-Hopback-Note: larger than this portal takes; only its headers are kept\r\n\r\n"

log = structlog.get_logger(__name__)


def read_mailbox(server: MailServer, *, at: datetime) -> int:
    """Take in what came since the last look. Returns how many messages were taken in."""
    connection = _connect(server)
    try:
        connection.login(server.user, server.password)
        _checked(connection.select(f'"{server.folder}"', readonly=True))
        mailbox = mailbox_named(f"{server.user}@{server.host}/{server.folder}"[:255])
        validity = _number(connection.response("UIDVALIDITY")[1])
        if validity != mailbox.validity:  # the server numbered it anew: what we have is known by its bytes
            mailbox.validity, mailbox.last_uid = validity, 0
        found = _checked(connection.uid("SEARCH", f"UID {mailbox.last_uid + 1}:*"))
        uids = sorted(int(uid) for uid in found[0].split() if int(uid) > mailbox.last_uid)
        for uid in uids[:AT_ONCE]:
            _take(connection, uid, at=at)
            note_read_up_to(mailbox, uid=uid, at=at)
        return len(uids[:AT_ONCE])
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            connection.logout()


def _connect(server: MailServer) -> imaplib.IMAP4:
    if server.is_tls:
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=server.timeout_s)
    connection = imaplib.IMAP4(server.host, server.port, timeout=server.timeout_s)
    if server.starts_tls:
        connection.starttls(ssl.create_default_context())
    return connection


def _take(connection: imaplib.IMAP4, uid: int, *, at: datetime) -> None:
    size = _number(_checked(connection.uid("FETCH", str(uid), "(RFC822.SIZE)")), key=b"RFC822.SIZE")
    is_large = size > settings.CONFIGURATION.mail_in_largest
    parts = _checked(connection.uid("FETCH", str(uid), "(BODY.PEEK[HEADER])" if is_large else "(BODY.PEEK[])"))
    raw = next((part[1] for part in parts if isinstance(part, tuple)), b"")
    if is_large:
        raw = raw.rstrip(b"\r\n")[: settings.CONFIGURATION.mail_in_largest - len(HEAD)] + HEAD
    try:
        take_in(SYSTEM, raw, via="imap", at=at)
    except BadInput as error:  # an empty message, or one that vanished meanwhile
        log.warning("mail.not_taken_in", uid=uid, error=str(error))


def _checked(answer: tuple[str, list[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise OSError(f"the mailbox answered {status} {data}")
    return data


def _number(data: list[Any], *, key: bytes = b"") -> int:
    for part in data:
        text = part[0] if isinstance(part, tuple) else part
        if text and (found := re.search(re.escape(key) + rb"\s*(\d+)", text)):
            return int(found[1])
    return 0
