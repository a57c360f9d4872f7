"""What a provider fills in: an answer, a question, what may travel, a sheet."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from django import forms

from hopback.kernel.answers import AnswerKind, MitigationKind
from hopback.kernel.clocks import office_zone, to_instant
from hopback.kernel.errors import BadInput
from hopback.kernel.numbers import format_e164, read_e164
from hopback.portal.desk.actions import Filled
from hopback.portal.desk.models import Travels
from hopback.portal.directory.actions import ProviderClaim
from hopback.portal.mitigations.actions import ActionDraft
from hopback.portal.mitigations.models import ActionKind, Target
from hopback.wire.hops import CustomerDetails, HopAnswer, HopDetails, MatchedRecord, NextSearch

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from hopback.portal.desk.reading import Asked

__all__ = [
    "SAID",
    "AnswerForm",
    "DisputeForm",
    "LineForm",
    "SheetForm",
    "TravelsForm",
    "several_files",
]

UPSTREAM, OWN, FOREIGN, NO_RECORD, EXPIRED, NOT_OURS, UNSURE = (
    "upstream",
    "customer",
    "foreign",
    "no_record",
    "expired",
    "not_ours",
    "unsure",
)
SAID: Final = (
    (UPSTREAM, "We received it from another provider"),
    (OWN, "It came from our own customer"),
    (FOREIGN, "We received it from a provider abroad"),
    (NO_RECORD, "We have no record of this call"),
    (EXPIRED, "Our records of that time are gone"),
    (NOT_OURS, "This call was not ours"),
    (UNSURE, "We looked, and cannot tell"),
)

KINDS: Final = {
    UPSTREAM: AnswerKind.UPSTREAM_NAMED,
    FOREIGN: AnswerKind.UPSTREAM_NAMED,
    OWN: AnswerKind.CUSTOMER_NAMED,
    NO_RECORD: AnswerKind.NO_RECORD,
    EXPIRED: AnswerKind.RECORDS_EXPIRED,
    NOT_OURS: AnswerKind.DENIED,
    UNSURE: AnswerKind.NEEDS_REVIEW,
}

POINT_CODE: Final = re.compile(r"\d{1,3}-\d{1,3}-\d{1,3}|\d{1,8}")
COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
FOUND_WITHIN_S: Final = 2.0
"""How exactly a corrected time is known, for whoever searches next."""

RIGHT: Final = (
    ("", "not said"),
    ("owned", "the number is theirs"),
    ("verified", "checked that they may use it"),
    ("not_verified", "not checked"),
)


class _When(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"step": "1"}, format="%Y-%m-%dT%H:%M:%S")


class _Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def several_files(files: Any) -> list[tuple[str, bytes]]:
    """The files of a form, read; no more of each than tells that it is too large."""
    from hopback.portal.desk.files import LARGEST, MOST  # noqa: PLC0415 -- only here

    given = list(files)
    if len(given) > MOST:
        raise BadInput(f"at most {MOST} files for one request", where="files")
    return [(str(one.name or "file"), one.read(LARGEST + 1)) for one in given]


def _text(label: str, *, most: int = 300, hint: str = "") -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=most, help_text=hint)


def _long(label: str, *, most: int = 4000, hint: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=most, help_text=hint, widget=forms.Textarea(attrs={"rows": 3})
    )


def _when(label: str, *, hint: str = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=False,
        help_text=hint,
        widget=_When(),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
    )


def _day(label: str, *, hint: str = "") -> forms.DateField:
    return forms.DateField(label=label, required=False, help_text=hint, widget=_Day())


@dataclass(frozen=True, slots=True)
class Office:
    """The zone that times are typed in."""

    zone: ZoneInfo

    def instant(self, wall: datetime | None) -> datetime | None:
        """A wall time typed at the office, as an instant."""
        return None if wall is None else to_instant(wall.replace(tzinfo=None), zone=self.zone)

    def midnight(self, day: Any) -> datetime | None:
        """The beginning of a day at the office."""
        return None if day is None else to_instant(datetime.combine(day, time()), zone=self.zone)

    def wall(self, instant: datetime) -> datetime:
        """An instant as the office's clock shows it."""
        return instant.astimezone(self.zone).replace(tzinfo=None)


class AnswerForm(forms.Form):
    """One answer. What is said decides which of the fields count; the others are ignored, not refused."""

    said = forms.ChoiceField(label="What do you find?", choices=SAID, widget=forms.RadioSelect)
    upstream = forms.CharField(label="Who handed you the call", required=False, max_length=200)
    find = forms.CharField(label="Find a provider", required=False, max_length=100)
    other_name = _text("Its name", most=200)
    other_mailbox = _text("A mail address of it")
    other_phone = _text("A telephone number of it", most=40)
    other_website = _text("Its website")
    other_frn = _text("Its FRN", most=10)
    other_note = _text("What else you know of it", most=500)
    country = forms.CharField(
        label="Its country", required=False, max_length=2, help_text="Two letters, for example CA, IN or GB."
    )
    trunk = _text("Trunk or route", most=100)
    ip = _text("Address it signals from", most=45, hint="IPv4 or IPv6.")
    point_code = _text("Point code", most=20)
    found_at = _when("When the call was set up by your clock", hint="Corrected, in the time of your office.")
    sip_call_id = _text("SIP Call-ID on the side you received it from", most=200)
    next_calling = _text("Caller's number as you received it", most=20, hint="Only if it was another.")
    next_called = _text("Called number as you received it", most=20, hint="Only if it was another.")
    business = _text("Business name")
    person = _text("Name of the customer")
    account = _text("Account id", most=200)
    email = forms.EmailField(label="Mail address", required=False)
    phone = _text("Telephone", most=40)
    address = _text("Address")
    customer_country = forms.CharField(label="Country", required=False, max_length=2, help_text="Two letters.")
    onboarded = _day("Customer since")
    kyc = _text("How you know who they are", hint="What was checked, when and with what result.")
    expected_use = _text("What they said they would use it for", most=1000)
    right = forms.ChoiceField(label="May they use the calling number?", required=False, choices=RIGHT)
    action = forms.ChoiceField(
        label="What you did about it",
        required=False,
        choices=[("", "nothing yet to report"), *((kind.value, kind.label) for kind in ActionKind)],
    )
    action_at = _day("Since")
    action_why = _text("Why, or why nothing was done", most=500)
    searched_from = _when("Searched from", hint="In the time of your office.")
    searched_until = _when("Searched until")
    retained_since = _day("Records are kept since", hint="The oldest day of which you still have records.")
    statement = _long("In your own words")
    record = _long("The one record that matched", most=8000, hint="One line of your call records, as it stands.")
    send_record = forms.BooleanField(label="Send this record along", required=False)
    certified = forms.BooleanField(
        label="This is true and complete to the best of my knowledge",
        required=True,
        error_messages={"required": "An answer is certified by whoever gives it."},
    )
    certified_by = forms.CharField(label="Your name", max_length=200)
    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    seen = forms.IntegerField(required=False, min_value=0, max_value=1000, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        asked: Asked,
        at: datetime,
        travels: Travels,
        kept: tuple[str, ...] = (),
        typed: dict[str, Any] | None = None,
        repeats: bool = True,
    ) -> None:
        """``typed`` was typed and is not yet to be checked; ``repeats`` begins with what was said before."""
        self.asked, self.at, self.travels, self.kept = asked, at, travels, kept
        self.office = Office(office_zone(asked.zone))
        super().__init__(data, initial=self._begin(repeats=repeats) | (typed or {}))
        if travels is Travels.NEVER:
            del self.fields["record"], self.fields["send_record"]
        elif travels is Travels.ALWAYS:
            del self.fields["send_record"]

    def _begin(self, *, repeats: bool) -> dict[str, Any]:
        sought = self.asked.own.asked
        around = timedelta(hours=1)
        began = {
            "found_at": self.office.wall(sought.started_at),
            "searched_from": self.office.wall(sought.started_at - around),
            "searched_until": self.office.wall(sought.started_at + around),
            "key": secrets.token_hex(16),
            "seen": len(self.asked.own.answers),
        }
        latest = self.asked.latest if repeats else None
        return began if latest is None else began | _again(latest.own.answer, latest.details, self.office)

    @property
    def is_said(self) -> str:
        """What is chosen at the moment, empty if nothing is."""
        return str(self["said"].value() or "")

    def clean(self) -> dict[str, Any]:
        """Ask for what belongs to what was said, and for nothing else."""
        data = super().clean() or {}
        said = data.get("said")
        checks: dict[str, Callable[[dict[str, Any]], None]] = {
            UPSTREAM: self._check_upstream,
            FOREIGN: self._check_foreign,
            OWN: self._check_customer,
            NO_RECORD: self._check_window,
            EXPIRED: self._check_retained,
            NOT_OURS: self._check_statement,
            UNSURE: self._check_statement,
        }
        if said in checks:
            checks[said](data)
        if data.get("send_record") and not data.get("record", "").strip():
            self.add_error("record", "There is no record here to send.")
        return data

    def _check_upstream(self, data: dict[str, Any]) -> None:
        if not data.get("upstream"):
            self.add_error("upstream", "Choose whom you received the call from, or give its name below.")
        elif data["upstream"] == "other" and not data.get("other_name", "").strip():
            self.add_error("other_name", "Give its name, as far as you know it.")
        self._check_country(data, "country")
        self._check_doors(data)
        for name in ("next_calling", "next_called"):
            if data.get(name, "").strip():
                try:
                    read_e164(data[name].strip(), where=name)
                except BadInput:
                    self.add_error(name, "Write the number with its country code: +1 202 555 0143 as +12025550143.")
        found = self.office.instant(data.get("found_at"))
        if found is not None and found > self.at:
            self.add_error("found_at", "This has not been yet.")

    def _check_doors(self, data: dict[str, Any]) -> None:
        """By which of its doors the call came in."""
        if not any(data.get(name, "").strip() for name in ("trunk", "ip", "point_code")):
            self.add_error("trunk", "Say by which trunk, address or point code it came in: one of them is enough.")
        if data.get("ip"):
            try:
                data["ip"] = str(ipaddress.ip_address(data["ip"].strip()))
            except ValueError:
                self.add_error("ip", "This is no IP address.")
        if data.get("point_code") and not POINT_CODE.fullmatch(data["point_code"].strip()):
            self.add_error("point_code", "Write a point code as 5-12-33 or as a number.")

    def _check_foreign(self, data: dict[str, Any]) -> None:
        self._check_upstream(data)
        if not data.get("country") and "country" not in self.errors:
            self.add_error("country", "Say which country that provider is in.")

    def _check_customer(self, data: dict[str, Any]) -> None:
        if not (data.get("business", "").strip() or data.get("person", "").strip()):
            self.add_error("business", "Name the customer: the business, or the person.")
        if not any(data.get(name) for name in ("email", "phone", "address")) and "email" not in self.errors:
            self.add_error("email", "Give one way to reach them: mail, telephone or address.")
        self._check_country(data, "customer_country")
        if data.get("onboarded") and data["onboarded"] > self.at.date() + timedelta(days=1):
            self.add_error("onboarded", "This day has not been yet.")
        if data.get("action") and not data.get("action_why", "").strip():
            self.add_error("action_why", "Say why, in a few words.")
        if data.get("action") and data.get("action_at") is None:
            data["action_at"] = self.at.astimezone(self.office.zone).date()

    def _check_window(self, data: dict[str, Any]) -> None:
        start, end = data.get("searched_from"), data.get("searched_until")
        for name in ("searched_from", "searched_until"):
            if data.get(name) is None and name not in self.errors:
                self.add_error(name, "Say which span you searched.")
        if start and end and start >= end:
            self.add_error("searched_until", "The span ends before it begins.")
        begins, ends = self.office.instant(start), self.office.instant(end)
        if begins and ends and not begins <= self.asked.own.asked.started_at <= ends:
            self.add_error("searched_from", "The span you searched does not hold the time of the call.")
        self._check_retained(data)

    def _check_retained(self, data: dict[str, Any]) -> None:
        if data.get("retained_since") is None and "retained_since" not in self.errors:
            self.add_error("retained_since", "Say since when you have records.")

    def _check_statement(self, data: dict[str, Any]) -> None:
        if not data.get("statement", "").strip():
            self.add_error("statement", "Say in a sentence or two what you found.")

    def _check_country(self, data: dict[str, Any], name: str) -> None:
        if data.get(name):
            if COUNTRY.fullmatch(data[name].strip()):
                data[name] = data[name].strip().upper()
            else:
                self.add_error(name, "Two letters, for example CA.")

    # What it comes to

    def claim(self) -> ProviderClaim:
        """What is known of a provider that nobody knows."""
        data = self.cleaned_data
        return ProviderClaim(
            name=data["other_name"],
            frn=data["other_frn"],
            country=data["country"],
            phone=data["other_phone"],
            mailbox=data["other_mailbox"],
            website=data["other_website"],
            ip=data["ip"],
            note=data["other_note"],
            about=self.asked.request_id,
        )

    def record_sent(self) -> MatchedRecord | None:
        """The one record that travels with this answer, by the provider's own setting; None if none does."""
        line = str(self.cleaned_data.get("record") or "").strip()
        if not line or self.travels is Travels.NEVER:
            return None
        if self.travels is Travels.ASK and not self.cleaned_data.get("send_record"):
            return None
        return MatchedRecord(line=line, sha256=hashlib.sha256(line.encode()).hexdigest())

    def filled(self, provider: str, *, upstream: str | None, name: str, key: str = "") -> Filled:
        """The answer as it is sent. ``upstream`` is the id of whoever was chosen, ``name`` the name as claimed."""
        data = self.cleaned_data
        kind = KINDS[data["said"]]
        is_found = kind in (AnswerKind.UPSTREAM_NAMED, AnswerKind.CUSTOMER_NAMED)
        found_at = self.office.instant(data.get("found_at")) if is_found else None
        record = self.record_sent() if is_found else None
        is_window, is_gone = kind is AnswerKind.NO_RECORD, kind is AnswerKind.RECORDS_EXPIRED
        done = self._done() if data["said"] == OWN else None
        message = HopAnswer(
            request_id=self.asked.request_id,
            provider=provider,
            answer=kind,
            upstream=upstream if kind is AnswerKind.UPSTREAM_NAMED else None,
            customer=self._customer_id() if data["said"] == OWN else None,
            found_at=found_at,
            time_offset_s=None,
            confidence=1.0 if is_found else 0.0,
            why=("looked up and entered by a person",),
            record_key=record.sha256[:32] if record is not None and record.sha256 else None,
            next=self._next(found_at) if kind is AnswerKind.UPSTREAM_NAMED else None,
            searched_from=self.office.instant(data.get("searched_from")) if is_window else None,
            searched_until=self.office.instant(data.get("searched_until")) if is_window else None,
            records_retained_since=self.office.midnight(data.get("retained_since")) if is_window or is_gone else None,
            details=HopDetails(
                upstream_name=name or None if kind is AnswerKind.UPSTREAM_NAMED else None,
                trunk=_some(data, "trunk", kind is AnswerKind.UPSTREAM_NAMED),
                ip=_some(data, "ip", kind is AnswerKind.UPSTREAM_NAMED),
                point_code=_some(data, "point_code", kind is AnswerKind.UPSTREAM_NAMED),
                country=_some(data, "country", kind is AnswerKind.UPSTREAM_NAMED),
                customer=self._customer() if data["said"] == OWN else None,
                action=MitigationKind(done.kind.value) if done is not None else None,
                action_at=done.effective_at if done is not None else None,
                statement=_some(data, "statement"),
                record=record,
                attachments=self.kept,
                certified_by=data["certified_by"].strip(),
                is_certified=True,
            ),
        )
        return Filled(message, key=key or data.get("key") or None, seen=data.get("seen"), done=done)

    def _next(self, found_at: datetime | None) -> NextSearch:
        data, sought = self.cleaned_data, self.asked.own.asked
        calling = data.get("next_calling", "").strip() or (
            None if sought.calling is None else format_e164(sought.calling)
        )
        return NextSearch(
            called=data.get("next_called", "").strip() or format_e164(sought.called),
            calling=calling,
            started_at=found_at or sought.started_at.astimezone(UTC),
            accuracy_s=FOUND_WITHIN_S if found_at not in (None, sought.started_at) else sought.accuracy_s,
            sip_call_id=_some(data, "sip_call_id"),
            duration_s=sought.duration_s,
            answered=sought.answered,
        )

    def _customer_id(self) -> str:
        data = self.cleaned_data
        return str(data["account"].strip() or data["business"].strip() or data["person"].strip())

    def _customer(self) -> CustomerDetails:
        data = self.cleaned_data
        return CustomerDetails(
            name=_some(data, "person"),
            business=_some(data, "business"),
            address=_some(data, "address"),
            country=_some(data, "customer_country"),
            email=_some(data, "email"),
            phone=_some(data, "phone"),
            account=_some(data, "account"),
            onboarded=data.get("onboarded"),
            kyc=_some(data, "kyc"),
            expected_use=_some(data, "expected_use"),
            number_right_to_use=cast("Any", data.get("right") or None),
        )

    def _done(self) -> ActionDraft | None:
        data = self.cleaned_data
        if not data.get("action"):
            return None
        since = self.office.midnight(data.get("action_at")) or self.at
        return ActionDraft(
            kind=ActionKind(data["action"]),
            target=Target.CUSTOMER,
            what=self._customer_id(),
            effective_at=since,
            reason=data["action_why"],
        )


def _some(data: dict[str, Any], name: str, counts: bool = True) -> str | None:
    text = str(data.get(name) or "").strip()
    return text if counts and text else None


def _again(answer: Any, details: HopDetails, office: Office) -> dict[str, Any]:
    """What was said before, to be mended."""
    said = (
        {kind: name for name, kind in KINDS.items() if name != FOREIGN}[answer.kind]
        if answer.kind in KINDS.values()
        else ""
    )
    if answer.kind is AnswerKind.UPSTREAM_NAMED and details.country not in (None, "US"):
        said = FOREIGN
    customer = details.customer or CustomerDetails()
    before: dict[str, Any] = {
        "said": said,
        "upstream": f"own:{answer.upstream}" if answer.upstream and not answer.upstream.startswith("new:") else "",
        "country": details.country,
        "trunk": details.trunk,
        "ip": details.ip,
        "point_code": details.point_code,
        "statement": details.statement,
        "business": customer.business or (answer.customer if details.customer is None else None),
        "person": customer.name,
        "account": customer.account,
        "email": customer.email,
        "phone": customer.phone,
        "address": customer.address,
        "customer_country": customer.country,
        "onboarded": customer.onboarded,
        "kyc": customer.kyc,
        "expected_use": customer.expected_use,
        "right": customer.number_right_to_use,
    }
    if answer.upstream and answer.upstream.startswith("new:"):
        before |= {"upstream": "other", "other_name": details.upstream_name}
    if answer.found_at is not None:
        before["found_at"] = office.wall(answer.found_at)
    if answer.records_retained_since is not None:
        before["retained_since"] = office.wall(answer.records_retained_since).date()
    return {name: value for name, value in before.items() if value}


class LineForm(forms.Form):
    """Something said about a request."""

    text = forms.CharField(label="Your message", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class TravelsForm(forms.Form):
    """What may travel."""

    travels = forms.ChoiceField(
        label="Does the one record that an answer rests on go along with it?",
        choices=Travels.choices,
        widget=forms.RadioSelect,
    )


class SheetForm(forms.Form):
    """A sheet of answers."""

    sheet = forms.FileField(label="The sheet", help_text="CSV in UTF-8, at most 2 MB and 500 lines.")


class DisputeForm(forms.Form):
    """What is contested."""

    statement = forms.CharField(
        label="What is wrong, and how you know", max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
    )
