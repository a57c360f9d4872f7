"""Where the tracebacks are on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.tracebacks import views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "tracebacks"
urlpatterns: list[URLPattern | URLResolver] = [
    path("<str:traceback_id>/", views.show, name="page"),
    path("<str:traceback_id>/notes/", views.note, name="note"),
    path("<str:traceback_id>/owner/", views.assign, name="assign"),
    path("<str:traceback_id>/priority/", views.prioritise, name="prioritise"),
    path("<str:traceback_id>/related/", views.link, name="link"),
    path("<str:traceback_id>/do/<slug:verb>/", views.act, name="act"),
    path("<str:traceback_id>/hops/<int:number>/<slug:verb>/", views.act_on_hop, name="act_on_hop"),
]
