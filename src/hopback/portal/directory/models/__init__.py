"""Providers and what is claimed of them, contacts, numbers and who serves them, the public registry, links."""

from __future__ import annotations

from hopback.portal.directory.models.contacts import Contact, Duty
from hopback.portal.directory.models.imports import ImportedFile, ImportKind, ImportState
from hopback.portal.directory.models.links import LikelyPair, LinkKind, PairState, ProviderLink
from hopback.portal.directory.models.numbering import (
    CodeAssignment,
    DecisionKind,
    NumberDecision,
    OpenNumber,
    OpenState,
    PortRecord,
)
from hopback.portal.directory.models.providers import (
    Answers,
    ClaimKind,
    IdentityClaim,
    Provider,
    RegistryStatus,
    Source,
)
from hopback.portal.directory.models.provisional import ProvisionalProvider, ProvisionalState
from hopback.portal.directory.models.registry import RegistryRecord, RegistrySnapshot

__all__ = [
    "Answers",
    "ClaimKind",
    "CodeAssignment",
    "Contact",
    "DecisionKind",
    "Duty",
    "IdentityClaim",
    "ImportKind",
    "ImportState",
    "ImportedFile",
    "LikelyPair",
    "LinkKind",
    "NumberDecision",
    "OpenNumber",
    "OpenState",
    "PairState",
    "PortRecord",
    "Provider",
    "ProviderLink",
    "ProvisionalProvider",
    "ProvisionalState",
    "RegistryRecord",
    "RegistrySnapshot",
    "RegistryStatus",
    "Source",
]
