from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from hopback.kernel.calls import CallRecord
from hopback.kernel.errors import BadInput
from hopback.provider.book import Book, read_book
from hopback.records.finding import Ends

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 10, 28, 15, 0, tzinfo=UTC)
BOOK = """
[provider]
id = "P017"

[[sources]]
name = "core"
format = "asterisk-csv"
files = "cdr/core-*.csv"
time_zone = "America/Chicago"
retention_days = 90

[[trunks]]
source = "core"
match = "trunk-cole"
peer = "P003"

[[trunks]]
source = "core"
match = "cust-4471"
customer = "C-4471"

[[customers]]
id = "C-4471"
legal_name = "Field Notices LLC"
since = "2025-03-01"
declared_use = "dialer"
"""


def book(tmp_path: Path, text: str) -> Book:
    path = tmp_path / "book.toml"
    path.write_text(text, encoding="utf-8")
    return read_book(path)


def record(**trunks: str) -> CallRecord:
    return CallRecord(
        record_id="r",
        source="core",
        format="asterisk-csv",
        file="f",
        line=1,
        raw="",
        setup_at=AT,
        called={},
        calling={},
        **trunks,  # type: ignore[arg-type]
    )


def test_a_trunk_names_the_peer_or_the_customer_at_its_other_end(tmp_path: Path) -> None:
    bells = book(tmp_path, BOOK)
    assert bells.ends(record(ingress_trunk="trunk-cole"), AT) == Ends(upstream="P003")
    assert bells.ends(record(ingress_trunk="cust-4471", egress_trunk="trunk-cole"), AT) == Ends(
        customer="C-4471", downstream="P003"
    )


def test_a_trunk_nobody_owns_names_nobody(tmp_path: Path) -> None:
    assert book(tmp_path, BOOK).ends(record(ingress_trunk="trunk-x"), AT) == Ends(problem="no_owner")
    assert book(tmp_path, BOOK).ends(record(), AT) == Ends(problem="no_owner")


def test_account_and_address_are_tried_after_the_trunk(tmp_path: Path) -> None:
    bells = book(tmp_path, BOOK)
    assert bells.ends(record(ingress_trunk="port-9", customer_id="cust-4471"), AT).customer == "C-4471"
    assert bells.ends(record(ingress_ip="trunk-cole"), AT).upstream == "P003"


def test_the_owner_is_the_row_valid_when_the_call_was_set_up(tmp_path: Path) -> None:
    moved = BOOK + (
        '\n[[trunks]]\nsource = "core"\nmatch = "port-1"\npeer = "P003"\nvalid_to = 2026-10-28\n'
        '\n[[trunks]]\nsource = "core"\nmatch = "port-1"\npeer = "P009"\nvalid_from = 2026-10-28\n'
    )
    bells = book(tmp_path, moved)
    midnight = datetime(2026, 10, 28, 5, 0, tzinfo=UTC)  # midnight in Chicago, the source's own zone
    assert bells.ends(record(ingress_trunk="port-1"), midnight).upstream == "P009"
    assert bells.ends(record(ingress_trunk="port-1"), midnight.replace(hour=4)).upstream == "P003"


def test_two_owners_at_once_are_a_question_and_never_a_guess(tmp_path: Path) -> None:
    twice = BOOK + '\n[[trunks]]\nsource = "core"\nmatch = "trunk-cole"\npeer = "P009"\n'
    assert book(tmp_path, twice).ends(record(ingress_trunk="trunk-cole"), AT) == Ends(problem="two_owners")


@pytest.mark.parametrize(
    ("more", "expected"),
    [('provider_id = "P044"\n', Ends(upstream="P044")), ("", Ends(problem="carrier_unknown"))],
)
def test_a_carrier_customer_is_an_upstream_or_a_question(tmp_path: Path, more: str, expected: Ends) -> None:
    carrier = BOOK.replace('declared_use = "dialer"', f'declared_use = "carrier"\n{more}')
    assert book(tmp_path, carrier).ends(record(ingress_trunk="cust-4471"), AT) == expected


def test_a_trunk_that_leads_to_ourselves_names_nobody(tmp_path: Path) -> None:
    own = BOOK.replace('peer = "P003"', 'peer = "P017"')
    assert book(tmp_path, own).ends(record(ingress_trunk="trunk-cole"), AT) == Ends(problem="itself")


@pytest.mark.parametrize(
    ("old", "new", "where", "mend"),
    [
        ('id = "P017"', "", "provider.id", "add id"),
        ('name = "core"', "name = 7.5", "sources[0].name", "quotes"),
        ('time_zone = "America/Chicago"', 'time_zone = "Chicago"', "sources[0].time_zone", "America/Chicago"),
        ("retention_days = 90", 'retention_days = "long"', "sources[0].retention_days", "whole days"),
        ('peer = "P003"', 'peer = "P003"\ncustomer = "C-4471"', "trunks[0]", "exactly one"),
        ('customer = "C-4471"', 'customer = "C-1"', "trunks[1].customer", "[[customers]]"),
        (
            'source = "core"\nmatch = "trunk-cole"',
            'source = "edge"\nmatch = "trunk-cole"',
            "trunks[0].source",
            "source",
        ),
        ('declared_use = "dialer"', 'declared_use = "spam"', "customers[0].declared_use", "dialer"),
        ('since = "2025-03-01"', 'since = "long ago"', "customers[0].since", "2026-10-27"),
        ("[[customers]]", "[[customers]", "book.toml", "mend the line"),
    ],
)
def test_what_is_wrong_with_a_book_is_one_line_with_its_field_and_the_mend(
    tmp_path: Path, old: str, new: str, where: str, mend: str
) -> None:
    assert old in BOOK
    with pytest.raises(BadInput) as caught:
        book(tmp_path, BOOK.replace(old, new, 1))
    line = str(caught.value)
    assert where in line
    assert mend in line
    assert "\n" not in line


def test_a_missing_book_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no book here"):
        read_book(tmp_path / "book.toml")
