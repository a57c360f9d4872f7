from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from exercise.watching import Watch

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


def scored(results: dict[str, Any], expected: Path) -> tuple[list[str], list[str]]:
    """The calls that are not exact, and those in which somebody is named wrongly.

    Stopping early is not exact; it is wrong only to name an origin, a customer, a point of entry, a
    silent provider or an upstream that is none.
    """
    got = {call["call_id"]: call for call in results["calls"]}
    inexact, wrong = [], []
    with expected.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            call, path = got[row["call_id"]], row["path"].split(">")
            said = (call["outcome"], call["origin_provider"] or "", call["customer"] or "", call["path"])
            if said == (row["outcome"], row["origin_provider"], row["customer"], path):
                continue
            inexact.append(row["call_id"])
            names_an_end = call["outcome"] in ("non_responsive", "foreign_entry_only", "conflicting_answers")
            if (
                call["path"] != path[: len(call["path"])]
                or (call["origin_provider"] or row["origin_provider"]) != row["origin_provider"]
                or (call["customer"] or row["customer"]) != row["customer"]
                or (names_an_end and call["outcome"] != row["outcome"])
            ):
                wrong.append(row["call_id"])
    return inexact, wrong


@pytest.mark.parametrize(("name", "allowed", "more"), [("first", 1, ["--over-http"]), ("national", 6, [])])
def test_a_shared_case_is_traced_and_nobody_is_named_wrongly(
    name: str,
    allowed: int,
    more: list[str],
    shared: Path,
    tmp_path: Path,
    hopback: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    case = shared / "cases" / name
    with Watch(case / "expected.csv") as watch:
        ran = hopback("trace", case, "--out", tmp_path / "out", "--json", *more)
        assert watch.opened() == set(), "the answers were looked at"
    assert ran.returncode == 0, ran.stderr
    results = json.loads(ran.stdout)
    inexact, wrong = scored(results, case / "expected.csv")
    assert wrong == []
    assert len(inexact) <= allowed, inexact
    assert results == json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert len(list((tmp_path / "out" / "paths").glob("*.svg"))) == len(results["calls"])
