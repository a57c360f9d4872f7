"""The same requests as at the desk."""

from __future__ import annotations

from portal.desk.conftest import ask, filled, received, today

__all__ = ["ask", "filled", "received", "today"]
