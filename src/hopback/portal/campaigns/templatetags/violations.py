"""Codes of bases and violations as words: ``{{ code|violation }}``, ``{{ code|basis }}``."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from hopback.portal.campaigns.words import basis_said
from hopback.rules.violations import load_violations

__all__ = ["basis", "register", "violation"]

register = template.Library()


@register.filter
def violation(code: object) -> SafeString:
    """A violation's words and citation; what is no code of the book speaks for itself."""
    known = load_violations().get(str(code))
    if known is None:
        return format_html("{}", code)
    return format_html('{} <span class="quiet">({})</span>', known.text, known.cite)


@register.filter
def basis(code: object) -> str:
    """The words of a trait that makes calls suspicious."""
    return basis_said(str(code))


@register.simple_tag
def violations_of(pairs: object) -> SafeString:
    """A campaign's violations, pairs of a code and a person's words, as a list."""
    items = [
        format_html("<li>{}{}</li>", "" if code == "other" else violation(code), _after(code, text))
        for code, text in pairs  # type: ignore[attr-defined]  # a template hands in the campaign's list
    ]
    return mark_safe(f"<ul>{''.join(items)}</ul>")  # noqa: S308 -- each line was escaped


def _after(code: str, text: str) -> SafeString:
    if not text:
        return mark_safe("")
    return format_html("{}" if code == "other" else ": {}", text)
