"""Sign-ins on record.

The house has no signals of its own. allauth does the signing in and tells of it by signals, and nowhere else:
here, at this edge, they become entries in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.authentication import get_authentication_records
from allauth.account.signals import password_changed, password_reset, password_set, user_logged_in
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_out, user_login_failed

from hopback.portal.accounts import actions
from hopback.portal.accounts.models import User
from hopback.portal.accounts.sessions import begin
from hopback.portal.audit.actors import NOBODY, Actor, Role
from hopback.portal.clock import now

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["listen"]


def listen() -> None:
    """Take down what allauth tells. Called once, when the app is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="hopback.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="hopback.signed_out")
    user_login_failed.connect(_refused, dispatch_uid="hopback.refused")
    authentication_failed.connect(_wrong_factor, dispatch_uid="hopback.wrong_factor")
    for signal, what in (
        (authenticator_added, "added"),
        (authenticator_removed, "removed"),
        (authenticator_reset, "renewed"),
    ):
        signal.connect(_factor(what), weak=False, dispatch_uid=f"hopback.factor_{what}")
    for signal, how in ((password_changed, "changed"), (password_set, "set"), (password_reset, "reset")):
        signal.connect(_password(how), weak=False, dispatch_uid=f"hopback.password_{how}")


def _as(user: User) -> Actor:
    """The person; which organisation they act for is not known before they are in."""
    return Actor(user.audit_name, Role.OUTSIDER)


def _signed_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    records = get_authentication_records(request, user)
    begin(request)
    by = [str(record.get("type") or record.get("method")) for record in records]
    actions.note_signed_in(_as(user), user, at=now(), by=by)


def _signed_out(*, user: User | None, **_: Any) -> None:
    if isinstance(user, User):
        actions.note_signed_out(_as(user), user, at=now())


def _refused(*, credentials: dict[str, Any], **_: Any) -> None:
    email = str(credentials.get("email") or credentials.get("username") or "").lower()
    user = User.objects.filter(email=email).first()
    # an unknown address is written down as well: the time taken says nothing
    actions.note_refused(NOBODY, user.audit_name if user else "", at=now())


def _wrong_factor(*, user: User, authenticator: Any, **_: Any) -> None:
    actions.note_wrong_factor(_as(user), user, at=now(), kind=str(authenticator.type))


def _factor(what: str) -> Any:
    def note(*, user: User, authenticator: Any, **_: Any) -> None:
        actions.note_factor(_as(user), user, at=now(), kind=str(authenticator.type), what=what)

    return note


def _password(how: str) -> Any:
    def note(*, user: User, **_: Any) -> None:
        actions.note_password(_as(user), user, at=now(), how=how)

    return note
