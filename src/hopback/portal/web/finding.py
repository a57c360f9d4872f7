"""Search by words: one question of two databases, of nobody's rows but one's own, ranked here.

The index gives the newest things that hold every word sought (or begin with it); those whose title does are asked for
besides, so that a name is found among the many things that mention it. Ranking looks at no more than these.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection

from hopback.portal.audit.actors import READERS, Actor, Role
from hopback.portal.web.models import SearchEntry
from hopback.portal.web.words import Piece, score, snippet, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["CONSORTIUM", "KINDS", "Hit", "audience_of", "find", "scope_of"]

CONSORTIUM: Final = "consortium"
KINDS: Final = ("traceback", "request", "provider", "campaign", "sample", "message")
SHORT: Final = 2
"""A word shorter than this is sought whole, not as the beginning of words."""

IN_TITLE, ANYWHERE = 100, 300
LOOKED_AT: Final = 2_000
"""How many rows PostgreSQL takes out of its index before it orders them."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    kind: str
    key: str
    title: list[Piece]
    text: list[Piece]
    at: datetime | None


def scope_of(audience: str, jurisdiction: str) -> str:
    """One word for who may find a row: letters and digits only, so that it is one to any index."""
    name = f"{audience}/{jurisdiction}" if audience == CONSORTIUM else audience
    return f"s{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def audience_of(actor: Actor) -> tuple[str, ...]:
    """The scopes an actor may search: the consortium by jurisdiction, a provider its own, anybody else none."""
    if actor.role in READERS:
        return tuple(scope_of(CONSORTIUM, one) for one in sorted(actor.jurisdictions))
    if actor.role is Role.PROVIDER and actor.provider:
        return (scope_of(f"provider:{actor.provider}", ""),)
    return ()


def find(actor: Actor, query: str, *, kind: str = "", most: int = 50) -> list[Hit]:
    """What an actor may see that holds every word of ``query``, the best first."""
    sought, scopes = tokens(query), audience_of(actor)
    if not sought or not scopes:
        return []
    ids = set(_ids(sought, scopes, kind, in_title=True)) | set(_ids(sought, scopes, kind, in_title=False))
    rows = SearchEntry.objects.filter(pk__in=ids, scope__in=scopes)
    ranked = sorted(rows, key=lambda row: (-score(sought, row.title_words, row.words), -row.pk))
    return [
        Hit(row.kind, row.key, snippet(sought, row.title), snippet(sought, row.body), row.at) for row in ranked[:most]
    ]


def _ids(sought: Sequence[str], scopes: Sequence[str], kind: str, *, in_title: bool) -> list[int]:
    most = IN_TITLE if in_title else ANYWHERE
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            column = "title_tsv" if in_title else "all_tsv"
            question = " & ".join(f"{word}:*" if len(word) >= SHORT else word for word in sought)
            cursor.execute(
                f"WITH found AS MATERIALIZED (SELECT id FROM web_searchentry WHERE {column} @@ to_tsquery('simple', %s)"  # noqa: S608 -- a column of ours
                " AND scope = ANY(%s) AND (%s = '' OR kind = %s) LIMIT %s)"
                " SELECT id FROM found ORDER BY id DESC LIMIT %s",
                [question, list(scopes), kind, kind, LOOKED_AT, most],
            )
        else:
            columns = "{title_words}" if in_title else "{title_words words}"
            words = " ".join(f'"{word}"*' if len(word) >= SHORT else f'"{word}"' for word in sought)
            question = f"scope : ({' OR '.join(scopes)}) AND {columns} : ({words})"
            if kind in KINDS:
                question += f" AND kind : {kind}"
            cursor.execute(
                "SELECT rowid FROM web_search_words WHERE web_search_words MATCH %s ORDER BY rowid DESC LIMIT %s",
                [question, most],
            )
        return [row[0] for row in cursor.fetchall()]
