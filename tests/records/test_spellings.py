"""The SQL twin reads every spelling as the kernel's ladder does."""

from __future__ import annotations

from itertools import product

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopback.kernel.numbers import parse_number
from hopback.records import spellings
from hopback.tables.sessions import open_session


def _read(texts: list[str | None], *, home_country: str, area_code: str | None) -> list[tuple[int | None, int | None]]:
    home = {"home_country": home_country, "area_code": area_code}
    with open_session(threads=1) as session:
        session.define(spellings.READER, spellings.reader(**home), takes=["VARCHAR"], gives="BIGINT")
        session.define(spellings.ROUTING, spellings.routing_reader(**home), takes=["VARCHAR"], gives="BIGINT")
        session.show("texts", pa.table({"i": range(len(texts)), "x": pa.array(texts, pa.string())}))
        number = spellings.number("v", "p", "d", "x", **home)
        stages = f"SELECT *, {spellings.value('x')} AS v FROM texts"  # noqa: S608
        stages = f"SELECT *, {spellings.is_plain('v', 'x')} AS p FROM ({stages})"  # noqa: S608
        stages = f"SELECT *, {spellings.dialled('p', 'x', home_country=home_country)} AS d FROM ({stages})"  # noqa: S608
        return session.rows(f"SELECT {number}, {spellings.routing('p', 'x')} FROM ({stages}) ORDER BY i")  # noqa: S608


def _check(texts: list[str | None], *, home_country: str = "US", area_code: str | None = None) -> None:
    for text, (number, routed) in zip(texts, _read(texts, home_country=home_country, area_code=area_code), strict=True):
        wanted = parse_number(text, home_country=home_country, area_code=area_code)
        assert (text, number) == (text, wanted.e164)
        assert (text, routed) == (text, wanted.lrn)


DIGITS = (
    "2025550143", "12025550143", "+12025550143", "+442079460958", "01112025550143", "011442079460958", "00442079460958", "0012025550143",
    "02025550143", "5550143", "911", "112233", "442079460958", "1202555014", "120255501430", "0202555014", "+02025550143", "1025550143",
    "+1202555014", "9999999999", "2000000000", "1999999999", "12000000000", "11999999999", "1" * 16, "2" * 16, "+", "0", "00", "011",
)  # fmt: skip
WRAPS = (
    "{}", "sip:{}@192.0.2.1", "SIPS:{}@host.example:5061;user=phone", "tel:{}", "tel:{};phone-context=+1202", "<sip:{}@x>", '"Ada" <sip:{}@x>',
    "1320#{}", "*67{}", "{};npdi;rn=+17025550199", "sip:{};npdi;rn=7025550199@x:5060", " {} ", '"{}"', "{}#", "{}F", "8899#77#{}", "{}x", "{}:5060",
    "%2b{}", "({})",
)  # fmt: skip
ODD = (
    "", None, "anonymous", "Restricted", "1.2345e+09", "2.34567e+9", "1e10", "2.0255501e9", "12_025_550143", " 2025550143", "2025550143\t", "192.0.2.1",
    "198.51.100.200", "+1-202-555-0143", "202-555-0143", "(202) 555-0143", "202.555.0143", "tel:+1-202-555-0143", "-2025550143", "+-2025550143",
    "--", "1320#+12025550143", "NaN", "2025550143e0", "23456789e2", "234567.8e4", "2.345678E9", "1234567890.", "123456789e2", "+123456789e2", "+12345678E3", "2025550100", "+12025550100", "\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff13",
)  # fmt: skip


@pytest.mark.parametrize(("home", "area"), [("US", None), ("US", "202"), ("CA", "416"), ("GB", None), ("DE", "30")])
def test_the_twin_agrees_on_every_digit_string_in_every_wrapping(home: str, area: str | None) -> None:
    made = [wrap.format(digits) for digits, wrap in product(DIGITS, WRAPS)]
    _check([*made, *ODD], home_country=home, area_code=area)


PIECES = st.sampled_from(
    [
        "+",
        "1",
        "0",
        "011",
        "00",
        "202",
        "555",
        "0143",
        "#",
        "*",
        "-",
        ".",
        " ",
        "sip:",
        "tel:",
        "@x",
        ";rn=",
        "e",
        "E",
        "<",
        ">",
        '"',
        ";",
        "%2B",
        "44",
        "9",
    ]
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=9).map("".join), min_size=40, max_size=40))
def test_the_twin_agrees_on_spellings_nobody_thought_of(texts: list[str]) -> None:
    _check(list(texts))
