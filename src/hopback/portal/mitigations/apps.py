"""The mitigations as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class MitigationsConfig(AppConfig):
    """What providers did about the traffic."""

    name = "hopback.portal.mitigations"
    label = "mitigations"
