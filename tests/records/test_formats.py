"""Every format, parsed with the peculiarities its documents name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hopback.kernel.errors import BadInput, NotFound
from hopback.records.formats.layout import read_dialect
from hopback.records.formats.registry import FORMATS, detect, format_named
from hopback.records.schema import Source
from records import samples
from records.samples import CALLED, CALLING, FORWARDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.kernel.calls import CallRecord
    from records.workbench import Bench

    One = Callable[..., CallRecord]

SETUP = datetime(2026, 10, 29, 19, 22, 57, tzinfo=UTC)
"""14:22:57 in Chicago, before the clocks go back."""

EXAMPLES = {
    "asterisk-csv": (samples.asterisk(),),
    "broadworks-csv": (samples.BROADWORKS_HEADER, samples.broadworks()),
    "freeswitch-csv": (samples.freeswitch(),),
    "generic-csv": (samples.GENERIC_HEADER, samples.generic()),
    "kamailio-acc-csv": (samples.KAMAILIO_HEADER, samples.kamailio()),
    "sansay-csv": (samples.sansay(),),
    "sonus-act": (samples.SONUS_HEADER, samples.sonus_stop()),
    "twilio-csv": (samples.TWILIO_HEADER, samples.twilio()),
    "yeti-csv": (samples.YETI_HEADER, samples.yeti()),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_told_by_its_content_and_read_without_a_reject(name: str, bench: Bench) -> None:
    path = bench.write("x.log", "\n".join(EXAMPLES[name]) + "\n")
    report = bench.load(path, format="auto")
    assert report.files[0].format == name
    assert (report.total("kept"), report.total("rejected")) == (1, 0)
    (record,) = bench.all()
    assert CALLED in record.called.values()
    assert CALLING in record.calling.values()
    assert abs(record.setup_at - SETUP) < timedelta(seconds=4)
    assert record.answered is True


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_how_well_it_is_founded_and_on_what(name: str) -> None:
    dialect = read_dialect(name)
    assert dialect.grade in {"verified", "documented", "assumed"}
    assert dialect.source


@pytest.mark.parametrize(
    ("tail", "epoch", "extra"),
    [
        ((), None, None),
        (('"1793298177.5365"',), 1793298177, None),
        (('"billing note"',), None, ("userfield", "billing note")),
        (('"sys1-1793298177.5365"', '"note"'), 1793298177, ("userfield", "note")),
        (('"peer"', '"1793298177.1"', "5"), None, ("peeraccount", "peer")),
        (('"1793298177.5365"', '"note"', '"peer"', '"1793298177.1"', "5"), 1793298177, ("peeraccount", "peer")),
    ],
)
def test_master_csv_is_read_with_and_without_each_of_its_tails(
    tail: tuple[str, ...], epoch: int | None, extra: tuple[str, str] | None, one: One
) -> None:
    record = one(samples.asterisk(tail=tail), format="asterisk-csv")
    assert record.setup_at == SETUP
    assert record.is_naive
    assert record.epoch_at == (None if epoch is None else datetime.fromtimestamp(epoch, UTC))
    assert (record.ingress_trunk, record.egress_trunk) == ("acme-in", "bell-out")
    assert (record.duration_s, record.answered) == (30.0, True)
    if extra:
        assert record.extras[extra[0]] == extra[1]


def test_the_order_of_cdr_custom_is_told_from_master_csv(one: One) -> None:
    record = one(samples.asterisk_custom(), format="asterisk-csv")
    assert record.setup_at == SETUP
    assert (record.ingress_trunk, record.egress_trunk) == ("cole-acct", "bell")
    assert record.called == {"called_ruri": CALLED}
    assert record.epoch_at is not None


@pytest.mark.parametrize(
    ("channel", "trunk"),
    [
        ("PJSIP/acme-sbc-0000002a", "acme-sbc"), ("SIP/10.0.0.9-00abcdef", "10.0.0.9"), ("IAX2/acme-1234", "acme"),
        ("DAHDI/i1/5551212-1a", "i1/5551212"), ("PJSIP/acme-00000001;2", "acme"),
    ],
)  # fmt: skip
def test_an_empty_account_code_leaves_the_channel_to_name_the_trunk(channel: str, trunk: str, one: One) -> None:
    assert one(samples.asterisk(account="", channel=channel), format="asterisk-csv").ingress_trunk == trunk


@pytest.mark.parametrize("disposition", ["NO ANSWER", "BUSY", "FAILED", "CONGESTION"])
def test_only_an_answered_disposition_is_answered(disposition: str, one: One) -> None:
    record = one(samples.asterisk(disposition=disposition), format="asterisk-csv")
    assert (record.answered, record.answer_at) == (False, None)


def test_freeswitch_strips_a_technical_prefix_and_keeps_columns_it_does_not_know(one: One) -> None:
    record = one(samples.freeswitch(more=',"custom-1"'), format="freeswitch-csv")
    assert record.called == {"called_ruri": CALLED}
    assert record.ingress_trunk == "acct-77"
    assert record.extras["column_16"] == "custom-1"
    assert record.answer_at == SETUP + timedelta(seconds=3)


def test_freeswitch_in_the_order_of_cdr_pg_csv_is_read_as_well(one: One) -> None:
    record = one(f'"192.0.2.5",{samples.freeswitch(answered=False)}', format="freeswitch-csv")
    assert (record.setup_at, record.answered, record.called["called_ruri"]) == (SETUP, False, CALLED)


def test_a_routing_number_in_a_uri_becomes_the_lrn_and_not_the_called_number(one: One) -> None:
    record = one(samples.freeswitch(called="+12025550143;npdi;rn=+17025550199"), format="freeswitch-csv")
    assert (record.called["called_ruri"], record.lrn) == (CALLED, 17025550199)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_bye_ends_its_invite_whoever_hung_up_and_in_whichever_file(swapped: bool, bench: Bench) -> None:
    first = bench.write("acc-1.csv", f"{samples.KAMAILIO_HEADER}\n{samples.kamailio()}\n")
    bye = samples.kamailio("BYE", time="2026-10-29 14:23:45", swapped=swapped)
    second = bench.write("acc-2.csv", f"{samples.KAMAILIO_HEADER}\n{bye}\n")
    report = bench.load(first, second, format="kamailio-acc-csv")
    assert report.total("kept") == 2
    (record,) = bench.store.find([CALLED], start=SETUP - timedelta(hours=1), end=SETUP + timedelta(hours=1))
    assert record.duration_s == 45.0
    assert record.answer_at == SETUP + timedelta(seconds=3)
    assert (record.ingress_trunk, record.egress_ip) == ("192.0.2.1", "198.51.100.2")


def test_a_bye_of_another_dialog_ends_nothing(bench: Bench) -> None:
    bye = samples.kamailio("BYE", time="2026-10-29 14:23:45").replace("gk2", "gk9")
    bench.load(
        bench.write("acc.csv", f"{samples.KAMAILIO_HEADER}\n{samples.kamailio()}\n{bye}\n"), format="kamailio-acc-csv"
    )
    (record,) = bench.all()
    assert (record.end_at, record.duration_s) == (None, None)


def test_a_failed_invite_is_an_attempt_that_was_not_answered(one: One) -> None:
    record = one(samples.KAMAILIO_HEADER, samples.kamailio(code="486"), format="kamailio-acc-csv")
    assert (record.answered, record.answer_at) == (False, None)


def test_other_methods_are_no_calls(bench: Bench) -> None:
    path = bench.write("acc.csv", f"{samples.KAMAILIO_HEADER}\n{samples.kamailio('CANCEL')}\n")
    assert bench.load(path, format="kamailio-acc-csv").files[0].reasons == {"not_a_call_record": 1}


def test_a_sonus_stop_is_read_in_its_nodes_own_zone_with_ticks_and_quoted_data(one: One) -> None:
    record = one(samples.SONUS_HEADER, samples.sonus_stop(), format="sonus-act", time_zone="Asia/Tokyo")
    assert record.setup_at == SETUP + timedelta(seconds=0.5)
    assert not record.is_naive
    assert record.answer_at == record.setup_at + timedelta(seconds=2.5)
    assert (record.duration_s, record.answered) == (30.0, True)
    assert record.called == {"called_dialed": CALLED, "called_pretranslation": CALLED, "called_sent": FORWARDED}
    assert (record.ingress_trunk, record.egress_trunk) == ("TG_ACME", "TG_BELL")
    assert (record.sip_call_id_in, record.sip_call_id_out) == ("in-1@acme.example", "out-1@acme.example")
    assert record.call_group_id == "GCID1"


def test_a_sonus_attempt_over_midnight_ends_the_next_day(one: One) -> None:
    record = one(samples.SONUS_HEADER, samples.sonus_attempt(), format="sonus-act")
    assert record.setup_at == datetime(2026, 10, 29, 18, 29, 50, tzinfo=UTC)
    assert record.end_at == record.setup_at + timedelta(seconds=20)
    assert (record.answered, record.attempt_no, record.sip_call_id_out) == (False, 2, None)


def test_a_sonus_start_gives_way_to_its_stop(bench: Bench) -> None:
    bench.load(bench.write("a.ACT", f"{samples.SONUS_HEADER}\n{samples.sonus_start()}\n"), format="sonus-act")
    assert [record.record_type for record in bench.all()] == ["start"]
    bench.load(bench.write("b.ACT", f"{samples.SONUS_HEADER}\n{samples.sonus_stop()}\n"), format="sonus-act")
    assert [record.record_type for record in bench.all()] == ["stop"]


def test_sonus_records_of_other_kinds_and_torn_ones_are_told_apart(bench: Bench) -> None:
    lines = [
        samples.SONUS_HEADER,
        *[samples.sonus_stop()] * 3,
        "SW_CHANGE,NODE1,0x0003",
        samples.sonus_stop(count=85),
        "-- log rotated --",
    ]
    report = bench.load(bench.write("a.ACT", "\n".join(lines)), format="sonus-act")
    assert report.files[0].reasons == {"not_a_call_record": 2, "wrong_column_count": 1}


def test_sansay_times_stand_minutes_west_of_greenwich(one: One) -> None:
    record = one(samples.sansay(), format="sansay-csv", time_zone="Asia/Tokyo")
    assert (record.setup_at, record.is_naive) == (SETUP, False)
    assert (record.duration_s, record.is_final, record.answered) == (30.25, True, True)
    assert record.called == {"called_ruri": CALLED, "called_sent": CALLED}
    assert record.lrn == 17025550199
    assert record.calling["calling_pai"] == 13125550188


def test_sansay_na_means_that_nobody_answered(one: One) -> None:
    record = one(samples.sansay(answered=False), format="sansay-csv")
    assert (record.answered, record.answer_at, record.is_final) == (False, None, False)


def test_broadworks_commas_are_escaped_and_its_times_are_greenwich(one: One) -> None:
    record = one(samples.BROADWORKS_HEADER, samples.broadworks(), format="broadworks-csv")
    assert record.setup_at == SETUP + timedelta(milliseconds=125)
    assert record.ingress_trunk == "SP-Acme, Inc"
    assert record.duration_s == 30.5
    assert record.called["original_called"] == FORWARDED


def test_broadworks_records_other_than_normal_are_no_calls(bench: Bench) -> None:
    path = bench.write("b.csv", f"{samples.BROADWORKS_HEADER}\r\n{samples.broadworks(kind='Failover')}\r\n")
    assert bench.load(path, format="broadworks-csv").files[0].reasons == {"not_a_call_record": 1}


def test_yeti_carries_its_offset_both_callers_and_the_diversion(one: One) -> None:
    record = one(samples.YETI_HEADER, samples.yeti(), format="yeti-csv", time_zone="Asia/Tokyo")
    assert record.setup_at == SETUP + timedelta(milliseconds=250)
    assert not record.is_naive
    assert record.calling == {"calling_from": CALLING, "calling_pai": 13125550188, "calling_sent": 13125550199}
    assert record.called == {"called_ruri": CALLED, "called_sent": CALLED, "diverting": FORWARDED}
    assert (record.attempt_no, record.is_final, record.lrn) == (1, True, 17025550199)


def test_headers_map_by_name_in_any_order_and_unknown_columns_are_kept(one: One) -> None:
    names, values = samples.YETI_HEADER.split(","), samples.yeti().split(",")
    header, line = ",".join([*reversed(names), "favourite_colour"]), ",".join([*reversed(values), "green"])
    record = one(header, line, format="auto")
    assert record.ingress_trunk == "2013"
    assert record.extras["favourite_colour"] == "green"


@pytest.mark.parametrize(("trunk", "ingress"), [("TK9", "TK9"), ("", "AC77")])
def test_a_twilio_call_came_by_its_trunk_or_else_its_account(trunk: str, ingress: str, one: One) -> None:
    record = one(samples.TWILIO_HEADER, samples.twilio(trunk=trunk), format="twilio-csv")
    assert record.ingress_trunk == ingress
    assert (record.setup_at, record.is_naive) == (SETUP, False)
    assert record.answer_at == SETUP + timedelta(seconds=3)
    assert record.called == {"called_ruri": CALLED, "diverting": FORWARDED}


def test_a_twilio_call_that_was_busy_was_not_answered(one: One) -> None:
    record = one(samples.TWILIO_HEADER, samples.twilio(status="busy"), format="twilio-csv")
    assert (record.answered, record.answer_at, record.duration_s) == (False, None, 0.0)


@pytest.mark.parametrize("duration", ["0", ""])
def test_a_generic_call_without_a_duration_was_not_answered(duration: str, one: One) -> None:
    record = one(samples.GENERIC_HEADER, samples.generic(duration=duration), format="generic-csv")
    assert record.answered is False


def test_the_book_maps_a_generic_files_own_header(one: One) -> None:
    record = one(
        "B_NUMBER,A_NUMBER,WHEN,ROUTE,SECS", "2025550143,3125550101,2026-10-29T19:22:57Z,acme-1,12",
        format="generic-csv",
        columns={"start_time": "WHEN", "calling": "A_NUMBER", "called": "B_NUMBER", "trunk": "ROUTE", "duration": "SECS"},
    )  # fmt: skip
    assert (record.setup_at, record.ingress_trunk, record.duration_s) == (SETUP, "acme-1", 12.0)


def test_a_generic_header_without_the_needed_names_is_refused_with_the_mend(bench: Bench) -> None:
    path = bench.write("x.csv", "when,who,whom,route,secs\n2026-10-29T14:22:57-05:00,1,2,3,4\n")
    (report,) = bench.load(path, format="generic-csv").files
    assert report.status == "refused"
    assert report.broken.startswith("line 1: the header does not name called, calling, start_time")
    assert "sources.columns" in report.broken


def test_a_generic_stamp_without_an_offset_is_local_time(one: One) -> None:
    record = one(samples.GENERIC_HEADER, samples.generic(at="2026-10-29 14:22:57"), format="generic-csv")
    assert (record.setup_at, record.is_naive) == (SETUP, True)


@pytest.mark.parametrize(
    "at", ["2026-10-29T19:22:57Z", "2026-10-29T19:22:57+00:00", "2026-10-29 14:22:57-05", "2026-10-29T14:22:57-0500"]
)
def test_every_way_to_write_an_offset_is_an_offset(at: str, one: One) -> None:
    record = one(samples.GENERIC_HEADER, samples.generic(at=at), format="generic-csv")
    assert (record.setup_at, record.is_naive) == (SETUP, False)


def test_an_unknown_format_is_named_with_those_there_are() -> None:
    with pytest.raises(NotFound, match="asterisk-csv"):
        format_named("acme-csv")


def test_lines_of_no_format_are_refused() -> None:
    with pytest.raises(BadInput, match="no known format"):
        detect(["a,b,c", "1,2,3"], source=Source("core"), where="x.csv")


def test_headers_of_two_formats_in_one_file_are_refused() -> None:
    header = f"{samples.GENERIC_HEADER},{samples.YETI_HEADER}"
    with pytest.raises(BadInput, match="several formats"):
        detect([header], source=Source("core"), where="x.csv")
