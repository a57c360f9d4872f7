from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exercise.test_shared_cases import scored
from hopback.demo.invent import HARD, Mess, invent
from hopback.exercise.case import read_case
from hopback.provider.book import read_book
from hopback.provider.kit import open_kit

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def test_the_same_seed_invents_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        invent(tmp_path / name, seed=seed)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_what_is_invented_is_a_case_folder_with_a_book_for_everybody_who_answers(tmp_path: Path) -> None:
    invent(tmp_path)
    case = read_case(tmp_path)
    assert not case.rejected
    assert len(case.calls) == 40
    for provider in case.providers.values():
        folder = case.provider_folder(provider.id)
        assert folder.exists() == (provider.answers == "agent")
        if folder.exists():
            book = read_book(folder / "book.toml")
            assert book.provider_id == provider.id
            assert all(list(folder.glob(source.files)) for source in book.sources)


def test_every_format_is_spoken_by_somebody(tmp_path: Path) -> None:
    invent(tmp_path)
    spoken = set()
    for path in tmp_path.glob("providers/*/book.toml"):
        with open_kit(path, None) as kit:
            assert not kit.troubles
            spoken |= {report.format for report in kit.reports if report.kept}
    assert spoken == {
        "asterisk-csv", "freeswitch-csv", "kamailio-acc-csv", "sonus-act", "sansay-csv", "broadworks-csv", "yeti-csv",
        "twilio-csv", "generic-csv",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ingredient", "outcome"),
    [
        ("silent", "non_responsive"),
        ("abroad", "foreign_entry_only"),
        ("purged", "records_expired"),
        ("missing", "no_record_at_hop"),
        ("twins", "ambiguous"),
    ],
)
def test_each_fate_is_there_when_asked_for_and_not_otherwise(ingredient: str, outcome: str, tmp_path: Path) -> None:
    for share, is_there in ((1.0, True), (0.0, False)):
        folder = tmp_path / str(share)
        invent(folder, mess=replace(HARD["clean"], background=30, **{ingredient: share}), calls=6)
        with (folder / "expected.csv").open(encoding="utf-8", newline="") as file:
            outcomes = {row["outcome"] for row in csv.DictReader(file)}
        assert outcomes == ({outcome} if is_there else {"origin_identified"})


@pytest.mark.parametrize(("name", "allowed"), [("clean", 0), ("half_hours", 3), ("busy_pairs", 5), ("loops", 8)])
def test_records_however_hard_are_traced_and_nobody_is_named_wrongly(
    name: str, allowed: int, tmp_path: Path, hopback: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    invent(tmp_path / "case", seed=11, mess=replace(HARD[name], background=500), calls=50)
    ran = hopback("trace", tmp_path / "case", "--out", tmp_path / "out", "--json")
    assert ran.returncode == 0, ran.stderr
    inexact, wrong = scored(json.loads(ran.stdout), tmp_path / "case" / "expected.csv")
    assert wrong == []
    assert len(inexact) <= allowed, inexact


def test_the_demonstration_runs_and_replaces_only_itself(
    tmp_path: Path, hopback: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    folder = tmp_path / "demo"
    for _ in range(2):
        ran = hopback("demo", "--dir", folder, "--no-serve", "--json")
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout)["summary"]["calls"] == 40
    assert (folder / "out" / "index.html").is_file()
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    refused = hopback("demo", "--dir", tmp_path, "--no-serve")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert (tmp_path / "mine.txt").read_text("utf-8") == "keep"


def test_a_mess_is_made_of_shares() -> None:
    mess = Mess()
    assert mess.silent + mess.abroad + mess.purged + mess.missing + mess.twins < 1
