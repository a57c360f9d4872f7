"""Which of many providers look alike, and why: plain computation over what is known of each.

Two are compared only if they share something that few have: a name, how it begins, a rare word of it, a
phone, an address, a principal, a site, an FRN. Each thing shared is a reason with a weight; what many
share (a law firm's address, a filing agent's phone) counts for nothing. A likeness is evidence for a
person and decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["LEAST", "Entity", "Pair", "Reason", "likely_pairs"]

LEAST: Final = 50
"""Weights below this are not worth a person's time."""

WEIGHTS: Final = {
    "frn": 100,
    "same_name": 60,
    "former_name": 55,
    "phone": 50,
    "principal": 45,
    "mailbox": 50,
    "address": 40,
    "site": 35,
}
SHARED_BY_MOST: Final = 6
"""What more than this many share says nothing about any two of them."""
RARE_WORD_MOST: Final = 12
"""A word that more names than this have does not bring two together."""
SIMILAR: Final = 0.62
"""Share of trigrams from which two names are called similar."""
SIMILAR_WEIGHT: Final = 50
TRIGRAM: Final = 3
SHORTEST_NAME: Final = 4
BEGINNING: Final = 6

FREE_MAIL: Final = frozenset({
    "gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "aol.com", "icloud.com", "protonmail.com", "proton.me",
    "live.com", "msn.com", "comcast.net", "att.net", "verizon.net",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody that may be somebody else: ``key`` names it, the sets hold compared forms.

    ``names`` are its names now, ``former`` those it had; ``known_apart`` the keys of those a person has already
    decided about. A provider (``provider:…``) and an entry of the registry (``rmd:…``) of one ``group`` are one
    anyway; two entries of the registry are not compared.
    """

    key: str
    label: str
    names: frozenset[str]
    former: frozenset[str] = frozenset()
    shared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    known_apart: frozenset[str] = frozenset()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing two have in common."""

    code: str
    value: str
    weight: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two that look alike."""

    left: Entity
    right: Entity
    reasons: tuple[Reason, ...]

    @property
    def weight(self) -> int:
        """How strongly."""
        return sum(reason.weight for reason in self.reasons)


def likely_pairs(entities: Iterable[Entity], *, least: int = LEAST) -> list[Pair]:
    """The pairs that look alike, the strongest first."""
    everybody = list(entities)
    reasons: dict[tuple[int, int], list[Reason]] = defaultdict(list)
    compared: set[tuple[int, int]] = set()
    for (kind, value), places in _blocks(everybody).items():
        is_name = kind in ("word", "name")
        if not 1 < len(places) <= (RARE_WORD_MOST if is_name else SHARED_BY_MOST):
            continue
        for one, other in combinations(sorted(places), 2):
            if not _may_differ(everybody[one], everybody[other]):
                continue
            if not is_name:
                reasons[one, other].append(Reason(kind, value, WEIGHTS[kind]))
            elif (one, other) not in compared:
                compared.add((one, other))
                reasons[one, other] += _names(everybody[one], everybody[other])
    pairs = (
        Pair(everybody[one], everybody[other], tuple(sorted(some, key=lambda r: (-r.weight, r.code, r.value))))
        for (one, other), some in reasons.items()
    )
    strong = [pair for pair in pairs if pair.weight >= least]
    return sorted(strong, key=lambda pair: (-pair.weight, pair.left.key, pair.right.key))


def _blocks(everybody: Sequence[Entity]) -> dict[tuple[str, str], set[int]]:
    """Who has each thing that two may share."""
    blocks: dict[tuple[str, str], set[int]] = defaultdict(set)
    for place, one in enumerate(everybody):
        for kind, values in one.shared.items():
            for value in values:
                if value and not (kind == "site" and value in FREE_MAIL):
                    blocks[kind, value].add(place)
        for name in one.names | one.former:
            if len(name) >= SHORTEST_NAME:
                blocks["name", name].add(place)
                # how a name begins brings together what differs in a short word or an ending
                blocks["word", f"^{name.replace(' ', '')[:BEGINNING]}"].add(place)
            for word in name.split():
                if len(word) >= SHORTEST_NAME:
                    blocks["word", word].add(place)
    return blocks


def _may_differ(one: Entity, other: Entity) -> bool:
    kinds = {one.key.partition(":")[0], other.key.partition(":")[0]}
    if kinds == {"rmd"} or (len(kinds) > 1 and one.group and one.group == other.group):
        return False
    return other.key not in one.known_apart and one.key not in other.known_apart


def _names(one: Entity, other: Entity) -> list[Reason]:
    if both := one.names & other.names:
        return [Reason("same_name", min(both), WEIGHTS["same_name"])]
    if crossed := (one.former & (other.names | other.former)) | (one.names & other.former):
        return [Reason("former_name", min(crossed), WEIGHTS["former_name"])]
    best, pair = 0.0, ("", "")
    for left in one.names | one.former:
        for right in other.names | other.former:
            if (alike := _alike(left, right)) > best:
                best, pair = alike, (left, right)
    if best < SIMILAR:
        return []
    return [Reason("similar_name", f"{pair[0]} ~ {pair[1]}", round(SIMILAR_WEIGHT * best))]


def _alike(left: str, right: str) -> float:
    """Share of trigrams two names have in common (Jaccard), from 0 to 1."""
    one, other = _trigrams(left), _trigrams(right)
    return len(one & other) / len(one | other) if one and other else 0.0


@lru_cache(maxsize=65_536)
def _trigrams(name: str) -> frozenset[str]:
    padded = f"  {name} "
    return frozenset(padded[start : start + TRIGRAM] for start in range(len(padded) - TRIGRAM + 1))
