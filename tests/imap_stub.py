"""A small IMAP server on loopback (RFC 3501), for tests: one mailbox, one user, what a reader of mail needs."""

from __future__ import annotations

import re
import socketserver
from threading import Thread
from typing import Self


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.say("* OK stub")
        while line := self.rfile.readline().decode().strip():
            tag, _, words = line.partition(" ")
            if not self.answer(words):
                self.say(f"{tag} NO no")
                continue
            self.say(f"{tag} OK done")
            if words.upper().startswith("LOGOUT"):
                return

    def answer(self, words: str) -> bool:
        ours, upper = self.server.ours, words.upper()
        if upper.startswith("CAPABILITY"):
            self.say("* CAPABILITY IMAP4rev1")
        elif upper.startswith("LOGIN"):
            return words.split(" ")[2].strip('"') == ours.password
        elif upper.startswith(("SELECT", "EXAMINE")):
            self.say(f"* {len(ours.mails)} EXISTS")
            self.say(f"* OK [UIDVALIDITY {ours.validity}] fresh")
        elif upper.startswith("UID SEARCH"):
            first = int(re.search(r"UID (\d+):", upper)[1])  # type: ignore[index]  # the only search asked for
            # "n:*" always names the last message, even below n
            uids = [uid for uid in range(1, len(ours.mails) + 1) if uid >= first or uid == len(ours.mails)]
            self.say(f"* SEARCH {' '.join(map(str, uids))}")
        elif upper.startswith("UID FETCH"):
            self.fetch(int(words.split(" ")[2]), upper)
        return True

    def fetch(self, uid: int, words: str) -> None:
        ours = self.server.ours
        mail = ours.mails[uid - 1]
        if "RFC822.SIZE" in words:
            self.say(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(mail)})")
            return
        if "HEADER" in words:
            mail = mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        ours.fetched.append(uid)
        self.wfile.write(f"* {uid} FETCH (UID {uid} BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n")

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    ours: Imap


class Imap:
    """The server: ``mails`` are the messages, numbered from one, ``fetched`` those that were read whole or in part."""

    def __init__(self, mails: list[bytes]) -> None:
        self.mails = mails
        self.fetched: list[int] = []
        self.validity = 7
        self.password = "secret"  # noqa: S105 -- the stub's
        self._server = _Server(("127.0.0.1", 0), _Talk)
        self._server.ours = self
        self.url = f"imap://desk:secret@127.0.0.1:{self._server.server_address[1]}/INBOX"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
