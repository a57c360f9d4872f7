"""The audit log as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Leaves, their numbers, and checkpoints."""

    name = "hopback.portal.audit"
    label = "audit"
