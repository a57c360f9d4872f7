"""Django's SMTP backend, which also remembers what the server said to the message."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.mail.backends.smtp import EmailBackend

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SmtpBackend"]


class _Remembering:
    """Keeps the reply to DATA, which ``smtplib.sendmail`` drops: it is the proof of acceptance (RFC 5321 4.2.5)."""

    said: tuple[int, bytes] | None = None

    def data(self, message: Any) -> tuple[int, bytes]:
        """Send the message's data and keep the reply."""
        self.said = super().data(message)  # type: ignore[misc]  # smtplib's
        return self.said


class _Plain(_Remembering, smtplib.SMTP):
    """SMTP, with STARTTLS where the settings ask for it."""


class _Wrapped(_Remembering, smtplib.SMTP_SSL):
    """SMTP inside TLS (RFC 8314)."""


class SmtpBackend(EmailBackend):
    """Sends by SMTP. ``accepted`` is the server's reply to the last message it accepted, None until it has."""

    ACCEPTED: ClassVar = 250
    connection: Any

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._made: _Remembering | None = None

    @property
    def connection_class(self) -> Callable[..., Any]:  # type: ignore[override]  # it is only ever called
        """What makes the connection."""
        kind = _Wrapped if self.use_ssl else _Plain

        def connect(*args: Any, **kwargs: Any) -> Any:
            self._made = kind(*args, **kwargs)
            return self._made

        return connect

    @property
    def accepted(self) -> str | None:
        """The server's words of acceptance."""
        said = self._made.said if self._made is not None else None
        if said is None or said[0] != self.ACCEPTED:
            return None
        return f"{said[0]} {said[1].decode('utf-8', errors='replace')}"
