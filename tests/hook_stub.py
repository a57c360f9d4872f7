"""A receiver of webhooks on loopback, for tests: it verifies what comes, and answers what a test tells it to."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

if TYPE_CHECKING:
    import ssl


class _Talk(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        ours = self.server.ours
        body = self.rfile.read(int(self.headers["Content-Length"]))
        ours.seen.append((dict(self.headers.items()), body))
        time.sleep(ours.pause_s)
        status, headers, text = ours.says.pop(0) if ours.says else (200, {}, "thanks")
        if ours.drips:
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 100:
                try:
                    self.wfile.write(bytes([byte]))
                except OSError:
                    return
                time.sleep(0.1)
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the standard library's name
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    ours: Hooks


class Hooks:
    """The receiver: ``seen`` holds headers and bodies, ``says`` the answers to give next."""

    def __init__(self) -> None:
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.says: list[tuple[int, dict[str, str], str]] = []
        self.drips = False
        self.pause_s = 0.0
        self._server = _Server(("127.0.0.1", 0), _Talk)
        self._server.ours = self
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hopback?x=1"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def verified(self, secret: str, number: int = -1) -> Any:
        """What was posted, if it was signed with this secret; None if not."""
        headers, body = self.seen[number]
        try:
            return Webhook(secret).verify(body, headers)
        except WebhookVerificationError:
            return None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
