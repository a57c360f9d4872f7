"""Spellings of numbers, as switches and people write them."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopback.kernel.errors import BadInput
from hopback.kernel.numbers import (
    Number,
    NumberKind,
    format_e164,
    neighbours,
    parse_number,
    read_e164,
    same_subscriber,
)

ADA = 12125550143


@pytest.mark.parametrize(
    ("raw", "assumptions"),
    [
        ("+12125550143", ()),
        ("12125550143", ("home_country",)),
        ("2125550143", ("home_country",)),
        ("01112125550143", ()),
        ("0012125550143", ()),
        ("+01112125550143", ()),
        ("02125550143", ("home_country", "trunk_prefix")),
        ("8899#12125550143", ("tech_prefix", "home_country")),
        ("8899#+12125550143", ("tech_prefix",)),
        ("8899#01112125550143", ("tech_prefix",)),
        ("8899*2125550143", ("tech_prefix", "home_country")),
        ("*6712125550143", ("service_code", "home_country")),
        ("*67 212-555-0143", ("service_code", "home_country")),
        ("*31#12125550143", ("tech_prefix", "home_country")),
        ("12125550143#", ("home_country",)),
        ("12125550143F", ("home_country",)),
        ("sip:+12125550143@198.51.100.1:5060;user=phone", ()),
        ("SIPS:+12125550143@carrier.example", ()),
        ("sip:+12125550143:secret@carrier.example", ()),
        ("sip:%2B12125550143@carrier.example", ()),
        ("sip:8899%2312125550143@carrier.example", ("tech_prefix", "home_country")),
        ("tel:+1-212-555-0143", ()),
        ("tel:555-0143;phone-context=+1-212", ("phone_context",)),
        ("tel:2125550143;phone-context=+1", ("phone_context",)),
        ("tel:2125550143;phone-context=carrier.example", ("home_country",)),
        ("sip:12125550143;phone-context=+1@carrier.example", ("home_country",)),
        ("(212) 555-0143", ("home_country",)),
        ("1.212.555.0143", ("home_country",)),
        (" +1 212/555 0143\t", ()),
        ("\u202a+1\u00a0(212)\u00a0555\u20110143\u202c", ()),
        ('"12125550143"', ("home_country",)),
        ("'BELL'<sip:12125550143@192.0.2.1:5060;user=phone>;tag=gK01", ("home_country",)),
        ('"BELL" <2125550143>', ("home_country",)),
        ('"a <b> c" <sip:+12125550143@192.0.2.1>', ()),
        ('"an "unescaped" quote" <sip:+12125550143@192.0.2.1>', ()),
        ("<sip:+12125550143@192.0.2.1", ()),
        ('"12125550143" <sip:bell@192.0.2.1>', ("display_name", "home_country")),
        ('"(212) 555-0143" <>', ("display_name", "home_country")),
    ],
)
def test_one_line_is_read_from_every_spelling(raw: str, assumptions: tuple[str, ...]) -> None:
    number = parse_number(raw)
    assert (number.kind, number.e164, number.assumptions) == (NumberKind.E164, ADA, assumptions)
    assert number.raw == raw
    assert number.is_number


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("", NumberKind.EMPTY),
        ("   ", NumberKind.EMPTY),
        ("-", NumberKind.EMPTY),
        ("NULL", NumberKind.EMPTY),
        ("N/A", NumberKind.EMPTY),
        ('"" <>', NumberKind.EMPTY),
        ("sip:@192.0.2.1", NumberKind.EMPTY),
        ("anonymous@anonymous.invalid", NumberKind.ANONYMOUS),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>', NumberKind.ANONYMOUS),
        ("sip:anonymous.invalid", NumberKind.ANONYMOUS),
        ("unknown", NumberKind.ANONYMOUS),
        ("<unknown>", NumberKind.ANONYMOUS),
        ("Restricted", NumberKind.ANONYMOUS),
        ("Out of area", NumberKind.ANONYMOUS),
        ("911", NumberKind.SHORT_CODE),
        ("*67", NumberKind.SHORT_CODE),
        ("8899#", NumberKind.SHORT_CODE),
        ("4021", NumberKind.SHORT_CODE),
        ("5550143", NumberKind.LOCAL),
        ("1234567", NumberKind.MALFORMED),
        ("1212555014", NumberKind.MALFORMED),
        ("0000000000", NumberKind.MALFORMED),
        ("+1212555014", NumberKind.MALFORMED),
        ("+121255501430", NumberKind.MALFORMED),
        ("121255501430", NumberKind.MALFORMED),
        ("011000212555014", NumberKind.MALFORMED),
        ("2" * 16, NumberKind.MALFORMED),
        ("+", NumberKind.MALFORMED),
        ("192.0.2.1", NumberKind.MALFORMED),
        ("sip:192.0.2.1:5060", NumberKind.MALFORMED),
        ("sip:bell@192.0.2.1", NumberKind.MALFORMED),
        ("rubbish \u65e5\u672c \xff", NumberKind.MALFORMED),
        ("\uff12\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff13", NumberKind.MALFORMED),
        ("\u0662\u0661\u0662\u0665\u0665\u0665\u0660\u0661\u0664\u0663", NumberKind.MALFORMED),
    ],
)
def test_what_is_no_number_has_a_kind_and_no_digits(raw: str, kind: NumberKind) -> None:
    number = parse_number(raw)
    assert (number.kind, number.e164) == (kind, None)
    assert not number.is_number


def test_a_column_without_a_value_is_empty() -> None:
    assert parse_number(None) == Number("", NumberKind.EMPTY)


def test_a_withheld_number_stays_withheld_whatever_the_display_name_says() -> None:
    number = parse_number('"2125550143" <sip:anonymous@anonymous.invalid>')
    assert (number.kind, number.e164, number.display_name) == (NumberKind.ANONYMOUS, None, "2125550143")


def test_a_short_display_name_is_no_number() -> None:
    assert parse_number('"5550143" <sip:bell@192.0.2.1>').kind is NumberKind.MALFORMED


@pytest.mark.parametrize(
    "raw",
    [
        "+12125550143;npdi;rn=+15125550100",
        "sip:+12125550143;npdi;rn=+15125550100@198.51.100.1:5060;user=phone",
        "sip:+12125550143;rn=+1-512-555-0100;npdi@198.51.100.1",
        "tel:+12125550143;RN=5125550100",
        "<sip:+12125550143@198.51.100.1;rn=15125550100>",
        "+12125550143;npdi;rn=%2B15125550100",
    ],
)
def test_the_routing_number_of_a_ported_line_is_kept_apart(raw: str) -> None:
    number = parse_number(raw)
    assert (number.e164, number.lrn) == (ADA, 15125550100)


def test_a_routing_number_that_is_none_is_dropped() -> None:
    assert parse_number("+12125550143;npdi;rn=none").lrn is None


def test_what_was_taken_off_and_the_name_are_kept() -> None:
    number = parse_number('"Bell \\"Co\\"" <sip:8899#12125550143@192.0.2.1>')
    assert (number.was_prefix, number.display_name, number.e164) == ("8899#", 'Bell "Co"', ADA)
    assert parse_number("*6712125550143").was_prefix == "*67"


def test_an_area_code_completes_a_local_number() -> None:
    number = parse_number("555-0143", area_code="212")
    assert (number.e164, number.assumptions) == (ADA, ("home_country", "area_code"))


@pytest.mark.parametrize(
    ("raw", "e164", "assumptions"),
    [
        ("+442079460958", 442079460958, ()),
        ("011442079460958", 442079460958, ()),
        ("00442079460958", 442079460958, ()),
        ("442079460958", 442079460958, ("no_plus",)),
        ("tel:02079460958;phone-context=+44", 442079460958, ("phone_context",)),
        ("+6834000", 6834000, ()),
    ],
)
def test_a_foreign_number_keeps_its_country_code(raw: str, e164: int, assumptions: tuple[str, ...]) -> None:
    number = parse_number(raw)
    assert (number.e164, number.assumptions) == (e164, assumptions)


@pytest.mark.parametrize(
    ("raw", "home", "area", "e164", "assumptions"),
    [
        ("02079460958", "GB", None, 442079460958, ("home_country", "trunk_prefix")),
        ("2079460958", "GB", None, 442079460958, ("home_country",)),
        ("442079460958", "GB", None, 442079460958, ("no_plus",)),
        ("79460958", "GB", "20", 442079460958, ("home_country", "area_code")),
        ("79460958", "GB", "020", 442079460958, ("home_country", "area_code")),
        ("0012125550143", "GB", None, ADA, ()),
        ("0011442079460958", "AU", None, 442079460958, ()),
        ("0412345678", "AU", None, 61412345678, ("home_country", "trunk_prefix")),
        ("0612345678", "IT", None, 390612345678, ("home_country",)),
        ("89161234567", "RU", None, 79161234567, ("home_country", "trunk_prefix")),
        ("81012125550143", "RU", None, ADA, ()),
        ("5512345678", "MX", None, 525512345678, ("home_country",)),
        ("2125550143", "CA", None, ADA, ("home_country",)),
        ("01132496058", "GB", None, 441132496058, ("home_country", "trunk_prefix")),
    ],
)
def test_the_home_country_gives_its_own_prefixes(
    raw: str, home: str, area: str | None, e164: int, assumptions: tuple[str, ...]
) -> None:
    number = parse_number(raw, home_country=home, area_code=area)
    assert (number.e164, number.assumptions) == (e164, assumptions)


def test_a_local_number_abroad_is_local_where_no_area_code_is_known() -> None:
    assert parse_number("79460958", home_country="GB").kind is NumberKind.LOCAL


@pytest.mark.parametrize("home", ["us", "USA", "ZZ", ""])
def test_a_home_country_that_is_none_is_refused(home: str) -> None:
    with pytest.raises(BadInput, match="home_country") as caught:
        parse_number("2125550143x", home_country=home)
    assert caught.value.mend


def test_an_area_code_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="area_code"):
        parse_number("5550143", area_code="(212)")


@settings(max_examples=200, deadline=None)
@given(
    st.text() | st.text(alphabet="0123456789+*#-.()<>\"'@;:%= rnpsiptelx\\"), st.sampled_from(["US", "GB", "IT", "RU"])
)
def test_no_spelling_raises_and_a_number_is_always_one(raw: str, home: str) -> None:
    number = parse_number(raw, home_country=home, area_code="212")
    assert (number.e164 is not None) == (number.kind is NumberKind.E164)
    if number.e164 is not None:
        assert read_e164(format_e164(number.e164)) == number.e164
        assert parse_number(format_e164(number.e164), home_country=home).e164 == number.e164


NANP = st.integers(2_000_000_000, 9_999_999_999).map(lambda ten: 10**10 + ten)


@settings(max_examples=100, deadline=None)
@given(
    NANP,
    st.sampled_from(["+{}", "{}", "011{}", "00{}", "7#{}", "sip:{}@192.0.2.1", "<sip:+{};npdi>", '"x" <{}>', "*82{}"]),
)
def test_the_spelling_makes_no_difference_to_the_number(number: int, form: str) -> None:
    assert parse_number(form.format(number)).e164 == number


def test_a_number_is_written_with_a_plus_and_read_back() -> None:
    assert format_e164(ADA) == "+12125550143"
    assert read_e164("+12125550143") == ADA


@pytest.mark.parametrize(
    "text", ["12125550143", "+0123456789", "+1 212 555 0143", "+123", "+" + "1" * 16, "", "+12125550143\n"]
)
def test_our_own_inputs_are_read_strictly(text: str) -> None:
    with pytest.raises(BadInput, match=r"calls.csv:7") as caught:
        read_e164(text, where="calls.csv:7")
    assert "+12025550143" in caught.value.mend


@pytest.mark.parametrize("number", [0, -1, 10**15])
def test_what_is_too_small_or_too_long_is_not_written(number: int) -> None:
    with pytest.raises(BadInput):
        format_e164(number)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ADA, ADA, True),
        (ADA, 2125550143, True),
        (ADA, 889912125550143, True),
        (ADA, 88992125550143, True),  # +889 is no country
        (2125550143, 889912125550143, True),
        (ADA, 922125550143, False),  # a landline in Karachi
        (ADA, 12125550144, False),
        (442079460958, 912079460958, False),
        (ADA, 13125550143, False),
        (10000000143, 143, False),
    ],
)
def test_one_subscriber_may_stand_behind_two_spellings(one: int, other: int, *, same: bool) -> None:
    assert same_subscriber(one, other) is same
    assert same_subscriber(other, one) is same


def test_neighbours_share_area_code_and_exchange() -> None:
    assert neighbours(ADA, 12125550199)
    assert not neighbours(ADA, 12125560143)
    assert not neighbours(442079460958, 442079460959)


def test_reading_north_american_numbers_loads_no_number_plans() -> None:
    code = (
        "import sys; from hopback.kernel.numbers import parse_number\n"
        "for raw in ('2125550143', '<sip:8899#12125550143@192.0.2.1>', '011442079460958', 'x'): parse_number(raw)\n"
        "print('phonenumbers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
