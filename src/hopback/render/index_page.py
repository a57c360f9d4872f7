"""The first page of a run: what was traced to whom, and where traces wait or ended and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from hopback.render.endings import ending_of, key_of
from hopback.render.markup import counted, page, safe_name, shown, table, utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopback.render.told import ToldRun

__all__ = ["index_page"]

_MOST_LISTED: Final = 4
_TOLD_ELSEWHERE: Final = ("origin_identified", "origin_provider_only", "foreign_entry_only")
_COLUMNS: Final = {
    "upstream_named": "Named a provider",
    "customer_named": "Named its customer",
    "no_record": "No record",
    "records_expired": "Records purged",
    "ambiguous": "Several fit",
    "needs_review": "Needs a person",
    "denied": "Denied",
    "no_answer": "Silent",
}


def index_page(run: ToldRun) -> str:
    """The page."""
    groups = run.by_outcome()
    body = [
        *_head(run, groups),
        *_calls(run, groups),
        *_stops(run, groups),
        *_providers(run),
        *_campaigns(run),
        *_rejected(run),
        "</main>",
        (
            f"<footer><p>Requests went out at {shown(utc(run.summary['issued_at']))}; the last clock ran out at "
            f"{shown(utc(run.summary['ended_at']))}, on simulated time. The run took {run.summary['elapsed_s']} s. "
            'The same facts for programs are in <a href="results.json">results.json</a>.</p></footer>'
        ),
    ]
    return page("What was traced to whom", "\n".join(body), css="run.css")


def _head(run: ToldRun, groups: Mapping[str, Sequence[Any]]) -> list[str]:
    total = len(run.calls)
    callers, abroad = (len(groups.get(one, ())) for one in ("origin_identified", "foreign_entry_only"))
    average = sum(len(call["path"]) for call in run.calls) / total if total else 0.0
    numbers = (
        (f"{callers:,}", "traced to a caller"),
        (f"{abroad:,}", "traced to where they entered the country"),
        (f"{total - callers - abroad:,}", "ended on the way, or wait for a person"),
        (f"{average:.1f}", "providers on a path, on average"),
        (f"{run.summary['rows']['kept']:,}", "call records searched"),
    )
    links = [
        ("calls", "Calls"),
        ("stops", "Where traces stopped"),
        ("providers", "Providers"),
        ("campaigns", "Campaigns"),
    ]
    if run.summary.get("rejected"):
        links.append(("rejected", "Lines not used"))
    return [
        '<header><p class="brand">Hopback</p>',
        f"<h1>{counted(total, 'call')} traced, {callers:,} to a caller</h1>",
        (
            '<p class="lead">Each reported call was followed home: from the provider that delivered it to the one that '
            "handed it over, and on upstream. Every provider searched only its own records. Nobody is named on a guess."
            "</p></header>"
        ),
        '<main><ul class="numbers">',
        *(f"<li><b>{shown(value)}</b> {shown(words)}</li>" for value, words in numbers),
        "</ul>",
        *_bar(groups, total),
        (
            '<section aria-labelledby="reading"><h2 id="reading">How to read this</h2><p>A path such as '
            '<span class="chain">P005 → P002 → P018</span> starts at the provider that delivered the call. Each arrow '
            "leads to whom that provider named; the call itself travelled the other way. A path ends with the caller, "
            "with the provider abroad that sent the call in, or where the trace could not go on. Open a call for its "
            "drawing, every answer, and the reasons given.</p></section>"
        ),
        '<nav aria-label="On this page">',
        *(f'<a href="#{target}">{words}</a>' for target, words in links),
        "</nav>",
    ]


def _bar(groups: Mapping[str, Sequence[Any]], total: int) -> list[str]:
    if not total:
        return []
    x, bars, legend = 0.0, [], []
    for outcome, calls in groups.items():
        ending, width = ending_of(outcome), 1000 * len(calls) / total
        bars.append(
            f'<g class="o-{key_of(outcome)}"><rect class="end" x="{x:.1f}" width="{max(width - 2, 1):.1f}" height="22" '
            f'fill="{ending.colour}"/></g>'
        )
        legend.append(
            f'<li><a href="#{shown(outcome)}">{_mark(outcome)}<b>{len(calls):,}</b> '
            f"{shown(ending.title.lower())}</a></li>"
        )
        x += width
    told = ", ".join(f"{len(calls)} {ending_of(outcome).title.lower()}" for outcome, calls in groups.items())
    return [
        (
            '<svg class="bar" viewBox="0 0 1000 22" preserveAspectRatio="none" role="img" '
            f'aria-label="How the calls ended: {shown(told)}">{"".join(bars)}</svg>'
        ),
        f'<ul class="legend">{"".join(legend)}</ul>',
    ]


def _calls(run: ToldRun, groups: Mapping[str, Sequence[dict[str, Any]]]) -> list[str]:
    parts = ['<section aria-labelledby="calls"><h2 id="calls">What was traced to whom</h2>']
    for outcome, calls in groups.items():
        ending = ending_of(outcome)
        rows = []
        for call in calls:
            facts = run.facts.get(call["call_id"])
            rows.append(
                f'<tr><th scope="row"><a href="calls/{safe_name(call["call_id"])}.html">{shown(call["call_id"])}</a>'
                f"</th><td>{shown(facts.campaign if facts is not None else '')}</td><td>{_chain(run, call)}</td>"
                f"<td>{_ended(run, call)}</td></tr>"
            )
        headers = ("Call", "Campaign", "Path, as asked", "Where it ended, and why")
        parts += [
            f'<section id="{shown(outcome)}" class="group" aria-labelledby="{shown(outcome)}-title">',
            f'<h3 id="{shown(outcome)}-title">{_mark(outcome)}{shown(ending.title)} ',
            f"<small>{counted(len(calls), 'call')}</small></h3><p>{shown(ending.meaning)}</p>",
            table(headers, rows, kind="calls", caption=f"Calls: {ending.title.lower()}"),
            "</section>",
        ]
    return [*parts, "</section>"]


def _chain(run: ToldRun, call: Mapping[str, Any]) -> str:
    steps = [f'<abbr title="{shown(run.name(one))}">{shown(one)}</abbr>' for one in call["path"]]
    return f'<span class="chain">{" → ".join(steps)}</span>'


def _ended(run: ToldRun, call: Mapping[str, Any]) -> str:
    last = run.name(call["path"][-1]) if call["path"] else ""
    entry = run.name(call["point_of_entry"]) if call["point_of_entry"] else ""
    if call["customer"]:
        told = f'{shown(last)}: customer <b class="id">{shown(call["customer"])}</b>'
        return f"{told}, entered at <b>{shown(entry)}</b>" if entry else told
    if entry:
        return f"entered at <b>{shown(entry)}</b> from {shown(last)}"
    reason = run.reason(call)
    return f"<b>{shown(last)}</b>{': ' if reason else ''}{shown(reason)}"


def _stops(run: ToldRun, groups: Mapping[str, Sequence[dict[str, Any]]]) -> list[str]:
    """The providers at which traces wait or ended, other than at a caller or abroad."""
    ended: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for outcome, calls in groups.items():
        if outcome not in _TOLD_ELSEWHERE:
            for call in calls:
                ended[call["path"][-1] if call["path"] else "", outcome].append(call)
    rows = []
    for (provider, outcome), calls in sorted(ended.items(), key=lambda item: (-len(item[1]), item[0])):
        reasons = Counter(reason for call in calls if (reason := run.reason(call)))
        listed = [
            f"{shown(reason)}{f' <small>({count} calls)</small>' if count > 1 and len(reasons) > 1 else ''}"
            for reason, count in reasons.most_common(_MOST_LISTED)
        ]
        if (more := len(reasons) - _MOST_LISTED) > 0:
            listed.append(f"and {counted(more, 'other reason')}")
        why = f"<ul><li>{'</li><li>'.join(listed)}</li></ul>" if len(listed) > 1 else "".join(listed)
        rows.append(
            f'<tr><th scope="row">{_who(run, provider)}</th><td>{_mark(outcome)}{shown(ending_of(outcome).label)}</td>'
            f'<td class="count">{len(calls)}</td><td>{why}</td></tr>'
        )
    section = '<section aria-labelledby="stops"><h2 id="stops">Where traces wait or ended, and why</h2>'
    if not rows:
        return [
            f"{section}<p>Every trace reached a caller or the point where the call came in from abroad.</p></section>"
        ]
    headers = ("Provider", "How", "Calls", "Why")
    return [
        section,
        "<p>An entry here is an open question, not a finding against anybody.</p>",
        table(headers, rows, kind="stops", caption="Providers at which traces wait or ended"),
        "</section>",
    ]


def _providers(run: ToldRun) -> list[str]:
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for call in run.calls:
        for hop in call["hops"]:
            answers[hop["provider"]][hop["answer"]] += 1
    origins = Counter(call["origin_provider"] for call in run.calls if call["origin_provider"])
    used = [kind for kind in _COLUMNS if any(said[kind] for said in answers.values())]
    rows = []
    for provider, said in sorted(answers.items(), key=lambda item: (-origins[item[0]], -item[1].total(), item[0])):
        cells = (said.total(), origins[provider], *(said[kind] for kind in used))
        counts = "".join(f'<td class="count">{count or ""}</td>' for count in cells)
        rows.append(f'<tr><th scope="row">{_who(run, provider)}</th>{counts}</tr>')
    headers = ("Provider", "Asked", "Calls it originated", *(_COLUMNS[kind] for kind in used))
    return [
        '<section aria-labelledby="providers"><h2 id="providers">Who was asked, and how they answered</h2>',
        (
            "<p>Counts are of these calls only and say nothing of how much traffic a provider carries. To be on a path "
            "is not to have done wrong.</p>"
        ),
        table(headers, rows, kind="counts", caption="Providers and their answers"),
        "</section>",
    ]


def _campaigns(run: ToldRun) -> list[str]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for call in run.calls:
        facts = run.facts.get(call["call_id"])
        groups[(facts.campaign if facts is not None else "") or "no campaign given"].append(call)
    rows = []
    for campaign, calls in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        origins = Counter(call["origin_provider"] for call in calls if call["origin_provider"])
        listed = ", ".join(f"{shown(run.name(one))} ({count})" for one, count in origins.most_common(_MOST_LISTED))
        more = f" and {len(origins) - _MOST_LISTED} more" if len(origins) > _MOST_LISTED else ""
        rows.append(
            f'<tr><th scope="row">{shown(campaign)}</th><td class="count">{len(calls)}</td>'
            f'<td class="count">{sum(origins.values())}</td><td>{listed}{more}</td></tr>'
        )
    headers = ("Campaign", "Calls", "Origin found", "Originating providers")
    return [
        '<section aria-labelledby="campaigns"><h2 id="campaigns">Campaigns</h2>',
        table(headers, rows, kind="campaigns", caption="Campaigns and where their calls began"),
        "</section>",
    ]


def _rejected(run: ToldRun) -> list[str]:
    lines = run.summary.get("rejected") or []
    if not lines:
        return []
    return [
        '<section aria-labelledby="rejected"><h2 id="rejected">Lines not used</h2>',
        "<p>These lines of the case could not be used; the other calls were traced.</p><ul>",
        *(f"<li>{shown(line)}</li>" for line in lines),
        "</ul></section>",
    ]


def _who(run: ToldRun, provider: str) -> str:
    code = " · ".join(part for part in (provider, run.country(provider)) if part)
    return f"{shown(run.name(provider))} <small>{shown(code)}</small>"


def _mark(outcome: str) -> str:
    ending = ending_of(outcome)
    return (
        f'<svg class="mark o-{key_of(outcome)}" viewBox="0 0 20 20" width="14" height="14" aria-hidden="true">'
        f'<path class="end" d="{ending.mark}" fill="{ending.colour}"/></svg>'
    )
