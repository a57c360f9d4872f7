"""The page of one call: its drawing, what was reported, every answer with its reasons, and what comes next."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from hopback.render.endings import ending_of
from hopback.render.markup import page, safe_name, shown, told_span, utc
from hopback.render.told import ANSWERS, CallFacts, ToldRun

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["call_page"]


def call_page(run: ToldRun, call: Mapping[str, Any], drawing: str) -> str:
    """The page; ``drawing`` is the inline drawing of the call's path."""
    ending, facts = ending_of(call["outcome"]), run.facts.get(call["call_id"])
    body = [
        '<header><p class="brand"><a href="../index.html">Hopback</a></p>',
        f"<h1>{shown(call['call_id'])}: {shown(ending.title.lower())}</h1>",
        f'<p class="lead">{_sentence(run, call)}</p></header><main>',
        f'<figure class="path">{drawing}<figcaption>From the provider that delivered the call, upstream. ',
        f'<a href="../paths/{safe_name(call["call_id"])}.svg">The drawing alone</a></figcaption></figure>',
        *(_reported(run, facts) if facts is not None else ()),
        '<section aria-labelledby="asked"><h2 id="asked">Who was asked, and what they said</h2><ol class="hops">',
        *_hops(run, call),
        "</ol></section>",
        '<section aria-labelledby="next"><h2 id="next">What happens next</h2>',
        f"<p><strong>A person must look:</strong> {shown(call['review'])}.</p>" if call.get("review") else "",
        f"<p>{shown(ending.next)}</p></section></main>",
        (
            '<footer><p><a href="../index.html">All calls</a> · '
            f'<a href="../index.html#{shown(call["outcome"])}">{shown(ending.title)}</a></p></footer>'
        ),
    ]
    return page(
        f"{call['call_id']}: {ending.title.lower()}", "\n".join(part for part in body if part), css="../run.css"
    )


def _sentence(run: ToldRun, call: Mapping[str, Any]) -> str:
    """How the trace ended, with the names."""
    ending = ending_of(call["outcome"])
    last = f"<b>{shown(run.name(call['path'][-1]))}</b>" if call["path"] else ""
    if call["customer"]:
        told = f"{last} originated this call for its customer <b>{shown(call['customer'])}</b>."
        return told if not call["point_of_entry"] else f"{told} {_entry(run, call)}"
    if call["point_of_entry"]:
        return f"{_entry(run, call)} The provider abroad, {last}, did not name its caller."
    if not call["path"]:
        return shown(ending.meaning)
    return f"The trace went as far as {_closed(run.name(call['path'][-1]))} {shown(ending.meaning)}"


def _entry(run: ToldRun, call: Mapping[str, Any]) -> str:
    return f"The call came into the country at {_closed(run.name(call['point_of_entry']))}"


def _closed(name: str) -> str:
    """A name at the end of a sentence: the full stop of an ``Inc.`` closes both."""
    return f"<b>{shown(name)}</b>{'' if name.endswith('.') else '.'}"


def _reported(run: ToldRun, facts: CallFacts) -> list[str]:
    local, in_utc = facts.started_at, facts.started_at.astimezone(UTC)
    time = f"{in_utc:%Y-%m-%d %H:%M:%S} UTC, to within {facts.accuracy_s:g} s"
    if local.utcoffset():
        time += f" (reported as {local.isoformat(sep=' ')})"
    delivered = facts.terminating_provider
    rows = (
        ("Campaign", facts.campaign or "none given"),
        ("Called", f"+{facts.called}"),
        ("Caller ID shown", f"+{facts.calling}" if facts.calling is not None else "withheld"),
        ("Time", time),
        ("Delivered by", f"{run.name(delivered)} ({delivered})"),
    )
    return [
        '<section aria-labelledby="reported"><h2 id="reported">As it was reported</h2><dl class="facts">',
        *(f"<dt>{shown(name)}</dt><dd>{shown(value)}</dd>" for name, value in rows),
        "</dl>",
        (
            f'<h3>What was heard</h3><blockquote dir="auto">{shown(facts.transcript)}</blockquote>'
            if facts.transcript
            else ""
        ),
        "</section>",
    ]


def _hops(run: ToldRun, call: Mapping[str, Any]) -> list[str]:
    parts = run.parts(call)
    told = []
    for index, hop in enumerate(call["hops"]):
        who = [hop["provider"], run.country(hop["provider"]), parts[index] if index < len(parts) else ""]
        lines = "".join(f"<li>{shown(line)}</li>" for line in hop["why"])
        reasons = f'<ul class="why">{lines}</ul>' if lines else ""
        told.append(
            f"<li><h3>{shown(run.name(hop['provider']))} <small>{shown(' · '.join(part for part in who if part))}"
            f"</small></h3><p>{_said(run, hop)}</p>{reasons}</li>"
        )
    return told


def _said(run: ToldRun, hop: Mapping[str, Any]) -> str:
    whom = ""
    if hop["upstream"]:
        whom = f": <b>{shown(run.name(hop['upstream']))}</b> ({shown(hop['upstream'])})"
    elif hop["customer"]:
        whom = f": <b>{shown(hop['customer'])}</b>"
    told = f"It {shown(ANSWERS.get(hop['answer'], hop['answer']))}{whom}."
    if hop["found_at"]:
        told += f" The call stands in <code>{shown(hop['source'])}</code> at <time>{shown(utc(hop['found_at']))}</time>"
        told += f"; the clock there was {told_span(hop['time_offset_s'])}" if hop["time_offset_s"] else ""
        told += "."
    if hop["answer"] != "no_answer":
        told += f" Confidence {hop['confidence']:.2f}."
    return told
