"""The command line. Each product is imported only when one of its commands is called."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from hopback import __version__
from hopback.kernel.errors import BadInput, HopbackError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["app", "main"]

Json = Annotated[bool, Parameter(name="--json", negative="")]
"""Machine output on stdout and nothing else there."""

app = App(
    name="hopback",
    help="Trace suspected illegal robocalls back to their source, hop by hop.",
    version=__version__,
    result_action="return_value",
)
app.command("hopback.exercise.cli:trace", name="trace", help="Trace every call of a case folder, hop by hop.")
app.command("hopback.demo.cli:demo", name="demo", help="Invent a consortium, trace its calls, show what was found.")
app.command("hopback.provider.cli:app", name="provider", help="Answer tracebacks from a provider's own call records.")
app.command("hopback.portal.cli:app", name="portal", help="Run the consortium's portal and verify its log.")


@app.command
def clock(*, received: str, zone: str, jurisdiction: str = "us", json: Json = False) -> None:
    """When an answer is due to a request that was received at an instant, with every step shown.

    Args:
        received: when the request was received: ISO 8601 with an offset, such as 2026-11-20T15:00:00-06:00.
        zone: the time zone of the office that must answer, such as America/Chicago.
        jurisdiction: whose clock counts.
        json: machine output.
    """
    from datetime import datetime  # noqa: PLC0415 - a command imports what it needs

    from hopback.rules.clock import clock_for, clock_report  # noqa: PLC0415

    try:
        at = datetime.fromisoformat(received)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadInput(f"{received!r} is no instant", where="--received", mend="write 2026-11-20T15:00:00-06:00")
    report = clock_report(clock_for(jurisdiction)(at, zone=zone))
    if json:
        _write(report)
        return
    for key, title in (
        ("received", "Received"),
        ("deemed_received", "Counts as received"),
        ("respond_by", "Respond by"),
        ("delinquent_after", "Delinquent after"),
    ):
        sys.stdout.write(f"{title:<20}{report[key + '_local']}  ({report[key]})\n")
    for part in report["working"]:
        runs = "runs  " if part["runs"] else "stands"
        sys.stdout.write(f"  {part['from_local']} to {part['to_local']}  {runs}  {part['why']}  [{part['cite']}]\n")


@app.command
def verify(path: str, /, *, json: Json = False) -> None:
    """Check an exported log, a checkpoint or a proof, offline, and say what was verified and who signed.

    Args:
        path: the folder or file to check.
        json: machine output.
    """
    from pathlib import Path  # noqa: PLC0415

    from hopback.proofs.verify import verify_path  # noqa: PLC0415

    report = verify_path(Path(path))
    if json:
        _write(report.to_json())
    else:
        sys.stdout.write(report.to_text())


def _write(report: dict[str, Any]) -> None:
    from hopback.wire.stdout import write_json  # noqa: PLC0415

    write_json(report)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; exit 0, 1 where a verification says no, 2 on bad input or usage."""
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        fail(" ".join(str(error).split()), 2)
    except HopbackError as error:
        fail(str(error), error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away; there is nobody to tell
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        fail("stopped", 130)


def fail(line: str, status: int) -> None:
    """Print one line to stderr and leave with ``status``."""
    sys.stderr.write(f"hopback: {line}\n")
    raise SystemExit(status)
