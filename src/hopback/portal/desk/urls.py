"""Where the desk is on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.desk import linked, views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "desk"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="list"),
    path("history/", views.history, name="history"),
    path("history/answers.csv", views.history_sheet, name="history_sheet"),
    path("settings/", views.settings, name="settings"),
    path("sheet/", views.upload_sheet, name="upload"),
    path("sheet/open-requests.csv", views.open_sheet, name="open_sheet"),
    path("sheet/<str:pk>/", views.sheet, name="sheet"),
    path("sheet/<str:pk>/to-mend.csv", views.sheet_errors, name="sheet_errors"),
    path("files/<int:pk>/", views.file, name="file"),
    path("questions/", views.conversations, name="conversations"),
    path("questions/<str:request_id>/", views.conversation, name="conversation"),
    path("by-link/<str:token>/", linked.linked_request, name="linked"),
    path("by-link/<str:token>/upstreams/", linked.linked_upstreams, name="linked_upstreams"),
    path("by-link/<str:token>/receive/", linked.linked_receive, name="linked_receive"),
    path("by-link/<str:token>/ask/", linked.linked_ask, name="linked_ask"),
    path("<str:request_id>/", views.show, name="request"),
    path("<str:request_id>/upstreams/", views.upstreams, name="upstreams"),
    path("<str:request_id>/receive/", views.receive, name="receive"),
    path("<str:request_id>/ask/", views.ask, name="ask"),
    path("<str:request_id>/dispute/", views.contest, name="dispute"),
    path("<str:request_id>/links/", views.close_links, name="close_links"),
]
