"""Every provider's kit in a process of its own, spoken with in wire messages.

The processes are forked from a small server that has imported the kit and nothing of the portal;
a kit is told where its own folder and its own store are, and of nothing else.
"""

from __future__ import annotations

import json
import multiprocessing
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Self, cast

from hopback.provider.agent import serve
from hopback.wire.hops import HopAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path
    from types import TracebackType

    from hopback.wire.hops import HopRequest

__all__ = ["KitReport", "Kits", "Mail"]

_AT_ONCE = 3  # loading is bound by two cores; more at once only costs memory


@dataclass(frozen=True, slots=True)
class KitReport:
    """What one kit said when it was ready: rows loaded, one line for each trouble, and where its records end."""

    rows: Mapping[str, int]
    troubles: tuple[str, ...]
    end: datetime | None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """What one provider is told at once: new or changed requests, and those that no longer stand."""

    requests: tuple[HopRequest, ...] = ()
    withdrawn: tuple[str, ...] = ()


class Kits:
    """The kits of a case. A context manager: leaving ends every process."""

    def __init__(self, store_folder: Path) -> None:
        self._stores = store_folder
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["hopback.provider.agent"])
        self._pipes: dict[str, Connection] = {}
        self._processes: list[ForkServerProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in self._pipes.values():
            pipe.close()
        for process in self._processes:
            process.join(timeout=5)
            if process.is_alive():
                process.kill()

    def open(self, folders: Mapping[str, Path], *, on_ready: Callable[[str, KitReport], None]) -> dict[str, KitReport]:
        """Start a kit for each provider and wait until each has loaded its records, a few at a time."""
        reports: dict[str, KitReport] = {}
        waiting = list(folders.items())
        loading: dict[Connection, str] = {}
        while waiting or loading:
            while waiting and len(loading) < _AT_ONCE:
                provider, folder = waiting.pop(0)
                loading[self._start(provider, folder)] = provider
            for pipe in wait(list(loading)):
                provider = loading.pop(cast("Connection", pipe))
                reports[provider] = report = self._read_ready(provider)
                on_ready(provider, report)
        return reports

    def tell(self, mail: Mapping[str, Mail]) -> dict[str, list[HopAnswer]]:
        """Hand each provider its mail and collect the answers that are new or have changed.

        A provider whose kit has ended meanwhile is absent from the result.
        """
        asked = [provider for provider in mail if provider in self._pipes]
        for provider in asked:
            post: dict[str, Any] = {
                "requests": [request.model_dump(mode="json") for request in mail[provider].requests],
                "withdrawn": list(mail[provider].withdrawn),
            }
            self._send(provider, post)
        answers: dict[str, list[HopAnswer]] = {}
        for provider in asked:
            try:
                message = self._receive(provider)
            except EOFError:  # the kit has ended; whoever asked it hears nothing
                self._pipes.pop(provider).close()
                continue
            answers[provider] = [HopAnswer.model_validate(answer) for answer in message["answers"]]
        return answers

    def look(self, portals: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        """Have providers fetch and answer at a portal's address with their key, all at once.

        Returns one line for each that could not.
        """
        asked = [provider for provider in portals if provider in self._pipes]
        for provider in asked:
            self._send(provider, {"look": portals[provider]})
        failed = {}
        for provider in asked:
            try:
                message = self._receive(provider)
            except EOFError:
                self._pipes.pop(provider).close()
                message = {"failed": "the kit ended before it had answered"}
            if "failed" in message:
                failed[provider] = message["failed"]
        return failed

    def _start(self, provider: str, folder: Path) -> Connection:
        ours, theirs = self._context.Pipe()
        store = self._stores / provider
        process = self._context.Process(target=serve, args=(theirs, str(folder), str(store)), daemon=True)
        process.start()
        theirs.close()
        self._processes.append(process)
        self._pipes[provider] = ours
        return ours

    def _read_ready(self, provider: str) -> KitReport:
        try:
            message = self._receive(provider)
        except EOFError:
            message = {"failed": f"the kit of {provider} ended before it was ready"}
        if "failed" in message:
            self._pipes.pop(provider).close()
            return KitReport({}, (), None, message["failed"])
        ready = message["ready"]
        end = datetime.fromisoformat(ready["end"]) if ready["end"] else None
        return KitReport(ready["rows"], tuple(ready["troubles"]), end)

    def _send(self, provider: str, message: dict[str, Any]) -> None:
        with suppress(BrokenPipeError):
            self._pipes[provider].send_bytes(json.dumps(message, ensure_ascii=False).encode())

    def _receive(self, provider: str) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self._pipes[provider].recv_bytes()))
