"""``hopback demo``: a consortium that never existed, traced, and shown at one URL."""

from __future__ import annotations

import functools
import shutil
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

from cyclopts import Parameter

from hopback.demo.invent import invent
from hopback.exercise.case import read_case
from hopback.exercise.cli import trace_case
from hopback.kernel.errors import BadInput
from hopback.wire.stdout import write_json

if TYPE_CHECKING:
    from io import BytesIO

__all__ = ["demo"]

MARK = ".hopback-demo"


def demo(
    *,
    dir: Path = Path("demo-data"),  # noqa: A002 - the name of the option
    port: int = 8321,
    serve: bool = True,
    seed: int = 1,
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Invent a consortium, trace its calls, and serve what was found at one URL.

    Args:
        dir: where the invented records and the results go; an earlier demonstration there is replaced.
        port: the port on this machine; 0 takes a free one.
        serve: with --no-serve the pages are only written.
        seed: another seed invents another consortium.
        json: machine output.
    """
    _make_room(dir)
    case, out = dir / "case", dir / "out"
    invent(case, seed=seed)
    results = trace_case(read_case(case), out)
    page = (out / "index.html").resolve()
    if not serve:
        if json:
            write_json({"url": page.as_uri(), "sign_ins": [], "summary": results["summary"]})
        else:
            sys.stdout.write(f"{page.as_uri()}\n")
        return
    handler = functools.partial(_Quiet, directory=str(out))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise BadInput(
            f"port {port} cannot be had: {error.strerror}", where="--port", mend="name another, or 0"
        ) from None
    with server:
        url = f"http://127.0.0.1:{server.server_port}/"
        if json:
            write_json({"url": url, "sign_ins": [], "summary": results["summary"]})
            sys.stdout.flush()
        else:
            summary = results["summary"]
            sys.stdout.write(
                f"\n{summary['calls']} calls of an invented consortium were traced in {summary['elapsed_s']} s.\n"
                f"What was found:  {url}\nThe records:     {case}\nStop with Ctrl-C.\n"
            )
            sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.stderr.write("\n")


def _make_room(folder: Path) -> None:
    """Take the folder if it is empty or holds an earlier demonstration; nobody's files are removed."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise BadInput("this folder holds something else", where=str(folder), mend="name an empty one with --dir")
    for name in ("case", "out"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


class _Quiet(SimpleHTTPRequestHandler):
    """The pages of a run, and nothing else of what lies beside them."""

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Serve pages, drawings and results; the portal's database and the kits' stores are not for a browser."""
        path = Path(self.translate_path(self.path))
        is_page = path.suffix in {".html", ".css", ".svg", ".json"} or path.is_dir()
        if not is_page or {"kits"} & set(path.parts[len(Path(self.directory).parts) :]):
            self.send_error(404)
            return None
        return super().send_head()

    def list_directory(self, path: object) -> None:  # noqa: ARG002 - the standard library's signature
        """No listings."""
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing for each request."""
