from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopback.kernel.errors import BadInput
from hopback.proofs.canonical import canonical, digest


@pytest.mark.parametrize(
    ("value", "written"),
    [
        # ECMAScript's spellings, as RFC 8785 appendix B lists them
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (1.0000000000000001e23, "1.0000000000000001e+23"),
        (999999999999999700000.0, "999999999999999700000"),
        (1e21, "1e+21"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"),
        (-0.0000033333333333333333, "-0.0000033333333333333333"),
        (1424953923781206.2, "1424953923781206.2"),
        (10.5, "10.5"),
        (100.0, "100"),
    ],
)
def test_a_number_is_written_as_ecmascript_writes_it(value: float, written: str) -> None:
    assert canonical([value]) == f"[{written}]".encode()


def test_members_are_sorted_by_utf16_code_units() -> None:
    # U+1F600 begins with 0xD83D and so comes before U+FB33, although its code point is higher
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\u00f6": 7}
    assert [member[1] for member in json.loads(canonical(value), object_pairs_hook=list)] == [2, 4, 6, 7, 1, 5, 3]


def test_text_is_escaped_as_little_as_it_may_be() -> None:
    assert canonical('€$\x0f\nA\'B"\\\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53, -(2**53), "\ud800", {1: 2}, {"a": object()}, b"bytes"])
def test_what_has_no_one_spelling_is_refused(value: object) -> None:
    with pytest.raises(BadInput):
        canonical(value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_what_is_written_reads_back_and_is_written_the_same(value: object) -> None:
    once = canonical(value)
    assert json.loads(once, parse_int=float) == value
    assert canonical(json.loads(once, parse_int=float)) == once


def test_a_digest_changes_with_the_salt_and_not_with_the_order_of_members() -> None:
    assert digest({"a": 1, "b": 2}, salt=b"x") == digest({"b": 2, "a": 1}, salt=b"x")
    assert digest({"a": 1}, salt=b"x") != digest({"a": 1}, salt=b"y")
