"""The exercise's portal on loopback, for kits that fetch and answer over real HTTP."""

from __future__ import annotations

from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["serve_portal"]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing: the portal keeps its own log."""


@contextmanager
def serve_portal() -> Iterator[str]:
    """Serve the portal of this process on a free port of 127.0.0.1 while the block runs; gives its address."""
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415 - Django is set up by now
    from django.db import connections  # noqa: PLC0415

    class Closing(_Quiet):
        def handle(self) -> None:
            try:
                super().handle()
            finally:
                connections.close_all()  # each request has a thread of its own, and so a connection

    with _Server(("127.0.0.1", 0), Closing) as server:
        server.set_app(WSGIHandler())
        thread = Thread(target=server.serve_forever, name="portal", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
