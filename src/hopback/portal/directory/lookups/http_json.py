"""Ask a service for a number's carrier, over HTTPS and in JSON.

``HOPBACK_LOOKUP_URL`` is the address with ``{number}`` where the number goes (``+12025550143``) and,
if the service keeps history, ``{date}``. Only hosts in ``HOPBACK_LOOKUP_HOSTS`` are asked; redirects are
not followed; an answer that takes longer than ``HOPBACK_LOOKUP_TIMEOUT_S`` or is larger than 64 KiB is none.
``HOPBACK_LOOKUP_TOKEN`` goes along as a bearer token. The answer is one object; each field is found by
the names in :data:`NAMES`, at the top or one level down. HTTP 404 says that the service knows nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import requests

from hopback.kernel.errors import BadInput, HopbackError
from hopback.kernel.numbers import format_e164, parse_number
from hopback.portal.directory.files.columns import UnusableRow, read_date
from hopback.portal.directory.files.ports import code_of
from hopback.portal.directory.lookups import PortAnswer

if TYPE_CHECKING:
    from datetime import date

    from hopback.portal.config import Configuration

__all__ = ["NAMES", "look_up"]

NAMES: Final = {
    "lrn": ("lrn", "location_routing_number", "routing_number"),
    "spid": ("spid", "service_provider_id", "new_spid"),
    "ocn": ("ocn", "operating_company_number", "lrn_ocn"),
    "company": ("company", "carrier", "carrier_name", "name", "service_provider_name", "operating_company_name"),
    "reseller": ("reseller", "alt_spid", "altspid", "alternative_spid"),
    "since": ("since", "valid_from", "activation_date", "activated", "port_date", "ported_date"),
    "ported": ("ported", "is_ported"),
}

LARGEST: Final = 65_536
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def look_up(number: int, *, on: date, today: date, configuration: Configuration) -> PortAnswer | None:
    """What the service says."""
    address = _address(number, on=on, configuration=configuration)
    headers = {"Accept": "application/json"}
    if token := configuration.lookup_bearer():
        headers["Authorization"] = f"Bearer {token}"
    timeout = configuration.lookup_timeout_s
    try:
        with requests.get(address, headers=headers, timeout=timeout, allow_redirects=False, stream=True) as response:
            if response.status_code == 404:  # noqa: PLR2004 -- nothing is known of the number
                return None
            if response.status_code != 200:  # noqa: PLR2004 -- anything else is no answer
                raise HopbackError(f"answered {response.status_code}", where=_host(address))
            body = response.raw.read(LARGEST + 1, decode_content=True)
    except requests.RequestException as error:
        raise HopbackError(f"cannot be asked: {type(error).__name__}", where=_host(address)) from None
    if len(body) > LARGEST:
        raise HopbackError("the answer is too large", where=_host(address))
    has_history = "{date}" in (configuration.lookup_url)
    return _read(body, number=number, on=on if has_history else today, host=_host(address))


def _address(number: int, *, on: date, configuration: Configuration) -> str:
    template = configuration.lookup_url
    if "{number}" not in template:
        raise BadInput("has no {number} in it", where="HOPBACK_LOOKUP_URL")
    written = template.replace("{number}", quote(format_e164(number), safe="")).replace("{date}", on.isoformat())
    parts = urlsplit(written)
    host = parts.hostname or ""
    if host not in configuration.lookup_hosts:
        raise BadInput(f"{host!r} may not be asked", where="HOPBACK_LOOKUP_HOSTS", mend="name the host there")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOCAL):
        raise BadInput("not https", where="HOPBACK_LOOKUP_URL")
    return written


def _read(body: bytes, *, number: int, on: date, host: str) -> PortAnswer | None:
    try:
        document = json.loads(body)
    except ValueError:
        raise HopbackError("the answer is not JSON", where=host) from None
    if not isinstance(document, dict):
        raise HopbackError("the answer is no object", where=host)
    told = {name: _find(document, names) for name, names in NAMES.items()}
    if all(value in (None, "") for value in told.values()):
        return None
    text = {name: "" if value is None else str(value).strip() for name, value in told.items()}
    try:
        spid, ocn = code_of(text["spid"], what="spid"), code_of(text["ocn"], what="ocn")
        since = read_date(text["since"], what="since")
    except UnusableRow as error:
        raise HopbackError(str(error), where=host) from None
    lrn = parse_number(text["lrn"]).e164 if text["lrn"] else None
    if told["ported"] is False or text["ported"].casefold() in ("false", "no", "n", "0"):
        lrn, spid, ocn, since = None, "", "", None
    reseller = "" if text["reseller"].upper() == spid else text["reseller"]
    return PortAnswer(number, on, f"lookup:http {host}", lrn, spid, ocn, text["company"], reseller, since)


def _find(document: dict[str, Any], names: tuple[str, ...]) -> Any:
    for level in (document, *(value for value in document.values() if isinstance(value, dict))):
        keys = {key.casefold().replace("-", "_"): key for key in level}
        for name in names:
            if name in keys and not isinstance(level[keys[name]], dict | list):
                return level[keys[name]]
    return None


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""
