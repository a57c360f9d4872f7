"""Switches that write call records, field by field from the vendors' column lists.

Separate from the parsers on purpose: a mistake in one is not repeated in the other.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FORMATS", "HEADERS", "Leg", "Switch", "write_leg"]


@dataclass(frozen=True, slots=True)
class Leg:
    """One call as one switch saw it. Numbers are digits without ``+`` as spelled in the records.

    ``called_in`` and ``calling_in`` are as received, ``…_out`` as sent on. ``answer`` is None for a
    try that failed. ``trunk_out`` is None where the call ended at an own subscriber.
    """

    setup: datetime
    answer: datetime | None
    end: datetime
    called_in: str
    calling_in: str
    called_out: str
    calling_out: str
    trunk_in: str
    trunk_out: str | None
    call_id_in: str
    call_id_out: str
    serial: int
    routing_number: str = ""
    forwarded_from: str = ""

    @property
    def seconds(self) -> float:
        """The answered seconds."""
        return (self.end - self.answer).total_seconds() if self.answer is not None else 0.0


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch: its format, the zone it writes in, how far its clock is off and drifts, its quirks.

    ``error_s`` is the clock error at ``since``, ``drift_s`` what is added a day. ``columns`` is how
    many columns an asterisk writes; ``logs_failed`` whether tries that failed are written at all.
    """

    name: str
    format: str
    zone: str
    error_s: float = 0.0
    drift_s: float = 0.0
    since: datetime = datetime(2026, 10, 27, tzinfo=UTC)
    columns: int = 17
    logs_failed: bool = True
    by_account: bool = True

    def shown(self, at: datetime) -> datetime:
        """What the switch's clock shows at ``at``, in the zone it writes in."""
        days = (at - self.since) / timedelta(days=1)
        return (at + timedelta(seconds=self.error_s + self.drift_s * days)).astimezone(ZoneInfo(self.zone))


def write_leg(switch: Switch, leg: Leg) -> list[str]:
    """The lines a switch writes for one leg; none where it does not log tries that failed."""
    if leg.answer is None and not switch.logs_failed:
        return []
    return FORMATS[switch.format](switch, leg)


def _csv(row: list[object], *, quote: bool = False) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL, lineterminator="").writerow(row)
    return out.getvalue()


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _asterisk(switch: Switch, leg: Leg) -> list[str]:
    """cdr_csv, Master.csv order; uniqueid begins with epoch seconds."""
    start = switch.shown(leg.setup)
    answer = _stamp(switch.shown(leg.answer)) if leg.answer else ""
    endpoint = f"PJSIP/{leg.trunk_in}-{leg.serial:08x}"
    out = f"PJSIP/{leg.trunk_out or 'subscriber'}-{leg.serial + 1:08x}"
    row: list[object] = [
        leg.trunk_in if switch.by_account else "", leg.calling_in, leg.called_in, "from-trunk",
        f'"" <{leg.calling_in}>', f"PJSIP/in-{leg.serial:08x}" if switch.by_account else endpoint, out, "Dial",
        f"PJSIP/{leg.called_out}@{leg.trunk_out or 'subscriber'},60", _stamp(start), answer,
        _stamp(switch.shown(leg.end)), round((leg.end - leg.setup).total_seconds()), round(leg.seconds),
        "ANSWERED" if leg.answer else "NO ANSWER", "DOCUMENTATION",
    ]  # fmt: skip
    if switch.columns >= 17:  # noqa: PLR2004 - loguniqueid
        row.append(f"{int(start.timestamp())}.{leg.serial}")
    if switch.columns >= 21:  # noqa: PLR2004 - loguserfield and newcdrcolumns
        row += ["", "", f"{int(start.timestamp())}.{leg.serial}", leg.serial]
    return [_csv(row, quote=True)]


def _freeswitch(switch: Switch, leg: Leg) -> list[str]:
    """cdr_csv, the shipped template "example"."""
    answer = _stamp(switch.shown(leg.answer)) if leg.answer else ""
    whole = round((leg.end - leg.setup).total_seconds())
    uuid = f"{leg.serial:08x}-4d1c-4e0f-9a77-{leg.serial * 7919:012x}"
    cause = "NORMAL_CLEARING" if leg.answer else "NO_ANSWER"
    return [
        _csv(
            ["", leg.calling_in, leg.called_in, "public", _stamp(switch.shown(leg.setup)), answer,
             _stamp(switch.shown(leg.end)), whole, round(leg.seconds), cause, uuid, "", leg.trunk_in, "PCMU", "PCMU"],
            quote=True,
        )
    ]  # fmt: skip


def _kamailio(switch: Switch, leg: Leg) -> list[str]:
    """The acc table as rows: INVITE with its final code, BYE; the time of a 200 is the answer."""
    tags = f"as{leg.serial:x}", f"gk{leg.serial * 31:x}"
    to = leg.trunk_out or "192.0.2.9"
    code, reason = ("200", "OK") if leg.answer else ("480", "Temporarily Unavailable")
    at = _stamp(switch.shown(leg.answer or leg.end))
    parties = [leg.calling_in, leg.trunk_in, leg.trunk_in, leg.called_in, leg.called_out, to]
    rows = [[2 * leg.serial, "INVITE", *tags, leg.call_id_in, code, reason, at, *parties]]
    if leg.answer:
        bye = [leg.calling_in, leg.trunk_in, leg.trunk_in, leg.called_in, leg.called_out, to]
        if leg.serial % 3 == 0:  # the called side hangs up: tags and sides swap
            tags, bye = tags[::-1], [leg.called_out, to, to, leg.calling_in, leg.calling_in, leg.trunk_in]
        rows.append(
            [2 * leg.serial + 1, "BYE", *tags, leg.call_id_in, "200", "OK", _stamp(switch.shown(leg.end)), *bye]
        )
    return [_csv(list(row)) for row in rows]


def _sonus(switch: Switch, leg: Leg) -> list[str]:
    """STOP and ATTEMPT records; the zone stands in every record, the Call-ID in the protocol data."""
    start, end = switch.shown(leg.setup), switch.shown(leg.end)
    offset = start.utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    city = switch.zone.split("/")[-1].replace("_", " ")
    zone = f"GMT{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}-{city}"
    fixed = timezone(offset)
    clock = _tenths(fixed)

    def day(at: datetime) -> str:
        return at.astimezone(fixed).strftime("%m/%d/%Y")

    common = {2: "GSX01", 3: f"0x{leg.serial:012X}", 4: str(int(start.timestamp() * 100) % 10**9), 5: zone}
    common |= {6: day(start), 7: clock(start), 8: "2"}
    data_in = _csv(["SIP", leg.call_id_in, f"<sip:{leg.calling_in}@192.0.2.1>;tag=gK{leg.serial:x}", "", "1"])
    data_out = _csv(["SIP", leg.call_id_out, "", "", "1"])
    if leg.answer is None:
        fields = common | {1: "ATTEMPT", 9: "0", 10: clock(end), 11: "900", 12: "17", 13: "VoIP", 14: "IP-TO-IP"}
        fields |= {17: leg.calling_out, 18: leg.called_out, 26: "RL", 27: "1", 31: leg.trunk_in, 45: data_in}
        fields |= {
            53: leg.called_in,
            58: leg.trunk_out or "ACCESS",
            59: data_out,
            60: leg.calling_in,
            72: f"{leg.serial:X}",
        }
        return [_csv(_placed(fields, 79))]
    ring = round((leg.answer - leg.setup).total_seconds() * 100)
    fields = common | {1: "STOP", 9: "90", 10: str(ring), 11: day(end), 12: clock(end), 13: "1"}
    fields |= {
        14: str(round(leg.seconds * 100)),
        15: "16",
        16: "VoIP",
        17: "IP-TO-IP",
        20: leg.calling_out,
        21: leg.called_out,
    }
    fields |= {24: leg.called_in, 29: "RL", 30: "1", 34: leg.trunk_in, 52: data_in, 60: leg.called_in, 64: "1"}
    fields |= {68: leg.trunk_out or "ACCESS", 69: data_out, 70: leg.calling_in, 82: f"{leg.serial:X}"}
    return [_csv(_placed(fields, 90))]


def _tenths(zone: timezone) -> Callable[[datetime], str]:
    return lambda at: f"{at.astimezone(zone):%H:%M:%S}.{at.microsecond // 100000}"


def _placed(fields: Mapping[int, str], size: int) -> list[object]:
    return [fields.get(number, "") for number in range(1, size + 1)]


def _sansay(switch: Switch, leg: Leg) -> list[str]:
    """59 fields separated by semicolons; the zone as minutes west of Greenwich."""

    def stamp(at: datetime | None) -> str:
        return switch.shown(at).strftime("%a %b %d %H:%M:%S %Y") if at else "NA"

    west = -round((switch.shown(leg.setup).utcoffset() or timedelta()).total_seconds() / 60)
    fields = {1: str(leg.serial), 2: "1.9.1", 3: "R", 4: "0", 5: f"s-{leg.serial}", 6: "01" if leg.answer else "403"}
    fields |= {7: stamp(leg.setup), 8: stamp(leg.answer), 9: stamp(leg.end), 10: str(west)}
    fields |= {11: "Normal" if leg.answer else "Route failed", 12: "16" if leg.answer else "17", 13: "O"}
    fields |= {14: leg.trunk_in, 15: "SIP", 16: leg.calling_in, 17: "192.0.2.1", 18: leg.called_in, 19: "192.0.2.1"}
    fields |= {20: leg.call_id_in, 33: leg.trunk_out or "9001", 34: "SIP", 35: leg.calling_out, 36: "192.0.2.2"}
    fields |= {37: leg.called_out, 38: "192.0.2.2", 39: leg.call_id_out, 52: "F", 53: leg.routing_number}
    fields |= {54: str(round(leg.seconds)), 55: "1200", 56: "4", 57: str(round(leg.seconds * 1000)), 58: "0"}
    return [";".join(str(value) for value in _placed(fields, 59))]


def _broadworks(switch: Switch, leg: Leg) -> list[str]:
    """Thirty columns; times in GMT with milliseconds."""

    def stamp(at: datetime | None) -> str:
        return switch.shown(at).astimezone(UTC).strftime("%Y%m%d%H%M%S.%f")[:18] if at else ""

    fields = {1: f"{leg.serial:010d}", 2: leg.trunk_in, 3: "Normal", 4: leg.calling_in, 5: "group", 6: "Originating"}
    fields |= {7: leg.calling_in, 8: "Public", 9: leg.called_out, 10: stamp(leg.setup), 11: "0-050000"}
    fields |= {12: "Yes" if leg.answer else "No", 13: stamp(leg.answer), 14: stamp(leg.end), 15: "016", 16: "VoIP"}
    fields |= {
        18: leg.called_in,
        21: leg.called_out,
        23: "local",
        24: leg.trunk_out or "",
        25: leg.call_id_out,
        28: leg.call_id_in,
    }
    if leg.forwarded_from:
        fields[29] = leg.forwarded_from
    return [_csv(_placed(fields, 30))]


def _yeti(switch: Switch, leg: Leg) -> list[str]:
    """The class 4 switch's own columns; times with the session zone's offset."""

    def stamp(at: datetime | None) -> str:
        if at is None:
            return ""
        text = switch.shown(at).isoformat(sep=" ", timespec="microseconds")
        return text.removesuffix(":00")

    code, reason = ("200", "OK") if leg.answer else ("480", "Failed")
    row: list[object] = [
        leg.serial, leg.trunk_in, leg.trunk_out or "1", leg.trunk_in, leg.trunk_out or "1", stamp(leg.setup),
        stamp(leg.answer), stamp(leg.end), round(leg.seconds), "t" if leg.answer else "f", leg.calling_in,
        leg.calling_out, leg.called_in, leg.called_out, "192.0.2.1", "192.0.2.1", "192.0.2.2", leg.call_id_in,
        leg.call_id_out, 1, "t", code, reason, code, "", "", leg.calling_in, leg.routing_number, 1.2, f"u-{leg.serial}",
    ]  # fmt: skip
    return [_csv(row)]


def _twilio(switch: Switch, leg: Leg) -> list[str]:
    """The Call resource as CSV; RFC 2822 times in UTC."""

    def stamp(at: datetime) -> str:
        return switch.shown(at).astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")

    status = "completed" if leg.answer else "no-answer"
    account, trunk = ("AC" + leg.trunk_in, "") if switch.by_account else ("ACmaster", leg.trunk_in)
    row: list[object] = [
        f"CA{leg.serial:032x}", "", account, leg.calling_in, leg.called_out, "outbound-dial", status, stamp(leg.setup),
        stamp(leg.setup), stamp(leg.end), round(leg.seconds) if leg.answer else "", "", leg.forwarded_from, "", trunk,
        "-0.0070",
    ]  # fmt: skip
    return [_csv(row, quote=True)]


def _generic(switch: Switch, leg: Leg) -> list[str]:
    """The five columns of the plain export."""
    start = switch.shown(leg.setup).replace(microsecond=0)
    return [_csv([start.isoformat(), leg.calling_in, leg.called_in, leg.trunk_in, round(leg.seconds)])]


FORMATS: Final[Mapping[str, Callable[[Switch, Leg], list[str]]]] = {
    "asterisk-csv": _asterisk,
    "freeswitch-csv": _freeswitch,
    "kamailio-acc-csv": _kamailio,
    "sonus-act": _sonus,
    "sansay-csv": _sansay,
    "broadworks-csv": _broadworks,
    "yeti-csv": _yeti,
    "twilio-csv": _twilio,
    "generic-csv": _generic,
}

HEADERS: Final[Mapping[str, str]] = {
    "kamailio-acc-csv": "id,method,from_tag,to_tag,callid,sip_code,sip_reason,time,src_user,src_domain,src_ip,"
    "dst_ouser,dst_user,dst_domain",
    "sonus-act": "Sonus Networks, Inc.00000000FF6001E000000060CDR400000000000000128V09.02.03R001",
    "broadworks-csv": "recordId,serviceProvider,type,userNumber,groupNumber,direction,callingNumber,"
    "callingPresentationIndicator,calledNumber,startTime,userTimeZone,answerIndicator,answerTime,releaseTime,"
    "terminationCause,networkType,carrierIdentificationCode,dialedDigits,callCategory,networkCallType,"
    "networkTranslatedNumber,networkTranslatedGroup,releasingParty,route,networkCallID,codec,accessDeviceAddress,"
    "accessCallID,originalCalledNumber,redirectingNumber",
    "yeti-csv": "id,customer_id,vendor_id,orig_gw_id,term_gw_id,time_start,time_connect,time_end,duration,success,"
    "src_prefix_in,src_prefix_out,dst_prefix_in,dst_prefix_out,sign_orig_ip,auth_orig_ip,sign_term_ip,orig_call_id,"
    "term_call_id,routing_attempt,is_last_cdr,lega_disconnect_code,lega_disconnect_reason,legb_disconnect_code,"
    "diversion_in,diversion_out,pai_in,lrn,pdd,uuid",
    "twilio-csv": "sid,parent_call_sid,account_sid,from,to,direction,status,date_created,start_time,end_time,duration,"
    "answered_by,forwarded_from,caller_name,trunk_sid,price",
    "generic-csv": "start_time,calling,called,trunk,duration",
}
