"""The docs name what there is: every command and option, every outcome, every decision's parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hopback.exercise.cli import OUTCOMES
from hopback.render.endings import ENDINGS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def commands() -> list[str]:
    from hopback.demo.cli import demo  # noqa: F401, PLC0415
    from hopback.portal.cli import app as portal  # noqa: PLC0415
    from hopback.provider.cli import app as provider  # noqa: PLC0415

    return [
        *(f"provider {name}" for name in provider if not name.startswith("-")),
        *(f"portal {name}" for name in portal if not name.startswith("-")),
        "trace", "demo", "clock", "verify",
    ]  # fmt: skip


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_reference(command: str) -> None:
    text = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    product, _, name = command.partition(" ")
    heading = next(
        line for line in text.splitlines() if line.startswith(f"## `hopback {product}") and (name or product) in line
    )
    assert heading


def test_every_outcome_is_explained_drawn_and_counted() -> None:
    text = (DOCS / "start" / "first-trace.md").read_text(encoding="utf-8")
    assert set(OUTCOMES) == set(ENDINGS)
    assert all(f"`{outcome}`" in text for outcome in OUTCOMES if outcome != "origin_provider_only")


@pytest.mark.parametrize("path", sorted(DOCS.glob("decisions/0*.md")), ids=lambda path: path.stem)
def test_every_decision_has_its_four_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for part in ("**Context.**", "**Decision.**", "**Consequence.**", "**Rejected.**"):
        assert part in text


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda path: path.name)
def test_no_link_between_our_pages_is_broken(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), target
