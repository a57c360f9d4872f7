"""Lines found in bytes, and broken ones told from good ones."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopback.records.lines import find_lines


def _columns(data: bytes, *, delimiter: str = ",", quoted: bool = True, escape: str = "") -> list[tuple[int, bool]]:
    lines = find_lines(data)
    counts, sound = lines.columns(delimiter=delimiter, quoted=quoted, escape=escape)
    return [(int(count), bool(is_sound)) for count, is_sound in zip(counts, sound, strict=True)]


def test_line_ends_of_both_kinds_are_taken_off_and_blank_lines_left_out_but_counted() -> None:
    lines = find_lines(b"one\r\n\r\n\ntwo\nthree", first_number=11)
    assert [lines.text(index) for index in range(len(lines))] == ["one", "two", "three"]
    assert lines.numbers.tolist() == [11, 14, 15]
    assert len(find_lines(b"")) == len(find_lines(b"\n\n")) == 0


@pytest.mark.parametrize(
    ("line", "columns", "sound"),
    [
        (b"a,b,c", 3, True), (b'"a,b",c', 2, True), (b'"a ""quoted"" b",c', 2, True), (b'"","",""', 3, True), (b'""""",",x', 2, True),
        (b'"a,b', 2, False), (b'a"b,c', 2, False), (b'"a"b,c', 2, False), (b'a,"b"c","d', 2, False), (b'a,""x', 2, False), (b"", 0, True),
    ],
)  # fmt: skip
def test_quotes_must_stand_where_they_may(line: bytes, columns: int, sound: bool) -> None:
    found = _columns(b"x,y\n" + line + b"\nx,y\n")
    assert found[0] == found[-1] == (2, True)
    if line:
        assert found[1][1] is sound
        if sound:
            assert found[1][0] == columns


def test_escaped_delimiters_do_not_divide_and_escaped_escapes_do() -> None:
    assert _columns(rb"a\,b,c" + b"\n" + rb"a\\,b,c", quoted=False, escape="\\") == [(2, True), (3, True)]


def test_lines_become_an_arrow_array_without_being_copied() -> None:
    texts = ["a line of more than twelve", "another line of more, é", "x" * 300]
    lines = find_lines("\n".join(texts).encode())
    assert lines.as_arrow().to_pylist() == texts
    assert find_lines(b"short\nand a longer one than that").as_arrow().to_pylist() == [
        "short",
        "and a longer one than that",
    ]


def test_lines_are_picked_by_how_they_begin_and_what_they_are() -> None:
    lines = find_lines(b"STOP,1\nSTART,2\nSTOP")
    assert lines.starting_with(b"STOP,").tolist() == [True, False, False]
    assert lines.equal_to(b"STOP").tolist() == [False, False, True]
    assert lines.only(lines.starting_with(b"STOP")).joined() == b"STOP,1\nSTOP\n"


FIELD = st.text(alphabet='ab,"é ', max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(FIELD, min_size=1, max_size=5), min_size=1, max_size=6))
def test_what_a_csv_writer_writes_is_sound_and_counted_right(rows: list[list[str]]) -> None:
    class Sheet(list[str]):
        def write(self, text: str) -> None:
            self.append(text)

    sheet = Sheet()
    csv.writer(sheet, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    assert _columns("".join(sheet).encode()) == [(len(row), True) for row in rows]
