"""A run of tracebacks as pages a newcomer understands in a minute.

Plain HTML that needs no script and asks for nothing from elsewhere. Everything that came from
outside, names and transcripts above all, is escaped.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from hopback.render.endings import ENDINGS, ending_of
from hopback.render.paths import PathPicture, Stop, draw_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

__all__ = ["CallFacts", "safe_name", "write_run"]

HOME = "US"
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'"

ANSWERS = {
    "upstream_named": "named the provider it received the call from",
    "customer_named": "named its own customer",
    "no_record": "has no record of it",
    "records_expired": "no longer keeps records that old",
    "ambiguous": "found several that fit equally well",
    "needs_review": "could not decide: a person must look",
    "denied": "denies having carried it",
    "no_answer": "did not answer",
}


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
    def transcript(self) -> str:
        """What was heard."""


def write_run(
    out: Path,
    results: dict[str, Any],
    *,
    providers: Mapping[str, tuple[str, str]],
    calls: Mapping[str, CallFacts],
) -> None:
    """Write ``index.html``, ``run.css``, ``paths/<call>.svg`` and ``calls/<call>.html`` into ``out``.

    ``results`` is what ``results.json`` holds; ``providers`` gives the legal name and country of each
    provider and ``calls`` the reported calls, both by id.
    """
    run = _Run(results, providers, calls)
    for folder in ("paths", "calls"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    (out / "run.css").write_text(resources.files(__package__).joinpath("run.css").read_text("utf-8"), encoding="utf-8")
    (out / "index.html").write_text(run.index(), encoding="utf-8")
    for call in results["calls"]:
        name = safe_name(call["call_id"])
        drawing = draw_path(run.picture(call))
        (out / "paths" / f"{name}.svg").write_text(drawing, encoding="utf-8")
        (out / "calls" / f"{name}.html").write_text(run.call_page(call, drawing), encoding="utf-8")


def safe_name(call_id: str) -> str:
    """A file name for a call id that came from outside: itself where it is harmless, else marked by a digest."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", call_id):
        return call_id
    harmless = re.sub(r"[^A-Za-z0-9_-]+", "-", call_id).strip("-")[:40]
    return f"{harmless or 'call'}-{hashlib.sha256(call_id.encode()).hexdigest()[:8]}"


class _Run:
    def __init__(
        self, results: dict[str, Any], providers: Mapping[str, tuple[str, str]], calls: Mapping[str, CallFacts]
    ) -> None:
        self.calls: list[dict[str, Any]] = results["calls"]
        self.summary: dict[str, Any] = results["summary"]
        self.providers = providers
        self.facts = calls

    def name(self, provider: str) -> str:
        return self.providers.get(provider, ("", ""))[0] or provider

    def country(self, provider: str) -> str:
        return self.providers.get(provider, ("", ""))[1]

    # -- drawings -------------------------------------------------------------------------------------------

    def picture(self, call: dict[str, Any]) -> PathPicture:
        path, hops = call["path"], call["hops"]
        stops = []
        for index, provider in enumerate(path):
            hop = hops[index] if index < len(hops) else {}
            lines = []
            if hop.get("found_at"):
                lines.append(f"{hop['found_at'][5:10]} {hop['found_at'][11:19]} UTC, {hop['source']}")
            if hop.get("time_offset_s"):
                lines.append(f"stamps {_span(hop['time_offset_s'])} off")
            elif hop.get("found_at"):
                lines.append(f"confidence {hop['confidence']:.2f}")
            stops.append(
                Stop(provider, self.name(provider), self.role(call, index), tuple(lines), index == len(path) - 1)
            )
        facts = self.facts.get(call["call_id"])
        title = f"{call['call_id']}{f', {facts.campaign}' if facts and facts.campaign else ''}"
        return PathPicture(title, tuple(stops), call["outcome"], self.end(call))

    def end(self, call: dict[str, Any]) -> str:
        if call["customer"]:
            return f"customer {call['customer']}"
        if call["point_of_entry"]:
            return f"entered at {call['point_of_entry']}"
        return ""

    def role(self, call: dict[str, Any], index: int) -> str:
        path, provider = call["path"], call["path"][index]
        is_last = index == len(path) - 1
        if self.country(provider) not in ("", HOME):
            return f"foreign provider ({self.country(provider)})"
        if provider == call["point_of_entry"]:
            return "point of entry"
        if is_last and call["outcome"] == "origin_identified":
            return "originating provider" if index else "originating and terminating"
        if index == 0:
            return "terminating provider"
        return "asked last" if is_last else "transit provider"

    # -- pages ----------------------------------------------------------------------------------------------

    def index(self) -> str:
        total = len(self.calls)
        groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for call in self.calls:
            groups[call["outcome"]].append(call)
        known = [*(outcome for outcome in ENDINGS if groups.get(outcome)), *sorted(set(groups) - set(ENDINGS))]
        traced = len(groups["origin_identified"]) + len(groups["origin_provider_only"])
        abroad = len(groups["foreign_entry_only"])
        rest = total - traced - abroad
        hops = [len(call["path"]) for call in self.calls]
        average = sum(hops) / total if total else 0.0
        body = [
            '<header><p class="brand">Hopback</p>',
            f"<h1>{_count(total, 'call')} traced, {traced} to a caller</h1>",
            (
                '<p class="lead">Each call was followed from the provider that delivered it, upstream, one provider '
                "at a time. Every provider answered from its own records only. Nobody is named on a guess.</p></header>"
            ),
            '<main><ul class="numbers">',
            _number(traced, "traced to a caller"),
            _number(abroad, "to a point of entry from abroad"),
            _number(rest, "ended on the way, or need a person"),
            _number(f"{average:.1f}", "providers on a path, on average"),
            _number(f"{self.summary['rows']['kept']:,}", "call records searched"),
            "</ul>",
            *self._bar(groups, known, total),
            (
                '<nav aria-label="On this page"><a href="#calls">Calls</a> <a href="#providers">Providers</a> '
                '<a href="#campaigns">Campaigns</a> <a href="#reading">How to read this</a></nav>'
            ),
            '<section id="calls"><h2>What was traced to whom</h2>',
            *(part for outcome in known for part in self._group(outcome, groups[outcome])),
            "</section>",
            *self._providers(),
            *self._campaigns(),
            *self._rejected(),
            (
                '<section id="reading"><h2>How to read this</h2><p>A path begins with the provider that delivered the '
                "call and goes upstream: each arrow leads to whom that provider named. It ends with the caller, with "
                "the provider abroad from which the call came, or where the trace could not go on. Open a call to see "
                "its drawing, every answer, and why.</p>"
            ),
            (
                f"<p>Requests went out at {_when(self.summary['issued_at'])}; the last clock ran out at "
                f"{_when(self.summary['ended_at'])}, on simulated time. The run took {self.summary['elapsed_s']} s. "
                'The same facts for programs are in <a href="results.json">results.json</a>.</p></section></main>'
            ),
        ]
        return _page("What was traced", "\n".join(body), css="run.css")

    def call_page(self, call: dict[str, Any], drawing: str) -> str:
        ending, facts = ending_of(call["outcome"]), self.facts.get(call["call_id"])
        body = [
            '<header><p class="brand"><a href="../index.html">Hopback</a></p>',
            f"<h1>{_e(call['call_id'])}: {_e(ending.title.lower())}</h1>",
            f'<p class="lead">{_e(ending.meaning)} {_e(ending.next)}</p></header><main>',
            (
                f'<figure class="path">{drawing}<figcaption>Read from left to right in the order asked; the call '
                "travelled the other way.</figcaption></figure>"
            ),
        ]
        if facts is not None:
            caller = f"+{facts.calling}" if facts.calling is not None else "withheld"
            body += [
                '<section><h2>As it was reported</h2><dl class="facts">',
                *_fact("Campaign", facts.campaign or "none given"),
                *_fact("Called", f"+{facts.called}"),
                *_fact("Calling", caller),
                *_fact("Time", f"{facts.started_at.isoformat(sep=' ')}, to within {facts.accuracy_s:g} s"),
                "</dl>",
                f"<blockquote>{_e(facts.transcript)}</blockquote>" if facts.transcript else "",
                "</section>",
            ]
        body.append('<section><h2>Who was asked, and what they said</h2><ol class="hops">')
        for index, hop in enumerate(call["hops"]):
            body += self._hop(call, index, hop)
        body.append("</ol>")
        if call.get("review"):
            body.append(f"<p><strong>A person must look:</strong> {_e(call['review'])}.</p>")
        body.append("</section></main>")
        return _page(f"{call['call_id']}", "\n".join(part for part in body if part), css="../run.css")

    def _hop(self, call: dict[str, Any], index: int, hop: dict[str, Any]) -> list[str]:
        said = ANSWERS.get(hop["answer"], hop["answer"])
        whom = ""
        if hop["upstream"]:
            whom = f": {_e(self.name(hop['upstream']))} ({_e(hop['upstream'])})"
        elif hop["customer"]:
            whom = f": {_e(hop['customer'])}"
        found = ""
        if hop["found_at"]:
            off = f", stamps {_span(hop['time_offset_s'])} off" if hop["time_offset_s"] else ""
            found = (
                f"<p>Found at <time>{_when(hop['found_at'])}</time> in <code>{_e(hop['source'])}</code>{_e(off)}, "
                f"confidence {hop['confidence']:.2f}.</p>"
            )
        why = "".join(f"<li>{_e(line)}</li>" for line in hop["why"])
        return [
            (
                f"<li><h3>{_e(self.name(hop['provider']))} <small>{_e(hop['provider'])}, "
                f"{_e(self.role(call, min(index, len(call['path']) - 1)))}</small></h3>"
            ),
            f"<p>It {_e(said)}{whom}.</p>{found}",
            f'<ul class="why">{why}</ul></li>' if why else "</li>",
        ]

    def _bar(self, groups: Mapping[str, Sequence[Any]], known: Iterable[str], total: int) -> list[str]:
        x, bars, legend = 0.0, [], []
        for outcome in known:
            ending, count = ending_of(outcome), len(groups[outcome])
            width = 1000 * count / total
            bars.append(
                f'<rect x="{x:.1f}" width="{max(width - 2, 1):.1f}" height="22" fill="{ending.colour}">'
                f"<title>{_e(ending.title)}: {count}</title></rect>"
            )
            legend.append(
                f'<li><a href="#{_e(outcome)}">{_mark(outcome)}<b>{count}</b> {_e(ending.title.lower())}</a></li>'
            )
            x += width
        return [
            (
                '<svg class="bar" viewBox="0 0 1000 22" preserveAspectRatio="none" role="img" '
                f'aria-label="How the calls ended">{"".join(bars)}</svg>'
            ),
            f'<ul class="legend">{"".join(legend)}</ul>',
        ]

    def _group(self, outcome: str, calls: Sequence[dict[str, Any]]) -> list[str]:
        ending = ending_of(outcome)
        rows = []
        for call in calls:
            facts = self.facts.get(call["call_id"])
            link = f"calls/{safe_name(call['call_id'])}.html"
            rows.append(
                f'<tr><th scope="row"><a href="{_e(link)}">{_e(call["call_id"])}</a></th>'
                f"<td>{_e(facts.campaign if facts else '')}</td><td>{self._chain(call)}</td>"
                f"<td>{self._why(call)}</td></tr>"
            )
        return [
            (
                f'<section id="{_e(outcome)}" class="group"><h3>{_mark(outcome)}{_e(ending.title)} '
                f"<small>{_count(len(calls), 'call')}</small></h3><p>{_e(ending.meaning)}</p>"
            ),
            (
                '<div class="wide"><table><thead><tr><th scope="col">Call</th><th scope="col">Campaign</th>'
                '<th scope="col">Path, as asked</th><th scope="col">Where it ended, and why</th></tr></thead><tbody>'
            ),
            *rows,
            "</tbody></table></div></section>",
        ]

    def _chain(self, call: dict[str, Any]) -> str:
        steps = [f'<abbr title="{_e(self.name(one))}">{_e(one)}</abbr>' for one in call["path"]]
        return f'<span class="chain">{" → ".join(steps)}</span>'

    def _why(self, call: dict[str, Any]) -> str:
        last = call["path"][-1] if call["path"] else ""
        if call["customer"]:
            return f"{_e(self.name(last))}: customer <b>{_e(call['customer'])}</b>"
        if call["point_of_entry"]:
            return f"entered at <b>{_e(self.name(call['point_of_entry']))}</b> from {_e(self.name(last))}"
        reason = call.get("review") or next((why for hop in call["hops"][-1:] for why in hop["why"]), "")
        return f"<b>{_e(self.name(last))}</b>{': ' if reason else ''}{_e(reason)}"

    def _providers(self) -> list[str]:
        asked: Counter[str] = Counter()
        answers: dict[str, Counter[str]] = defaultdict(Counter)
        origins: Counter[str] = Counter(call["origin_provider"] for call in self.calls if call["origin_provider"])
        for call in self.calls:
            for hop in call["hops"]:
                asked[hop["provider"]] += 1
                answers[hop["provider"]][hop["answer"]] += 1
        rows = []
        for provider, count in sorted(asked.items(), key=lambda item: (-origins[item[0]], -item[1], item[0])):
            said = answers[provider]
            others = count - said["upstream_named"] - said["customer_named"] - said["no_answer"]
            rows.append(
                f'<tr><th scope="row">{_e(self.name(provider))} <small>{_e(provider)} {_e(self.country(provider))}'
                f"</small></th><td>{count}</td><td>{origins[provider] or ''}</td>"
                f"<td>{said['upstream_named'] or ''}</td><td>{others or ''}</td><td>{said['no_answer'] or ''}</td></tr>"
            )
        return [
            (
                '<section id="providers"><h2>Providers</h2><p>Counts are of these calls only and say nothing of how '
                "much traffic a provider carries. To be on a path is not to have done wrong.</p>"
            ),
            (
                '<div class="wide"><table class="counts"><thead><tr><th scope="col">Provider</th>'
                '<th scope="col">Asked</th>'
                '<th scope="col">As origin</th><th scope="col">Named upstream</th><th scope="col">Other answers</th>'
                '<th scope="col">Silent</th></tr></thead><tbody>'
            ),
            *rows,
            "</tbody></table></div></section>",
        ]

    def _campaigns(self) -> list[str]:
        groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for call in self.calls:
            facts = self.facts.get(call["call_id"])
            groups[(facts.campaign if facts else "") or "no campaign given"].append(call)
        rows = []
        for campaign, calls in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
            origins = Counter(call["origin_provider"] for call in calls if call["origin_provider"])
            listed = ", ".join(f"{_e(self.name(one))} ({count})" for one, count in origins.most_common(4))
            more = f" and {len(origins) - 4} more" if len(origins) > 4 else ""  # noqa: PLR2004 - as listed above
            rows.append(
                f'<tr><th scope="row">{_e(campaign)}</th><td>{len(calls)}</td><td>{sum(origins.values())}</td>'
                f"<td>{listed}{more}</td></tr>"
            )
        return [
            (
                '<section id="campaigns"><h2>Campaigns</h2><div class="wide"><table><thead><tr>'
                '<th scope="col">Campaign</th>'
                '<th scope="col">Calls</th><th scope="col">Traced to a caller</th><th scope="col">Originating providers'
                "</th></tr></thead><tbody>"
            ),
            *rows,
            "</tbody></table></div></section>",
        ]

    def _rejected(self) -> list[str]:
        lines = self.summary.get("rejected") or []
        if not lines:
            return []
        return [
            "<section><h2>Not traced</h2><p>These lines of the case could not be used:</p><ul>",
            *(f"<li>{_e(line)}</li>" for line in lines),
            "</ul></section>",
        ]


def _page(title: str, body: str, *, css: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<title>{_e(title)} · Hopback</title>\n<link rel="stylesheet" href="{_e(css)}">\n</head>\n<body>\n'
        f"{body}\n</body>\n</html>\n"
    )


def _mark(outcome: str) -> str:
    ending = ending_of(outcome)
    return (
        f'<svg class="mark" viewBox="0 0 20 20" width="14" height="14" aria-hidden="true">'
        f'<path d="{ending.mark}" fill="{ending.colour}"/></svg>'
    )


def _number(value: object, words: str) -> str:
    return f"<li><b>{_e(str(value))}</b> {_e(words)}</li>"


def _fact(name: str, value: str) -> tuple[str, str]:
    return f"<dt>{_e(name)}</dt>", f"<dd>{_e(value)}</dd>"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _when(text: str) -> str:
    return _e(f"{text[:10]} {text[11:19]} UTC")


def _span(seconds: float) -> str:
    sign = "-" if seconds < 0 else "+"
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return sign + (
        f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
    )


def _e(text: str) -> str:
    return escape("".join(char if char.isprintable() or char == "\n" else " " for char in text))
