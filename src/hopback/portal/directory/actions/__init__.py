"""Every write to the directory."""

from __future__ import annotations

from hopback.portal.directory.actions.contacts import (
    ContactDraft,
    add_contact,
    ask_to_verify,
    change_contact,
    end_contact,
    note_bounce,
    note_delivery,
    verify_contact,
)
from hopback.portal.directory.actions.imports import discard_file, import_file, preview_file, take_over_file
from hopback.portal.directory.actions.links import (
    link_providers,
    merge_providers,
    refresh_pairs,
    settle_pair,
    undo_link,
)
from hopback.portal.directory.actions.numbers import (
    NumberDraft,
    decide_number,
    end_decision,
    record_lookup,
    redirect_number,
    resolve_or_queue,
)
from hopback.portal.directory.actions.providers import (
    ProviderDraft,
    add_provider,
    change_provider,
    import_providers,
    state_claims,
    supersede_claim,
)
from hopback.portal.directory.actions.provisional import (
    ProviderClaim,
    accept_provisional,
    match_provisional,
    propose_provisional,
    reject_provisional,
)

__all__ = [
    "ContactDraft",
    "NumberDraft",
    "ProviderClaim",
    "ProviderDraft",
    "accept_provisional",
    "add_contact",
    "add_provider",
    "ask_to_verify",
    "change_contact",
    "change_provider",
    "decide_number",
    "discard_file",
    "end_contact",
    "end_decision",
    "import_file",
    "import_providers",
    "link_providers",
    "match_provisional",
    "merge_providers",
    "note_bounce",
    "note_delivery",
    "preview_file",
    "propose_provisional",
    "record_lookup",
    "redirect_number",
    "refresh_pairs",
    "reject_provisional",
    "resolve_or_queue",
    "settle_pair",
    "state_claims",
    "supersede_claim",
    "take_over_file",
    "undo_link",
    "verify_contact",
]
