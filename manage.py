"""Django's own commands for the portal, such as ``check --deploy``; ``hopback portal`` has those people use."""

from __future__ import annotations

import os

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hopback.portal.settings")
    execute_from_command_line()
