"""Words of the directory's codes, and the names of people behind the names in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django import template

from hopback.portal.directory.models import ClaimKind, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["register"]

register = template.Library()

FIELD_WORDS: Final = {
    "frn": "FRN",
    "dbas": "other names",
    "other_frns": "other FRNs",
    "is_foreign": "foreign",
    "is_voice_provider": "voice service provider",
    "is_gateway": "gateway provider",
    "is_intermediate": "intermediate provider",
    "implementation": "STIR/SHAKEN",
    "contact_mailbox": "contact mailbox",
    "updated_on": "updated",
    "recertified_on": "recertified",
}


@register.simple_tag
def who(people: Mapping[str, str], name: str | None) -> str:
    """What somebody is called: a person by name, anything else by its name in the log."""
    return people.get(name or "", name or "")


@register.filter
def kind_words(kind: str) -> str:
    """What a claim is about."""
    return str(dict(ClaimKind.choices).get(kind, kind))


@register.filter
def source_words(source: str) -> str:
    """Where something comes from."""
    return str(dict(Source.choices).get(source, source))


@register.filter
def field_words(name: str) -> str:
    """What a field of the registry is called."""
    return FIELD_WORDS.get(name, name.replace("_", " "))


@register.filter
def hours(contact: object) -> str:
    """The hours of a contact's office, as one reads them."""
    opens, closes = getattr(contact, "opens", None), getattr(contact, "closes", None)
    names = {"1": "Mon", "2": "Tue", "3": "Wed", "4": "Thu", "5": "Fri", "6": "Sat", "7": "Sun"}
    days = str(getattr(contact, "days", ""))
    told = {"12345": "Mon to Fri", "1234567": "every day"}.get(
        days, ", ".join(names[day] for day in days if day in names)
    )
    if opens is None or closes is None:
        return ""
    return f"{told} {opens:%H:%M} to {closes:%H:%M}".strip()


@register.filter
def side_path(key: str) -> tuple[str, str]:
    """The sort and the name of one side of a pair."""
    kind, _, name = key.partition(":")
    return kind, name
