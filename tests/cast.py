"""The standing cast, and the providers they answer for: what the portal's tests and the browser's have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hopback.portal.accounts.access import ROLES
from hopback.portal.accounts.models import Membership, Organisation, Part, User
from hopback.portal.audit.actors import Actor, Role

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["CAST", "KINDS", "SHEET", "actor_of", "gather"]

SHEET = """provider_id,legal_name,country,frn,ocn,time_zone,answers
P1,Bellwether Telephone LLC,US,0012345678,123A,America/Chicago,agent
P2,Coalbrook Networks Inc.,US,,,America/New_York,agent
P3,Silent Ridge Voice LLC,US,,,America/New_York,silent
P4,Far Shore Telecom Ltd,IN,,,Asia/Kolkata,silent
P5,Elm Originating Inc.,US,,,America/Los_Angeles,agent
"""
"""Bell's P1 and Cole's P2, who answer; P3 at home and P4 abroad, who never do; P5 far upstream."""

CAST = {
    "Ada": ("consortium", "lead"),
    "Abe": ("consortium", "analyst"),
    "Ann": ("consortium", "analyst"),
    "Otto": ("consortium", "auditor"),
    "Bell": ("P1", "provider_responder"),
    "Bea": ("P1", "provider_administrator"),
    "Cole": ("P2", "provider_responder"),
    "Dana": ("P9", "provider_responder"),
    "Fay": ("FTC", "agency_investigator"),
    "Gil": ("AG-IL", "agency_investigator"),
    "Sol": ("honeypots", "source"),
}
"""Ada leads, Abe and Ann analyse, Otto audits; Bell and Bea answer for P1, Cole for P2; Dana must see nothing."""

KINDS = {"consortium": "consortium", "FTC": "agency", "AG-IL": "agency", "honeypots": "source"}


def gather(noon: datetime) -> dict[str, User]:
    """Write the people down, each a member of one organisation since the day before ``noon``."""
    people = {}
    for name, (organisation, part) in CAST.items():
        kind = KINDS.get(organisation, "provider")
        row, _ = Organisation.objects.get_or_create(id=organisation, defaults={"name": organisation, "kind": kind})
        people[name] = User.objects.create_user(f"{name.lower()}@example.org", name=name)
        Membership.objects.create(user=people[name], organisation=row, part=part, since=noon - timedelta(days=1))
    return people


def actor_of(name: str, user: User) -> Actor:
    """One of them as the verbs know them."""
    organisation, part = CAST[name]
    role = ROLES[Part(part)]
    return Actor(
        user.audit_name,
        role,
        provider=organisation if role is Role.PROVIDER else None,
        organisation=organisation,
        administers=part in ("provider_administrator", "lead"),
    )
