"""Where the directory is on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from hopback.portal.directory.views import files, likely, numbers, own, provisional, registry, roster

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "directory"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", roster.index, name="list"),
    path("new/", roster.add, name="add"),
    path("providers/<str:provider_id>/", roster.provider, name="provider"),
    path("providers/<str:provider_id>/change/", roster.change, name="change"),
    path("providers/<str:provider_id>/claims/new/", roster.claim, name="claim_new"),
    path("providers/<str:provider_id>/claims/<int:claim_id>/end/", roster.claim_ends, name="claim_ends"),
    path("providers/<str:provider_id>/contacts/new/", roster.contact, name="contact_new"),
    path("providers/<str:provider_id>/contacts/<int:contact_id>/", roster.contact, name="contact"),
    path("providers/<str:provider_id>/contacts/<int:contact_id>/end/", roster.contact_ends, name="contact_ends"),
    path("providers/<str:provider_id>/contacts/<int:contact_id>/ask/", roster.ask, name="contact_ask"),
    path("providers/<str:provider_id>/links/new/", roster.link, name="link"),
    path("providers/<str:provider_id>/links/<int:link_id>/undo/", roster.link_undone, name="link_undone"),
    path("numbers/", numbers.index, name="numbers"),
    path("numbers/ask/", numbers.ask, name="number_ask"),
    path("numbers/decided/", numbers.decided, name="decided"),
    path("numbers/decided/<int:decision_id>/end/", numbers.undecided, name="undecided"),
    path("numbers/waiting/<int:open_id>/", numbers.waiting, name="waiting"),
    path("numbers/<int:number>/decide/", numbers.decide, name="decide"),
    path("numbers/<int:number>/not/<str:provider_id>/", numbers.redirected, name="redirected"),
    path("files/", files.index, name="files"),
    path("files/<int:file_id>/", files.file, name="file"),
    path("files/<int:file_id>/take-over/", files.take_over, name="file_take_over"),
    path("files/<int:file_id>/discard/", files.discard, name="file_discard"),
    path("registry/", registry.index, name="registry"),
    path("registry/changes/", registry.changes, name="changes"),
    path("registry/changes.csv", registry.changes_sheet, name="changes_sheet"),
    path("registry/<str:number>/", registry.record, name="record"),
    path("likely/", likely.index, name="likely"),
    path("likely/look/", likely.look, name="likely_look"),
    path("likely/<int:pair_id>/", likely.pair, name="pair"),
    path("provisional/", provisional.index, name="provisional_list"),
    path("provisional/<int:provisional_id>/", provisional.provisional, name="provisional"),
    path("provisional/<int:provisional_id>/accept/", provisional.accept, name="accept"),
    path("own/", own.own, name="own"),
    path("own/claims/new/", own.claim, name="own_claim"),
    path("own/contacts/new/", own.contact, name="own_contact_new"),
    path("own/contacts/<int:contact_id>/", own.contact, name="own_contact"),
    path("own/contacts/<int:contact_id>/end/", own.contact_ends, name="own_contact_ends"),
    path("own/contacts/<int:contact_id>/ask/", own.ask, name="own_contact_ask"),
    path("verify/<str:token>/", own.verify, name="verify"),
]
