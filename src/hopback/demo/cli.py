"""``hopback demo``: a consortium that never existed: its calls traced, its portal served at one URL."""

# ruff: noqa: PLC0415 -- the portal's modules can be imported only after Django is set up

from __future__ import annotations

import os
import secrets
import shutil
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from hopback.demo.consortium import environment_of, furnish
from hopback.demo.invent import invent
from hopback.exercise.case import read_case
from hopback.exercise.cli import trace_case
from hopback.kernel.errors import BadInput
from hopback.portal.serving import free_port
from hopback.portal.serving import serve as serve_portal
from hopback.wire.stdout import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.demo.consortium import SignIn

__all__ = ["demo"]

MARK = ".hopback-demo"
HOST = "127.0.0.1"


def demo(
    *,
    dir: Path = Path("demo-data"),  # noqa: A002 - the name of the option
    port: int = 8321,
    serve: bool = True,
    seed: int = 1,
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Invent a consortium, trace its calls, and serve its portal at one URL.

    Args:
        dir: where the invented records and the results go; an earlier demonstration there is replaced.
        port: the port on this machine; 0 takes a free one.
        serve: with --no-serve nothing is served; the pages of the run are written.
        seed: another seed invents another consortium.
        json: machine output.
    """
    _make_room(dir)
    case, out = dir / "case", dir / "out"
    port = free_port(HOST, port) if serve else port
    url = f"http://{HOST}:{port}/"
    os.environ |= environment_of(out, address=url.rstrip("/"), secret=secrets.token_urlsafe(48))
    invent(case, seed=seed)
    results = trace_case(read_case(case), out)
    page = (out / "index.html").resolve()
    signs = _furnish()
    if not serve:
        _say(page.as_uri(), signs, results, page=page, json=json)
        return
    _serve(port, on_ready=lambda: _say(url, signs, results, page=page, json=json))


def _furnish() -> list[SignIn]:
    from django.core.management import call_command

    from hopback.portal.config import read_configuration
    from hopback.portal.embedded import use

    use(read_configuration())
    call_command("migrate", verbosity=0, interactive=False)
    return furnish(at=datetime.now(UTC))


def _serve(port: int, *, on_ready: Callable[[], None]) -> None:
    """Serve the portal, with a worker beside it, until stopped."""
    from hopback.portal.jobs.working import begin_all, work_in_lanes

    stopped = Event()

    def work() -> None:
        begin_all(at=datetime.now(UTC))
        work_in_lanes(clock=lambda: datetime.now(UTC), is_stopped=stopped.is_set)

    worker = Thread(target=work, daemon=True)

    def begin(_address: str) -> None:
        worker.start()
        on_ready()

    serve_portal(host=HOST, port=port, processes=1, on_ready=begin)
    stopped.set()
    if worker.is_alive():
        worker.join(timeout=10)


def _say(url: str, signs: list[SignIn], results: dict[str, Any], *, page: Path, json: bool) -> None:
    summary = results["summary"]
    if json:
        write_json({"url": url, "sign_ins": [asdict(sign) for sign in signs], "summary": summary})
        sys.stdout.flush()
        return
    width = max(len(sign.email) for sign in signs)
    sys.stdout.write(
        f"\n{summary['calls']} calls of an invented consortium were traced in {summary['elapsed_s']} s.\n\n"
        f"The portal:  {url}\n\nSign in as\n"
        + "".join(f"  {sign.email:{width}}  {sign.what}\n" for sign in signs)
        + f"each with the password  {signs[0].password}\n\nThe run's own pages:  {page.as_uri()}\n"
    )
    if url.startswith("http"):
        sys.stdout.write("Stop with Ctrl-C.\n")
    sys.stdout.flush()


def _make_room(folder: Path) -> None:
    """Take the folder if it is empty or holds an earlier demonstration; nobody's files are removed."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise BadInput("this folder holds something else", where=str(folder), mend="name an empty one with --dir")
    for name in ("case", "out"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
