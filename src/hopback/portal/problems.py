"""What went wrong, as the API says it."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse

__all__ = ["problem"]


def problem(status: int, code: str, title: str, *, where: str = "", mend: str = "", **more: Any) -> HttpResponse:
    """An RFC 9457 problem document."""
    document = {"type": f"urn:hopback:problem:{code}", "title": title, "status": status, "code": code}
    document |= {"where": where} if where else {}
    document |= {"mend": mend} if mend else {}
    response = HttpResponse(json.dumps(document | more), status=status, content_type="application/problem+json")
    if status == 401:  # noqa: PLR2004 -- RFC 9110 section 15.5.2 asks for the header
        response["WWW-Authenticate"] = 'Bearer realm="hopback"'
    return response
