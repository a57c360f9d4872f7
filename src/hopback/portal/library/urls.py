"""Where the library is on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.library import views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "library"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.list_items, name="list"),
    path("write/", views.write, name="write"),
    path("<slug:uid>/", views.item, name="item"),
    path("<slug:uid>/editions/<int:number>/", views.edition, name="edition"),
    path("<slug:uid>/editions/<int:edition>/files/<int:number>/", views.file, name="file"),
    path("<slug:uid>/readers/", views.readers, name="readers"),
    path("<slug:uid>/read/", views.read_it, name="read"),
    path("<slug:uid>/revise/", views.revise_it, name="revise"),
    path("<slug:uid>/publish/", views.publish_it, name="publish"),
    path("<slug:uid>/withdraw/", views.withdraw_it, name="withdraw"),
]
