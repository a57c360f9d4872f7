"""A small SMTP server on loopback (RFC 5321), for tests: it takes mail, or says what a test tells it to say."""

from __future__ import annotations

import socketserver
import time
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import default
from threading import Thread
from typing import Self

from pydantic import SecretStr


@dataclass(frozen=True)
class Taken:
    """A mail that was taken: its envelope and its exact bytes."""

    sender: str
    recipients: list[str]
    data: bytes

    @property
    def message_id(self) -> str:
        return str(BytesHeaderParser(policy=default).parsebytes(self.data)["Message-ID"])


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.sender = ""
        self.recipients: list[str] = []

    def handle(self) -> None:
        self.say("220 stub")
        while line := self.rfile.readline():
            words = line.decode().strip()
            verb = words.split(" ")[0].upper()
            if verb == "MAIL":
                self.sender, self.recipients = _mailbox(words), []
                self.answer("MAIL", "250 ok")
            elif verb == "RCPT":
                if self.answer("RCPT", "250 ok"):
                    self.recipients.append(_mailbox(words))
            elif verb == "DATA":
                if self.answer("DATA", "354 go on"):
                    self.take()
            elif verb == "QUIT":
                if not self.server.ours.hangs_up_at_quit:
                    self.say("221 bye")
                return
            else:
                self.say("250 stub")

    def take(self) -> None:
        ours = self.server.ours
        lines = []
        while (body := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(body[1:] if body.startswith(b".") else body)
        time.sleep(ours.pause_s)
        if not ours.says.get("DATA."):
            ours.taken.append(Taken(self.sender, self.recipients, b"".join(lines)))
        self.answer("DATA.", f"250 taken as {len(ours.taken)}")

    def answer(self, verb: str, otherwise: str) -> bool:
        script = self.server.ours.says.get(verb)
        reply = script.pop(0) if script else otherwise
        self.say(reply)
        return reply[0] in "23"

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


def _mailbox(words: str) -> str:
    return words.partition("<")[2].partition(">")[0]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    ours: Smtp


class Smtp:
    """The server. ``says`` holds, for each verb, what to say the next times; ``DATA.`` is the end of the data."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.says: dict[str, list[str]] = {}
        self.pause_s = 0.0
        self.hangs_up_at_quit = False
        self._server = _Server(("127.0.0.1", 0), _Talk)
        self._server.ours = self
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def secret_url(self) -> SecretStr:
        return SecretStr(self.url)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
