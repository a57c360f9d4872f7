from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hopback.portal.campaigns.particulars import Particulars

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


@pytest.fixture
def said(noon: datetime) -> Callable[..., Particulars]:
    """What is said of a campaign, with anything said otherwise."""

    def build(**otherwise: Any) -> Particulars:
        fields: dict[str, Any] = {
            "name": "Utility cut-off, north",
            "category": "utility",
            "kind": "robocall",
            "description": "A recording threatens to cut the power off within the hour.",
            "first_seen": noon - timedelta(days=9),
            "last_seen": noon - timedelta(days=1),
            "basis": ("call_transcript", "complaints_called_parties"),
            "violations": (("spoofed_caller_id", ""), ("business_impersonation", "poses as the utility")),
        } | otherwise
        return Particulars(**fields)

    return build
