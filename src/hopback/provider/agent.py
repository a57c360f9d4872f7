"""A kit as a process of its own: requests in, answers out, nothing else crosses.

The consortium's exercise starts one such process for each provider and speaks with it through a
pipe; each message is the JSON that a remote provider would send or receive over HTTP.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopback.kernel.errors import BadInput, HopbackError, NotFound, Refused
from hopback.provider.kit import open_kit
from hopback.provider.memory import write_estimates
from hopback.wire.hops import HopRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection

    from hopback.provider.answering import Desk
    from hopback.provider.kit import Kit
    from hopback.wire.hops import HopAnswer

__all__ = ["Standing", "look", "poll", "serve"]


class Standing:
    """The answers a desk has given, so that only what is new or has changed is said again."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._said: dict[str, HopAnswer] = {}

    def over(self, desk: Desk) -> Standing:
        """The same standing answers over a desk whose records have been loaded anew."""
        anew = Standing(desk)
        anew._said = dict(self._said)
        return anew

    def answer(self, requests: Iterable[HopRequest], withdrawn: Iterable[str] = ()) -> list[HopAnswer]:
        """Take requests, forget withdrawn ones, and return every answer that is new or has changed.

        An answer is returned again and again until it is known to have been :meth:`heard`.
        """
        self.desk.withdraw(withdrawn)
        self.desk.take(requests)
        stand = self.desk.answers()
        self._said = {request_id: answer for request_id, answer in self._said.items() if request_id in stand}
        return [answer for request_id, answer in stand.items() if self._said.get(request_id) != answer]

    def heard(self, answer: HopAnswer) -> None:
        """``answer`` has arrived, and need not be said again unless it changes."""
        self._said[answer.request_id] = answer


def serve(pipe: Connection, book: str, store: str) -> None:
    """Answer messages from ``pipe`` until it closes. Runs in a process of its own.

    The first thing sent is ``{"ready": …}``, or ``{"failed": …}`` with one line that says what is
    wrong with the book. Then ``{"requests": […], "withdrawn": […]}`` is answered by
    ``{"answers": […]}``, and ``{"look": [address, key]}``, which sends the kit to a portal over
    HTTP, by ``{"posted": n}`` or ``{"failed": …}``.
    """
    try:
        kit = open_kit(Path(book), Path(store))
    except HopbackError as error:
        pipe.send_bytes(_bytes({"failed": str(error)}))
        return
    with kit:
        pipe.send_bytes(_bytes({"ready": _ready(kit)}))
        standing = Standing(kit.desk)
        while True:
            try:
                message = json.loads(pipe.recv_bytes())
            except EOFError:
                write_estimates(kit.store.folder, kit.desk.estimates())
                return
            if "look" not in message:
                pipe.send_bytes(_bytes(_over_pipe(standing, message)))
                continue
            try:
                said: dict[str, Any] = {"posted": look(standing, *message["look"])}
            except HopbackError as error:
                said = {"failed": str(error)}
            pipe.send_bytes(_bytes(said))


def _ready(kit: Kit) -> dict[str, Any]:
    rows = {name: sum(getattr(report, name) for report in kit.reports) for name in ("read", "kept", "rejected")}
    end = kit.store.end
    troubles = [str(trouble) for trouble in kit.troubles]
    return {"rows": rows, "troubles": troubles, "end": end.isoformat() if end else None}


def poll(book: Path, store: Path, *, portal: str, key: str, every_s: float, tell: Callable[[str], None]) -> None:
    """Fetch, answer and post every ``every_s`` seconds until interrupted.

    New records are loaded before each look. ``tell`` gets one line where something was done; a
    portal that is away is told and tried again.
    """
    standing: Standing | None = None
    while True:
        try:
            with open_kit(book, store) as kit:
                standing = Standing(kit.desk) if standing is None else standing.over(kit.desk)
                posted = look(standing, portal, key)
                write_estimates(kit.store.folder, kit.desk.estimates())
            if posted:
                tell(f"{posted} answers posted")
        except HopbackError as error:
            tell(str(error))
        time.sleep(every_s)


def _over_pipe(standing: Standing, message: dict[str, Any]) -> dict[str, Any]:
    requests = [HopRequest.model_validate(request) for request in message["requests"]]
    answers = standing.answer(requests, message.get("withdrawn", ()))
    for answer in answers:
        standing.heard(answer)
    return {"answers": [answer.model_dump(mode="json") for answer in answers]}


def look(standing: Standing, address: str, key: str) -> int:
    """Fetch what stands at the portal, post every answer that is new, and return how many were posted.

    An answer the portal does not take stops none of the others, and is said again at the next look.

    Raises:
        HopbackError: the portal is away, or did not take an answer; says which.
    """
    from hopback.wire.client import PortalClient  # noqa: PLC0415 - only this lane needs a network

    client = PortalClient(address, key)
    requests = client.standing_requests()
    known = {request.request_id for request in requests}
    withdrawn = [request_id for request_id in standing.desk.request_ids() if request_id not in known]
    answers = standing.answer(requests, withdrawn)
    refusals: list[str] = []
    for answer in answers:
        try:
            client.post_answer(answer)
        except (BadInput, NotFound, Refused) as error:  # this one alone; a portal that is away ends the look
            refusals.append(f"{answer.request_id}: {error}")
        else:
            standing.heard(answer)
    if refusals:
        raise HopbackError(f"{len(refusals)} of {len(answers)} answers were not taken, the first of them {refusals[0]}")
    return len(answers)


def _bytes(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()
