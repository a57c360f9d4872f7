"""The sentences that stand for the codes a search gives as its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hopback.kernel.calls import Reason

__all__ = ["SENTENCES", "say", "say_all"]

COLUMNS: Final = {
    "called_ruri": "called",
    "called_to": "To",
    "called_dialed": "dialled",
    "called_pretranslation": "pre-translation",
    "called_sent": "outgoing called",
    "original_called": "original called",
    "diverting": "diverting",
    "redirecting": "redirecting",
    "calling_from": "calling",
    "calling_pai": "asserted identity",
    "calling_rpid": "remote party",
    "calling_charge": "charge number",
    "calling_sent": "outgoing calling",
}

SENTENCES: Final = {
    "called_same": "The called number stands in the {column} column.",
    "called_like": "The called number agrees in its last ten digits in the {column} column.",
    "called_differs": "The called number is another one.",
    "calling_same": "The calling number stands in the {column} column.",
    "calling_like": "The calling number agrees in its last ten digits in the {column} column.",
    "calling_differs": "The calling number is another one.",
    "calling_withheld": "No calling number can be compared: it was withheld or not recorded.",
    "answered_as_sought": "The call was answered, as the one asked about.",
    "not_answered": "This attempt was not answered; the call asked about was.",
    "answered": "This call was answered; the one asked about was not.",
    "duration_same": "It lasted {recorded:g} s here and {sought:g} s at the asker.",
    "duration_like": "It lasted {recorded:g} s here and {sought:g} s at the asker, which is close but not the same.",
    "duration_differs": "It lasted {recorded:g} s here and {sought:g} s at the asker: another call.",
    "call_id_same": "The SIP Call-ID is the one asked about.",
    "call_id_outweighs_time": "Its stamp is {distance:.0f} s off, but a SIP Call-ID belongs to one call only.",
    "time_exact": "Its time is {distance:.0f} s from what was asked, within the {accuracy:g} s given.",
    "time_clock_error": "Its time is {distance:.0f} s from what was asked, within what switch clocks may be off.",
    "time_inside_the_call": "The time asked about lies between the answer and the end of this call.",
    "time_under_a_shift": "Its time is {distance:.0f} s from what was asked.",
    "time_elsewhere": "Its time is {distance:.0f} s from what was asked: too far.",
    "only_under_a_shift": "It would fit if this source wrote its stamps {shift} off the declared zone.",
    "clock_by_own_records": (
        "This source's stamps are {offset} off: {rows} of its records that day carry a second clock that shows it."
    ),
    "clock_by_requests": (
        "This source's stamps are {offset} off: the calls of {voters} different neighbours were found that way."
    ),
    "repeated_hour": "Its local time occurred twice when clocks went back; the other reading fits.",
    "left_to_asker": "It left by a trunk towards the asker.",
    "left_elsewhere": "It left by a trunk towards somebody other than the asker.",
    "several_fit": "Calls from {senders} different senders fit equally well; nobody is named.",
    "sender_no_owner": "The book names no owner for trunk {trunk!r} at the time of the call.",
    "sender_two_owners": "The book names two owners for trunk {trunk!r} at the time of the call.",
    "sender_carrier_unknown": "Trunk {trunk!r} belongs to a carrier customer whose provider id the book does not give.",
    "sender_itself": "Trunk {trunk!r} leads to another switch of ours; the record of the outer trunk was not found.",
    "time_inside_only": "Nothing but the numbers says that this longer call is the one asked about.",
    "only_unanswered": "Only an unanswered attempt was found, and it is not known whether the call was answered.",
    "caller_unknown": "No calling number shows that this is the call asked about.",
    "duration_unsure": "The duration is close to the asker's but not the same.",
    "duration_unknown": "Its time is near, but no duration shows that it is the call and not another of the pair.",
    "call_id_contradicted": "A record bears the SIP Call-ID asked about and contradicts the rest of what was asked.",
    "record_shared": "The record that fits also fits a request about another time; one of the two calls is missing.",
    "shift_unsupported": "The only fit needs a clock shift on source {source!r} that nothing else supports yet.",
    "called_rewritten": "Caller, time and duration agree but the called number does not: it may have been rewritten.",
    "calling_rewritten": "Called number, time and duration agree but the caller does not: it may have been rewritten.",
    "absent": "No record fits (near ones looked at: {looked_at}).",
    "expired": "Source {source!r} keeps {days} days and its records now begin at {begins}; the call is older.",
    "no_coverage": "The records at hand hold nothing within a day of the call.",
    "unanswered_unlogged": "Source {source!r} shows no unanswered calls at all: it may not write them down.",
    "source_silent": "Source {source!r} has records from before and after but none within a day: is a file missing?",
    "source_purged": "Source {source!r} no longer keeps that day, where a record that fits better may have been.",
    "source_unread": "Source {source!r} could not be read, so absence cannot be shown.",
    "rejected_mention": "{lines} lines that could not be read mention the called number: look at the reject files.",
    "searched": "Searched {sources} from {begins} to {ends}.",
    "unsettled": "Answers kept changing as evidence came in; a person should look.",
}


def say(reason: Reason) -> str:
    """The sentence for one reason."""
    values = dict(reason.values)
    for key in ("offset", "shift"):
        if key in values:
            values[key] = span(float(values[key]))
    values["column"] = COLUMNS.get(str(values.get("by", "")), str(values.get("by", "")))
    return SENTENCES[reason.code].format(**values)


def say_all(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """The sentences for several reasons, each once, in order."""
    return tuple(dict.fromkeys(say(reason) for reason in reasons))


def span(seconds: float) -> str:
    """A signed span as a person says it: ``+5 h 30 min``, ``-45 s``."""
    sign = "-" if seconds < 0 else "+"
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h" * bool(hours), f"{minutes} min" * bool(minutes), f"{rest} s" * bool(rest)]
    return sign + (" ".join(part for part in parts if part) or "0 s")
