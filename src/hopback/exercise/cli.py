"""``hopback trace``: a whole exercise from a case folder."""

from __future__ import annotations

import json as jsonlib
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from hopback.exercise.case import Case, read_case
from hopback.exercise.run import Progress, run_case
from hopback.render.pages import write_run
from hopback.wire.stdout import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["trace", "trace_case"]

OUTCOMES = {
    "origin_identified": "traced to a caller",
    "origin_provider_only": "traced to the originating provider",
    "foreign_entry_only": "came from abroad, point of entry found",
    "non_responsive": "ended at a provider that stayed silent",
    "no_record_at_hop": "ended at a provider without a record",
    "records_expired": "ended at a provider that had purged its records",
    "conflicting_answers": "two providers name each other",
    "ambiguous": "a person must look",
}


def trace(
    case: Path,
    /,
    *,
    out: Path,
    over_http: bool = False,
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Trace every call of a case folder, hop by hop, each provider answering from its own records.

    Args:
        case: the case folder.
        out: where the portal's database, results.json and the pages are written.
        over_http: let the providers' kits fetch and answer over real HTTP.
        json: machine output.
    """
    read = read_case(case)
    results = trace_case(read, out, over_http=over_http)
    if json:
        write_json(results)
    else:
        _show(read, results, out)


def trace_case(case: Case, out: Path, *, over_http: bool = False) -> dict[str, Any]:
    """Run a case with a progress bar on stderr, and write ``results.json`` and the pages under ``out``."""
    for error in case.rejected:
        sys.stderr.write(f"hopback: {error}\n")
    with _bars() as progress:
        results = run_case(case, out, over_http=over_http, progress=progress)
    text = jsonlib.dumps(results, ensure_ascii=False, indent=1)
    (out / "results.json").write_text(text + "\n", encoding="utf-8")
    write_run(
        out,
        results,
        providers={provider.id: (provider.legal_name, provider.country) for provider in case.providers.values()},
        calls={call.id: call for call in case.calls},
    )
    return results


@contextmanager
def _bars() -> Iterator[Progress]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console, transient=not console.is_terminal) as bars:

        def step(what: str, total: int) -> None:
            for task in bars.tasks:
                bars.update(task.id, completed=task.total)
            bars.add_task(what, total=total)

        def advance(count: int) -> None:
            bars.update(bars.tasks[-1].id, advance=count)

        yield Progress(
            step, advance, lambda line: bars.print(f"hopback: {line}", markup=False, highlight=False, soft_wrap=True)
        )
        for task in bars.tasks:
            bars.update(task.id, completed=task.total)


def _show(case: Case, results: dict[str, Any], out: Path) -> None:
    summary = results["summary"]
    names = {provider.id: provider.legal_name for provider in case.providers.values()}
    console = Console()
    table = Table(title=f"{summary['calls']} calls traced in {summary['elapsed_s']} s", title_justify="left")
    table.add_column("How they ended")
    table.add_column("Calls", justify="right")
    for outcome, count in sorted(summary["by_outcome"].items(), key=lambda item: -item[1]):
        table.add_row(OUTCOMES.get(outcome, outcome), str(count))
    console.print(table)
    origins: dict[str, list[str]] = {}
    for call in results["calls"]:
        if call["origin_provider"]:
            origins.setdefault(call["origin_provider"], []).append(call["customer"] or "")
    if origins:
        table = Table(title="Where the calls came from", title_justify="left")
        for column in ("Originating provider", "Calls", "Its customers"):
            table.add_column(column, justify="right" if column == "Calls" else "left")
        for provider, customers in sorted(origins.items(), key=lambda item: (-len(item[1]), item[0])):
            table.add_row(
                f"{provider} {names.get(provider, '')}", str(len(customers)), ", ".join(sorted(set(customers)))
            )
        console.print(table)
    console.print(f"Pages: {out / 'index.html'}", soft_wrap=True, highlight=False)
