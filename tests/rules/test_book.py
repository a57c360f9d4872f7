"""The book of rules: dated, cited, graded."""

from datetime import UTC, date, datetime

import pytest

from hopback.kernel.errors import BadInput, NotFound
from hopback.rules.book import Grade, Rule, jurisdictions, load_book, read_book

TWO_DATES = """
[response_hours]
cite = "A rule"
grade = "rule"
"2026-01-01" = 12
"2024-01-08" = 24

[pause]
cite = ""
grade = "choice"
note = "Nobody says."
"2025-01-01" = 5
"""


def test_the_value_in_force_comes_with_its_citation() -> None:
    book = read_book(TWO_DATES, jurisdiction="xx")
    before, after = book.at(date(2025, 12, 31)), book.at(date(2026, 1, 1))
    assert before["response_hours"] == Rule("response_hours", 24, "A rule", date(2024, 1, 8), Grade.RULE)
    assert after["response_hours"].value == 12
    assert after["pause"].grade is Grade.CHOICE
    assert dict(after) == {"response_hours": after["response_hours"], "pause": after["pause"]}


def test_an_instant_counts_by_its_own_day() -> None:
    book = read_book(TWO_DATES, jurisdiction="xx")
    assert book.at(datetime(2025, 12, 31, 23, 59, tzinfo=UTC))["response_hours"].value == 24


def test_what_was_not_in_force_yet_says_when_it_begins() -> None:
    rules = read_book(TWO_DATES, jurisdiction="xx").at(date(2024, 5, 1))
    assert "pause" not in rules
    assert rules.get("pause") is None
    assert len(rules) == 1
    with pytest.raises(NotFound, match="2025-01-01"):
        rules["pause"]


def test_a_key_that_is_not_in_the_book_lists_those_that_are() -> None:
    with pytest.raises(NotFound, match="it has pause, response_hours"):
        read_book(TWO_DATES, jurisdiction="xx").at(date(2026, 1, 1))["hours"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = ", "not TOML"),
        ("hours = 24", r"book.toml\[hours\].*own table"),
        ('[hours]\ncite = "A rule"\n"2024-01-08" = 24', "grade"),
        ('[hours]\ncite = "A rule"\ngrade = "law"\n"2024-01-08" = 24', "rule, reading, choice"),
        ('[hours]\ngrade = "rule"\n"2024-01-08" = 24', "no citation"),
        ('[hours]\ncite = ""\ngrade = "reading"\nnote = "n"\n"2024-01-08" = 24', "no citation"),
        ('[hours]\ncite = "A rule"\ngrade = "reading"\n"2024-01-08" = 24', "without a note"),
        ('[hours]\ncite = "A rule"\ngrade = "rule"', "no dated line"),
        ('[hours]\ncite = "A rule"\ngrade = "rule"\n"8 Jan" = 24', "8 Jan"),
    ],
)
def test_a_faulty_book_is_refused_with_the_place(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        read_book(text, jurisdiction="xx")
    assert caught.value.where.startswith("book.toml")
    assert caught.value.mend


def test_the_united_states_are_there_and_nowhere_lists_them() -> None:
    assert "us" in jurisdictions()
    for nowhere in ("atlantis", "", "../us", "book.py"):
        with pytest.raises(NotFound, match=r"there are: .*us"):
            load_book(nowhere)


def test_every_united_states_value_is_cited_or_owned_up_to() -> None:
    rules = load_book("us").at(date(2026, 11, 24))
    assert rules["response_hours"].value == 24
    assert rules["response_hours"].cite == "47 CFR 64.1200(n)(1)"
    assert rules["response_hours"].since == date(2024, 1, 8)
    for rule in rules.values():
        assert bool(rule.cite) is (rule.grade is not Grade.CHOICE)
        assert rule.note or rule.grade is Grade.RULE


def test_juneteenth_counts_from_the_day_it_became_law() -> None:
    book = load_book("us")
    name = "Juneteenth National Independence Day"
    assert name not in book.at(date(2021, 6, 16))["holidays"].value
    assert name in book.at(date(2021, 6, 17))["holidays"].value
    assert len(book.at(date(2026, 1, 1))["holidays"].value) == 11
