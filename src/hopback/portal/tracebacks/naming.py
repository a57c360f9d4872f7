"""Which provider of the directory somebody means by what they typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import BadInput
from hopback.portal.directory.access import providers_of

if TYPE_CHECKING:
    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Provider

__all__ = ["Unclear", "provider_meant", "provider_named"]

LISTED: Final = 8


class Unclear(BadInput):
    """No provider is meant, or several could be."""


def provider_named(actor: Actor, provider: str) -> Provider:
    """The provider with exactly that id; :class:`BadInput` where the directory has none."""
    row = providers_of(actor).filter(pk=provider).first()
    if row is None:
        raise BadInput(f"the directory has no provider {provider!r}", where="provider")
    return row


def provider_meant(actor: Actor, text: str) -> Provider:
    """The provider with that id, else the only one whose name holds that text.

    Raises :class:`Unclear`, naming those it could be.
    """
    wanted = text.strip()
    rows = providers_of(actor)
    known = rows.filter(pk=wanted).first()
    if known is not None:
        return known
    found = list(rows.filter(legal_name__icontains=wanted).order_by("legal_name", "pk")[: LISTED + 1])
    exact = [one for one in found if one.legal_name.casefold() == wanted.casefold()]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0]
    if not found:
        raise Unclear(f"The directory has no provider “{wanted}”.", mend="enter it in the directory first")
    listed = "; ".join(f"{one.pk} is {one.legal_name}" for one in found[:LISTED])
    more = ", and others" if len(found) > LISTED else ""
    raise Unclear(f"Several providers could be meant: {listed}{more}. Type the id.")
