"""The shell's own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect

from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS
from hopback.portal.pages import render
from hopback.portal.web.navigation import PAGES

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor

__all__ = ["home"]


@page()
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Where somebody begins: the consortium at what waits, everybody else at their own requests."""
    if actor.role in READERS:
        return render(request, "web/home.html")
    pages = PAGES.get(actor.role)
    return redirect(pages[0][1]) if pages else render(request, "web/nothing.html")
