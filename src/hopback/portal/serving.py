"""The portal's API served from this process: for one machine, and for exercises."""

from __future__ import annotations

from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["served"]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(WSGIRequestHandler):
    def handle(self) -> None:
        """Serve one connection; its thread's database connection ends with it."""
        from django.db import connections  # noqa: PLC0415 - needs Django set up

        try:
            super().handle()
        finally:
            connections.close_all()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing for each request."""


@contextmanager
def served(*, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve while the block runs; gives the address. Port 0 takes a free one. Django must be set up."""
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415 - needs Django set up

    with _Server((host, port), _Handler) as server:
        server.set_app(WSGIHandler())
        thread = Thread(target=server.serve_forever, name="portal", daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
