"""Where allauth asks us: who may sign up (nobody), how mail goes out, which factor may go."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.urls import reverse

from hopback.kernel.errors import Refused
from hopback.portal.accounts.letters import write
from hopback.portal.clock import now

if TYPE_CHECKING:
    from django.http import HttpRequest

    from hopback.portal.accounts.models import User

log = structlog.get_logger(__name__)

__all__ = ["AccountAdapter", "MfaAdapter", "SocialAdapter"]


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Nobody signs up: people come by invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- allauth's signature
        """Closed."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send what allauth has to say by our own outbox."""
        message = self.render_mail(template_prefix, email, {"email": email, "host": self.request.get_host(), **context})
        kind = template_prefix.rsplit("/", 1)[-1]
        write(kind, email, subject=message.subject, text=str(message.body), at=now())

    def get_from_email(self) -> str:
        """Who the mail comes from is the outbox's business."""
        return ""

    def reauthenticate(self, user: User, password: str) -> bool:
        """By the address that somebody signs in with, whatever else allauth keeps."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 -- allauth's signature
        """Back to one's account."""
        return reverse("accounts:home")

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell somebody that something about their sign-in was changed."""
        super().send_notification_mail(template_prefix, user, context=context, email=email or user.email)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Second factors. Where one is required, whoever takes the last away is led to set up another.

    The secrets of apps and recovery codes are kept encrypted (AES-128-CBC and HMAC-SHA-256, as Fernet) under a
    key that is not in the database.
    """

    def encrypt(self, text: str) -> str:
        """A secret as it is kept."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again; :class:`Refused` where the key it was kept under is gone."""
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.warning("second_factor.unreadable", mend="set HOPBACK_OLD_SECRET_KEY to the secret key it had before")
            raise Refused(
                "the second factor cannot be checked here", mend="ask whoever runs the portal for its former secret key"
            ) from None

    def _get_site_name(self) -> str:
        return "Hopback"


def _box() -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in settings.CONFIGURATION.keys("second factors")])


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """An identity provider lets in whom we know already, and nobody else."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002 -- allauth's signature
        """Closed."""
        return False

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """The identity provider of the configuration in use."""
        if not settings.CONFIGURATION.oidc_issuer:
            return []
        return list(super().list_apps(request, provider=provider, client_id=client_id))
