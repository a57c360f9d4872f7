"""One HTTP POST to an address that somebody else chose.

The host is resolved here, every address it has must be a public one, and the connection goes to the address that
was looked at, not to the name: a name that answers differently the second time (DNS rebinding) gains nothing.
Redirects are not followed, proxies are not used, nothing is kept from one request to the next.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Reply", "check_url", "post"]

CONNECT_S: Final = 5.0
WHOLE_S: Final = 20.0
REPLY_BYTES: Final = 1024
LONGEST_URL: Final = 500
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
TRANSLATED: Final = ip_network("64:ff9b::/96")
"""IPv4 behind NAT64 (RFC 6052): what matters is the address inside."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a status or an error, how long it took, the first kilobyte, and when to come back, if it said."""

    status: int | None
    duration_ms: int
    text: str = ""
    error: str = ""
    retry_after_s: int | None = None


def check_url(url: str, *, loopback: bool) -> str:
    """A URL that webhooks may be posted to. Raises :class:`BadInput` saying what is wrong with it.

    ``loopback`` allows this machine itself, also unencrypted: for demonstrations and tests.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadInput("this is no URL", where="url") from None
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or not parts.hostname:
        raise BadInput("this is no URL", where="url", mend="write it as https://hooks.example.org/hopback")
    if parts.username is not None or parts.fragment:
        raise BadInput("a webhook's URL has no user, password or fragment", where="url")
    if port == 0:
        raise BadInput("this is no port", where="url")
    if loopback and parts.scheme in {"http", "https"} and parts.hostname in LOOPBACK:
        return url
    if parts.scheme != "https":
        raise BadInput("webhooks are posted to https only", where="url")
    _addresses(parts, loopback=loopback)
    return url


def post(url: str, body: bytes, headers: Mapping[str, str], *, loopback: bool) -> Reply:
    """Post once. Never raises for what the address, the network or the server does."""
    began = time.monotonic()

    def since() -> int:
        return int((time.monotonic() - began) * 1000)

    try:
        url = check_url(url, loopback=loopback)
        parts = urlsplit(url)
        address = _addresses(parts, loopback=loopback)[0]
        status, text, again = _exchange(parts, address, body, headers)
    except BadInput as error:
        return Reply(None, since(), error=error.message[:300])
    except (HTTPError, OSError, ValueError) as error:
        return Reply(None, since(), error=_said(error))
    return Reply(status, since(), text=text, retry_after_s=again)


def _exchange(parts: SplitResult, address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, int | None]:
    timeout = urllib3.Timeout(connect=CONNECT_S, read=WHOLE_S)
    host = parts.hostname or ""
    common: dict[str, Any] = {"timeout": timeout, "retries": False, "maxsize": 1}
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address,
            parts.port or 443,
            ssl_context=ssl.create_default_context(),
            server_hostname=host,
            assert_hostname=host,
            **common,
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, parts.port or 80, **common)
    name = f"[{host}]" if ":" in host else host
    sent = {**headers, "Host": f"{name}:{parts.port}" if parts.port else name}
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with pool:
        reply: Any = None
        connection = pool._get_conn()  # noqa: SLF001 -- the one connection of this pool, kept to hang up on
        pool._put_conn(connection)  # noqa: SLF001
        # a timeout counts each read: a server that sends a byte now and then is stopped by the clock
        clock = threading.Timer(WHOLE_S, _hang_up, [connection])
        clock.daemon = True
        clock.start()
        try:
            reply = pool.request(
                "POST", path, body=body, headers=sent, redirect=False, preload_content=False, assert_same_host=False
            )
            text = reply.read(REPLY_BYTES, decode_content=False) or b""
            return reply.status, _plain(text), _seconds(reply.headers.get("Retry-After"))
        finally:
            clock.cancel()
            if reply is not None:
                with suppress(HTTPError, OSError):
                    reply.close()


def _hang_up(connection: Any) -> None:
    """End the exchange under whoever waits for it."""
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _addresses(parts: SplitResult, *, loopback: bool) -> list[str]:
    """The addresses of a URL's host, each one allowed; raises :class:`BadInput` if it has none, or one that is not."""
    host = parts.hostname or ""
    if loopback and host in LOOPBACK:
        return ["::1" if host == "::1" else "127.0.0.1"]
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadInput(f"{host} has no address", where="url") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if any(not _is_public(address) for address in addresses):
        raise BadInput(f"{host} is not on the public internet", where="url")
    return addresses


def _is_public(text: str) -> bool:
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
    return address.is_global and not address.is_multicast and not address.is_reserved


def _plain(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").replace("\x00", "")


def _seconds(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else None  # noqa: PLR2004 -- eleven days


def _said(error: Exception) -> str:
    """The reason in a few words, without our side's object names."""
    reason = getattr(error, "reason", None) or error
    return f"{type(reason).__name__}: {reason}".replace("\x00", "")[:300]
