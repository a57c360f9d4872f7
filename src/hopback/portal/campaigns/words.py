"""Codes of bases and violations as plain words, for sentences, mails and sheets."""

from __future__ import annotations

from hopback.portal.campaigns.models import Basis
from hopback.rules.violations import load_violations

__all__ = ["basis_said", "violation_said"]


def violation_said(code: str) -> str:
    """A violation's words and citation; what is no code of the book speaks for itself."""
    known = load_violations().get(code)
    return code if known is None else f"{known.text} ({known.cite})"


def basis_said(code: str) -> str:
    """The words of a trait that makes calls suspicious; what is no known trait speaks for itself."""
    return str(Basis(code).label) if code in Basis.values else code
