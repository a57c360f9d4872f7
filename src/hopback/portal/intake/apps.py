"""The intake as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Candidates: proposed, vetted, declined."""

    name = "hopback.portal.intake"
    label = "intake"

    def ready(self) -> None:
        """Put moves under the audit log; let samples follow their tracebacks and stand on their pages."""
        from hopback.portal.audit import covering  # noqa: PLC0415 -- models exist only now
        from hopback.portal.intake.actions import move_form  # noqa: PLC0415
        from hopback.portal.intake.following import follow  # noqa: PLC0415
        from hopback.portal.intake.models import Move  # noqa: PLC0415
        from hopback.portal.intake.panels import sample_panel  # noqa: PLC0415
        from hopback.portal.tracebacks import panels  # noqa: PLC0415
        from hopback.portal.tracebacks.docket import followed_by  # noqa: PLC0415

        covering.cover(Move, form=move_form)
        followed_by("intake", follow)
        panels.register("sample", sample_panel)
