from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from hopback.exercise.case import Case, read_case
from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

PROVIDERS = """provider_id,legal_name,country,frn,ocn,time_zone,answers
P001,Bell Harbor Telephone,US,0000000001,111A,America/Chicago,agent
P002,Cole Creek Voice,US,0000000002,222B,America/New_York,silent
"""
CALLS = """call_id,campaign,called,calling,started_at,accuracy_s,terminating_provider,identity,transcript
K1,tax,+12025550143,+13035550111,2026-11-02T10:20:00-06:00,60,P001,,"Hello, this is a
message in two lines"
"""


def case(tmp_path: Path, *, providers: str = PROVIDERS, calls: str = CALLS) -> Case:
    (tmp_path / "providers.csv").write_text(providers, encoding="utf-8")
    (tmp_path / "calls.csv").write_text(calls, encoding="utf-8")
    return read_case(tmp_path)


def test_a_call_is_read_with_its_instant_and_its_numbers(tmp_path: Path) -> None:
    (call,) = case(tmp_path).calls
    assert call.called == 12025550143
    assert call.calling == 13035550111
    assert call.started_at == datetime(2026, 11, 2, 16, 20, tzinfo=UTC)
    assert call.answered is True
    assert "\n" in call.transcript


@pytest.mark.parametrize(
    ("transcript", "answered", "expected"),
    [("", "", None), ("", "true", True), ("heard", "", True), ("", "false", False), ("heard", "False", False)],
)
def test_whether_a_call_was_answered_is_as_reported_or_as_heard(
    tmp_path: Path, transcript: str, answered: str, expected: bool | None
) -> None:
    head = CALLS.splitlines()[0] + ",answered\n"
    line = f"K1,tax,+12025550143,,2026-11-02T10:20:00-06:00,60,P001,,{transcript},{answered}\n"
    (call,) = case(tmp_path, calls=head + line).calls
    assert call.answered is expected
    assert call.calling is None


@pytest.mark.parametrize(
    ("old", "new", "where", "mend"),
    [
        ("P001,,", "P404,,", "terminating_provider", "provider_id"),
        ("+12025550143", "soon", "called", "+12025550143"),
        ("2026-11-02T10:20:00-06:00", "2026-11-02 10:20", "started_at", "2026-11-02T10:20:00-06:00"),
        (",60,", ",often,", "accuracy_s", "seconds"),
        ("K1,", ",", "call_id", "its own"),
    ],
)
def test_one_bad_call_is_one_line_and_the_others_are_traced(
    tmp_path: Path, old: str, new: str, where: str, mend: str
) -> None:
    good = CALLS.splitlines(keepends=True)
    bad = "".join(good[1:]).replace(old, new, 1)
    read = case(tmp_path, calls=good[0] + bad + "".join(good[1:]).replace("K1", "K2"))
    assert [call.id for call in read.calls] == ["K2"]
    (error,) = read.rejected
    line = str(error)
    assert "calls.csv:" in line
    assert where in line
    assert mend in line
    assert "\n" not in line


def test_a_folder_without_its_files_is_said_to_be_without_them(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"providers\.csv: this file is missing"):
        read_case(tmp_path)
    with pytest.raises(BadInput, match="no such case folder"):
        read_case(tmp_path / "nowhere")


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'answers' is missing"):
        case(tmp_path, providers=PROVIDERS.replace(",answers", "").replace(",agent", "").replace(",silent", ""))


def test_a_provider_that_neither_answers_nor_is_silent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="write agent or silent"):
        case(tmp_path, providers=PROVIDERS.replace("silent", "sometimes"))
