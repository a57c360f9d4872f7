"""Lines of every format, written field by field in the order of the columns the formats name.

Numbers are of the kind set aside for fiction (555-01xx); companies and addresses are invented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLED = 12025550143
CALLING = 13125550101
FORWARDED = 14155550177


def _joined(values: Mapping[int, str], count: int, delimiter: str = ",") -> str:
    return delimiter.join(values.get(number, "") for number in range(1, count + 1))


def asterisk(
    *, start: str = "2026-10-29 14:22:57", account: str = "acme-in", channel: str = "PJSIP/acme-sbc-0000002a", dst: str = "+12025550143",
    disposition: str = "ANSWERED", tail: tuple[str, ...] = (),
) -> str:  # fmt: skip
    answer = f'"{start[:-2]}59"' if disposition == "ANSWERED" else ""
    head = f'"{account}","13125550101","{dst}","from-trunk","""Ada\'s Flowers"" <13125550101>","{channel}","PJSIP/bell-out-0000002b","Dial","PJSIP/x@bell-out,60"'
    return (
        f'{head},"{start}",{answer},"2026-10-29 14:23:29",32,{30 if answer else 0},"{disposition}","DOCUMENTATION"'
        + "".join(f",{value}" for value in tail)
    )


def asterisk_custom() -> str:
    return (
        '"""Cole"" <3125550101>","3125550101","2025550143","from-trunk","SIP/cole-0000000c","SIP/bell-0000000d","Dial","SIP/x","2026-10-29 14:22:57",'
        '"2026-10-29 14:22:59","2026-10-29 14:23:29","32","30","ANSWERED","3","cole-acct","1793298177.12","","7"'
    )


def freeswitch(*, answered: bool = True, called: str = "4321#12025550143", more: str = "") -> str:
    answer = "2026-10-29 14:23:00" if answered else ""
    return (
        f'"Bell, Ring & Co","13125550101","{called}","public","2026-10-29 14:22:57","{answer}","2026-10-29 14:23:30","33",'
        f'"{30 if answered else 0}","NORMAL_CLEARING","0000aaaa-1111","0000bbbb-2222","acct-77","PCMU","PCMU"{more}'
    )


KAMAILIO_HEADER = (
    "id,method,from_tag,to_tag,callid,sip_code,sip_reason,time,src_user,src_domain,src_ip,dst_ouser,dst_user,dst_domain"
)


def kamailio(
    method: str = "INVITE",
    code: str = "200",
    *,
    time: str = "2026-10-29 14:23:00",
    swapped: bool = False,
    call: str = "c1@switch.example",
) -> str:
    tags, ends = ("as1", "gk2"), (("3125550101", "192.0.2.1"), ("+12025550143", "198.51.100.2"))
    if swapped:
        tags, ends = tags[::-1], ends[::-1]
    (source, source_ip), (target, target_ip) = ends
    return f"7,{method},{tags[0]},{tags[1]},{call},{code},OK,{time},{source},{source_ip},{source_ip},{target},{target.removeprefix('+1')},{target_ip}"


SONUS_HEADER = "Sonus Networks, Inc.00000000FF600000000000000060CDR4V09ACT20261029000000"


def sonus_stop(*, zone: str = "GMT-05:00-Chicago", count: int = 90) -> str:
    return _joined(
        {
            1: "STOP", 2: "NODE1", 3: "0x0001", 4: "100", 5: zone, 6: "10/29/2026", 7: "14:22:57.5", 8: "2", 9: "90", 10: "250",
            11: "10/29/2026", 12: "14:23:30.0", 13: "1", 14: "3000", 15: "16", 17: "IP-TO-IP", 20: "3125550101", 21: "4155550177",
            24: "2025550143", 30: "1", 33: "198.51.100.9", 34: "TG_ACME", 52: '"SIP,in-1@acme.example,<sip:1@x>;tag=1,,1"', 60: "12025550143",
            64: "2", 68: "TG_BELL", 69: '"SIP,out-1@acme.example,x"', 70: "13125550101", 82: "GCID1",
        },
        count,
    )  # fmt: skip


def sonus_attempt(*, start: str = "23:59:50.0", end: str = "00:00:10.0") -> str:
    return _joined(
        {
            1: "ATTEMPT", 2: "NODE1", 3: "0x0002", 5: "GMT+05:30-Kolkata", 6: "10/29/2026", 7: start, 10: end, 12: "17", 14: "IP-TO-IP",
            17: "3125550101", 18: "2025550143", 27: "2", 30: "198.51.100.9", 31: "TG_ACME", 45: '"SIP,in-2@acme.example,x"', 53: "12025550143",
            58: "TG_COLE", 59: '"SIP,"', 60: "13125550101", 72: "GCID2",
        },
        80,
    )  # fmt: skip


def sonus_start() -> str:
    return _joined({1: "START", 3: "0x0001", 5: "GMT-05:00-Chicago", 6: "10/29/2026", 7: "14:22:57.5", 15: "3125550101", 16: "12025550143", 25: "1", 29: "TG_ACME"}, 40)  # fmt: skip


def sansay(*, answered: bool = True, west: str = "300") -> str:
    return _joined(
        {
            1: "9", 2: "1.9.1", 3: "R", 5: "55-66", 6: "01" if answered else "403", 7: "Thu Oct 29 14:22:57 2026",
            8: "Thu Oct 29 14:23:00 2026" if answered else "NA", 9: "Thu Oct 29 14:23:30 2026", 10: west, 11: "Normal", 12: "16" if answered else "503",
            13: "O", 14: "734", 16: "3125550101", 17: "192.0.2.7", 18: "8899#12025550143", 20: "o@x", 33: "9001", 35: "3125550101",
            36: "198.51.100.1", 37: "2025550143", 38: "198.51.100.2", 39: "t@x", 52: "F" if answered else "I", 53: "7025550199",
            54: "30" if answered else "0", 57: "30250" if answered else "0", 59: "+13125550188",
        },
        59, ";",
    )  # fmt: skip


BROADWORKS_HEADER = (
    "recordId,serviceProvider,type,userNumber,groupNumber,direction,callingNumber,callingPresentationIndicator,calledNumber,startTime,"
    "userTimeZone,answerIndicator,answerTime,releaseTime,terminationCause,networkType,carrierIdentificationCode,dialedDigits,"
    "networkTranslatedNumber,releasingParty,route,networkCallID,accessDeviceAddress,accessCallID,originalCalledNumber,redirectingNumber,"
    "redirectingReason,chargeIndicator,localCallId,remoteCallId"
)


def broadworks(*, kind: str = "Normal", answered: str = "Yes") -> str:
    return _joined(
        {
            1: "001x", 2: "SP-Acme\\, Inc", 3: kind, 6: "Originating", 7: "+13125550101", 8: "Public", 9: "2025550143", 10: "20261029192257.125",
            11: "1-050000", 12: answered, 13: "20261029192300.000" if answered == "Yes" else "", 14: "20261029192330.500", 15: "016", 18: "2025550143",
            19: "+12025550143", 21: "SP-bell", 22: "net@x", 23: "192.0.2.9", 24: "acc@x", 25: "4155550177", 28: "n", 29: "1:0", 30: "1:1",
        },
        30,
    )  # fmt: skip


YETI_HEADER = (
    "id,customer_id,vendor_id,orig_gw_id,term_gw_id,time_start,time_connect,time_end,duration,success,src_prefix_in,src_prefix_out,"
    "dst_prefix_in,dst_prefix_out,sign_orig_ip,auth_orig_ip,sign_term_ip,orig_call_id,term_call_id,routing_attempt,is_last_cdr,"
    "lega_disconnect_code,lega_disconnect_reason,legb_disconnect_code,diversion_in,diversion_out,pai_in,lrn,pdd,uuid"
)


def yeti(*, attempt: str = "1", is_last: str = "t", success: str = "t") -> str:
    connect = "2026-10-29 14:23:00.000000-05" if success == "t" else ""
    return (
        f"5,2013,1410,2013,1410,2026-10-29 14:22:57.250000-05,{connect},2026-10-29 14:23:30.000000-05,{30 if connect else 0},{success},"
        f"13125550101,13125550199,1320#12025550143,12025550143,192.0.2.3,192.0.2.3,198.51.100.3,in@y,out@y,{attempt},{is_last},200,OK,200,"
        "14155550177,,13125550188,17025550199,1.2,u-1"
    )


TWILIO_HEADER = "sid,parent_call_sid,account_sid,from,to,direction,status,date_created,start_time,end_time,duration,answered_by,forwarded_from,caller_name,trunk_sid,price"


def twilio(*, trunk: str = "", status: str = "completed", to: str = "sip:+12025550143@198.51.100.4:5060") -> str:
    duration = "30" if status == "completed" else ""
    time = "Thu, 29 Oct 2026 19:22:57 +0000"
    return (
        f'"CA01","","AC77","+13125550101","{to}","outbound-dial","{status}","{time}","{time}","Thu, 29 Oct 2026 19:23:30 +0000","{duration}","",'
        f'"+14155550177","","{trunk}","-0.0070"'
    )


GENERIC_HEADER = "start_time,calling,called,trunk,duration"


def generic(
    *,
    at: str = "2026-10-29T14:22:57-05:00",
    called: str = "+12025550143",
    calling: str = "3125550101",
    trunk: str = "acme-1",
    duration: str = "30",
) -> str:
    return f"{at},{calling},{called},{trunk},{duration}"
