"""A run of tracebacks as pages a newcomer understands in a minute.

Plain HTML that needs no script and asks for nothing from elsewhere. Everything that came from
outside, names and transcripts above all, is escaped.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from hopback.render.call_page import call_page
from hopback.render.index_page import index_page
from hopback.render.markup import safe_name
from hopback.render.paths import draw_path, sheet_rules
from hopback.render.told import CallFacts, ToldRun

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CallFacts", "safe_name", "write_run"]


def write_run(
    out: Path,
    results: dict[str, Any],
    *,
    providers: Mapping[str, tuple[str, str]],
    calls: Mapping[str, CallFacts],
    home: str = "US",
) -> None:
    """Write ``index.html``, ``run.css``, ``paths/<call>.svg`` and ``calls/<call>.html`` into ``out``.

    ``results`` is what ``results.json`` holds; ``providers`` gives the legal name and country of each
    provider and ``calls`` the reported calls, both by id. ``home`` is the country whose consortium traces.
    """
    run = ToldRun(results, providers=providers, facts=calls, home=home)
    for folder in ("paths", "calls"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    sheet = resources.files(__package__).joinpath("run.css").read_text("utf-8")
    (out / "run.css").write_text(f"{sheet}{sheet_rules()}", encoding="utf-8")
    (out / "index.html").write_text(index_page(run), encoding="utf-8")
    for call in run.calls:
        name = safe_name(call["call_id"])
        picture = run.picture(call)
        (out / "paths" / f"{name}.svg").write_text(draw_path(picture), encoding="utf-8")
        page = call_page(run, call, draw_path(picture, is_inline=True))
        (out / "calls" / f"{name}.html").write_text(page, encoding="utf-8")
