"""``manage.py reindex``: take down anew everything that can be found by its words."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from hopback.portal.web.indexing import reindex

__all__ = ["Command"]


class Command(BaseCommand):
    """Take down everything that can be found by its words, from the beginning. Nothing else waits for it."""

    help = "Take down anew everything that can be found by its words."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Do it, and say how far it is."""
        total = reindex(said=lambda kind, count: self.stdout.write(f"{kind}: {count}"))
        self.stdout.write(f"{total} entries")
