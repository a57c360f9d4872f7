"""A run as a reader is told it: names, parts and reasons in words, taken from ``results.json`` and the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from hopback.kernel.outcomes import HopRole
from hopback.kernel.paths import roles
from hopback.render.endings import ENDINGS
from hopback.render.markup import told_span, utc
from hopback.render.paths import PathPicture, Stop

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["ANSWERS", "PARTS", "CallFacts", "ToldRun"]

ANSWERS: Final = {
    "upstream_named": "named the provider it received the call from",
    "customer_named": "named its own customer",
    "no_record": "has no record of the call",
    "records_expired": "no longer keeps records that old",
    "ambiguous": "found several records that fit equally well",
    "needs_review": "could not decide: a person must look",
    "denied": "denies having carried it",
    "no_answer": "did not answer",
}
"""What a provider said, completing "It …"."""

_STOPPED: Final = {
    "no_record": "has no record",
    "records_expired": "records purged",
    "ambiguous": "several records fit",
    "needs_review": "could not decide",
    "denied": "denies the call",
    "no_answer": "did not answer",
}
PARTS: Final = {
    HopRole.TERMINATING: "terminating provider",
    HopRole.TRANSIT: "transit provider",
    HopRole.ORIGINATING: "originating provider",
    HopRole.GATEWAY: "gateway provider",
    HopRole.FOREIGN_TRANSIT: "foreign provider",
    HopRole.FOREIGN_ORIGINATING: "foreign originating provider",
}
"""A provider's part on one call's way, in words."""


class CallFacts(Protocol):
    """What a page tells of a reported call. Numbers are E.164 digits."""

    @property
    def id(self) -> str:
        """The id the reporter gave it."""

    @property
    def campaign(self) -> str:
        """The campaign it is counted to, or nothing."""

    @property
    def called(self) -> int:
        """The called number."""

    @property
    def calling(self) -> int | None:
        """The calling number, None where withheld."""

    @property
    def started_at(self) -> datetime:
        """When it began, as reported."""

    @property
    def accuracy_s(self) -> float:
        """Half-width of that time in seconds."""

    @property
    def terminating_provider(self) -> str:
        """The provider that delivered it."""

    @property
    def transcript(self) -> str:
        """What was heard."""


class ToldRun:
    """The calls of a run with what a reader has to know of each.

    ``results`` is what ``results.json`` holds, ``providers`` gives the legal name and country of each
    provider and ``facts`` the reported calls, both by id; ``home`` is the country the traces belong to.
    """

    def __init__(
        self,
        results: Mapping[str, Any],
        *,
        providers: Mapping[str, tuple[str, str]],
        facts: Mapping[str, CallFacts],
        home: str,
    ) -> None:
        self.calls: list[dict[str, Any]] = results["calls"]
        self.summary: dict[str, Any] = results["summary"]
        self.facts = facts
        self._providers = providers
        self._countries = {one: country for one, (_, country) in providers.items() if country}
        self._home = home

    def name(self, provider: str) -> str:
        """The legal name, or the id where there is none."""
        return self._providers.get(provider, ("", ""))[0] or provider

    def country(self, provider: str) -> str:
        """The ISO 3166-1 code, or nothing."""
        return self._countries.get(provider, "")

    def by_outcome(self) -> dict[str, list[dict[str, Any]]]:
        """The calls by how they ended, in the order in which a run is told; what is not known comes last."""
        found = {call["outcome"] for call in self.calls}
        order = [*(one for one in ENDINGS if one in found), *sorted(found - set(ENDINGS))]
        return {one: [call for call in self.calls if call["outcome"] == one] for one in order}

    def parts(self, call: Mapping[str, Any]) -> list[str]:
        """The part of each provider on the path in words; one met before is marked as such."""
        path = tuple(call["path"])
        is_origin = call["outcome"] in ("origin_identified", "origin_provider_only")
        entry = _entry_at(call)
        told = []
        for index, role in enumerate(roles(path, countries=self._countries, home=self._home, is_origin=is_origin)):
            part = PARTS[role]
            if index == entry:
                part = "point of entry"
            elif index == 0 and role is HopRole.ORIGINATING:
                part = "terminating and originating"
            elif index == len(path) - 1 and role is HopRole.TRANSIT and path[index] not in path[:index]:
                part = "asked last"  # that it carried the call is only what its neighbour said
            told.append(f"{part}, again" if path[index] in path[:index] else part)
        return told

    def picture(self, call: Mapping[str, Any]) -> PathPicture:
        """What the drawing of a call shows."""
        path, hops, parts, entry = call["path"], call["hops"], self.parts(call), _entry_at(call)
        stops = tuple(
            Stop(
                provider,
                self.name(provider),
                parts[index],
                _lines(hops[index]) if index < len(hops) else (),
                is_marked=index in (len(path) - 1, entry),
                country=self.country(provider),
            )
            for index, provider in enumerate(path)
        )
        facts = self.facts.get(call["call_id"])
        campaign = f" · {facts.campaign}" if facts is not None and facts.campaign else ""
        return PathPicture(f"{call['call_id']}{campaign}", stops, call["outcome"], _end(call))

    def reason(self, call: Mapping[str, Any]) -> str:
        """Why the trace went no further: what a person is asked to judge, else what the last answer said first."""
        last = call["hops"][-1]["why"] if call["hops"] else []
        return str(call.get("review") or next(iter(last), ""))


def _entry_at(call: Mapping[str, Any]) -> int | None:
    """Where on the path the point of entry took the call in for the last time."""
    places = [index for index, provider in enumerate(call["path"]) if provider == call["point_of_entry"]]
    return places[-1] if places else None


def _lines(hop: Mapping[str, Any]) -> tuple[str, ...]:
    if not hop["found_at"]:
        said = _STOPPED.get(hop["answer"], "")
        return (said,) if said else ()
    lines = [utc(hop["found_at"]), f"confidence {hop['confidence']:.2f} · {hop['source']}"]
    if hop["time_offset_s"]:
        lines.append(f"clock {told_span(hop['time_offset_s'])}")
    return tuple(lines)


def _end(call: Mapping[str, Any]) -> str:
    if call["customer"]:
        return f"customer {call['customer']}"
    if call["point_of_entry"]:
        return f"entered at {call['point_of_entry']}"
    return f"at {call['path'][-1]}" if call["path"] else ""
