"""Where the shell's own pages are on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.web import views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "web"
urlpatterns: list[URLPattern | URLResolver] = [path("", views.home, name="home")]
