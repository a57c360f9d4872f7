"""The portal served: by granian for people and programs, and from within a process for exercises and tests."""

from __future__ import annotations

import socket
import time
from contextlib import closing, contextmanager, suppress
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["free_port", "serve", "served"]


def serve(*, host: str, port: int, processes: int, on_ready: Callable[[str], None]) -> None:
    """Serve the portal until SIGINT or SIGTERM. ``on_ready`` is told the address; port 0 takes a free one.

    The processes read their settings from the environment. Raises :class:`BadInput` where the port cannot be had.
    """
    from granian import Granian  # noqa: PLC0415 - a heavy import that other commands do without
    from granian.constants import Interfaces  # noqa: PLC0415 - as above
    from granian.log import LogLevels  # noqa: PLC0415 - as above

    port = free_port(host, port)
    server = Granian(
        "hopback.portal.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=4,
        log_level=LogLevels.warning,
        log_access=False,
        respawn_failed_workers=True,
    )
    server.on_startup(lambda: Thread(target=_say_when_ready, args=(host, port, on_ready), daemon=True).start())
    server.serve()


def free_port(host: str, port: int) -> int:
    """The port if it is free, any that is for 0. Raises :class:`BadInput`."""
    try:
        with closing(socket.create_server((host, port), reuse_port=False)) as probe:
            found: int = probe.getsockname()[1]
            return found
    except OSError as error:
        raise BadInput(
            f"port {port} cannot be had: {error.strerror}", where="--port", mend="name another, or 0"
        ) from None


def _say_when_ready(host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """The processes begin to listen some time after they were started."""
    for _ in range(600):
        with suppress(OSError), closing(socket.create_connection((host, port), timeout=1)):
            on_ready(f"http://{host}:{port}")
            return
        time.sleep(0.1)


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
