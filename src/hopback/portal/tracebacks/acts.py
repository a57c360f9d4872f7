"""What people do on the page of a traceback: each act with its form, its words and the verb it comes to.

A page, a stale form and a refusal are the same for all of them (:mod:`hopback.portal.tracebacks.views`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.answers import AnswerKind
from hopback.kernel.commands import DisputeResult
from hopback.kernel.outcomes import Outcome
from hopback.portal.tracebacks import actions, forms
from hopback.wire.hops import HopAnswer, HopDetails

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.tracebacks.dossier import Dossier, HopTold

__all__ = ["ACTS", "HOP_ACTS", "Act", "Doing"]


@dataclass(frozen=True, slots=True)
class Doing:
    """Somebody acts: with what they filled in, on what they looked at."""

    actor: Actor
    dossier: Dossier
    hop: HopTold | None
    said: dict[str, Any]
    form: forms.ActForm
    at: datetime

    @property
    def seen(self) -> int:
        """The version they looked at."""
        seen: int = self.said["seen"]
        return seen

    @property
    def at_hop(self) -> HopTold:
        """The hop they act on."""
        if self.hop is None:
            raise LookupError("this act is about a hop")
        return self.hop


GRAVE: Final = True


@dataclass(frozen=True, slots=True)
class Act:
    """``title`` heads its page, ``submit`` stands on its button, ``done`` is said afterwards.

    ``is_grave``: it cannot simply be taken back.
    """

    title: str
    submit: str
    done: str
    form: type[forms.ActForm]
    do: Callable[[Doing], object]
    is_grave: bool = False


def _open(doing: Doing) -> None:
    provider = doing.said["provider"].pk
    actions.open_traceback(doing.actor, doing.dossier.row, at=doing.at, provider=provider, seen=doing.seen)


def _go_on(doing: Doing) -> None:
    actions.go_on(doing.actor, doing.dossier.row, at=doing.at, seen=doing.seen)


def _resume(doing: Doing) -> None:
    actions.resume(doing.actor, doing.dossier.row, at=doing.at, reason=doing.said["reason"], seen=doing.seen)


def _conclude(doing: Doing) -> None:
    actions.conclude(
        doing.actor,
        doing.dossier.row,
        at=doing.at,
        reason=doing.said["reason"],
        outcome=Outcome(doing.said["outcome"]),
        confidence=doing.said["confidence"],
        seen=doing.seen,
    )


def _close(doing: Doing) -> None:
    notices = tuple(doing.said["notices"])
    actions.close(doing.actor, doing.dossier.row, at=doing.at, notices=notices, seen=doing.seen)


def _reopen(doing: Doing) -> None:
    actions.reopen(
        doing.actor,
        doing.dossier.row,
        at=doing.at,
        reason=doing.said["reason"],
        erratum=doing.said["erratum"],
        seen=doing.seen,
    )


def _void(doing: Doing) -> None:
    actions.void(doing.actor, doing.dossier.row, at=doing.at, reason=doing.said["reason"], seen=doing.seen)


def _accept(doing: Doing) -> None:
    version = doing.said["version"]
    actions.judge_answer(doing.actor, doing.at_hop.row, at=doing.at, version=version, seen=doing.seen)


def _return(doing: Doing) -> None:
    form = doing.form
    missing = form.missing() if isinstance(form, forms.ReturnForm) else ()
    actions.return_answer(doing.actor, doing.at_hop.row, at=doing.at, missing=missing, seen=doing.seen)


def _name(doing: Doing) -> None:
    provider, reason = doing.said["provider"], doing.said["reason"]
    actions.name_upstream(doing.actor, doing.at_hop.row, provider, at=doing.at, reason=reason, seen=doing.seen)


def _answer(doing: Doing) -> None:
    said, hop = doing.said, doing.at_hop
    upstream = said["upstream"]
    message = HopAnswer(
        request_id=hop.row.request_id,
        provider=hop.hop.provider,
        answer=AnswerKind(said["kind"]),
        upstream=upstream.pk if upstream is not None else None,
        customer=said["customer"] or None,
        found_at=said["found_at"],
        source=said["source"] or None,
        confidence=float(said["sure"]),
        details=HopDetails(statement=said["statement"]),
        searched_from=said["searched_from"],
        searched_until=said["searched_until"],
        records_retained_since=said["records_retained_since"],
    )
    actions.answer_hop(doing.actor, hop.row, message, at=doing.at, seen=doing.seen)


def _send(doing: Doing) -> None:
    channel = doing.said.get("channel") or doing.said.get("contact", "")
    actions.send_request(doing.actor, doing.at_hop.row, at=doing.at, channels=(channel,), seen=doing.seen)


def _bounce(doing: Doing) -> None:
    channel, why = doing.said["channel"], doing.said["reason"]
    actions.record_bounce(doing.actor, doing.at_hop.row, at=doing.at, channel=channel, why=why, seen=doing.seen)


def _deliver(doing: Doing) -> None:
    received, proof = doing.said["received"], doing.said["proof"]
    actions.record_delivery(doing.actor, doing.at_hop.row, at=doing.at, received=received, proof=proof)


def _escalate(doing: Doing) -> None:
    actions.escalate(doing.actor, doing.at_hop.row, at=doing.at, told=doing.said["told"], seen=doing.seen)


def _find(doing: Doing) -> None:
    actions.find_non_responsive(
        doing.actor,
        doing.at_hop.row,
        at=doing.at,
        reason=doing.said["reason"],
        evidence=tuple(doing.said["evidence"]),
        noticed_at=doing.said["noticed"] or doing.at_hop.noticed_at,
        seen=doing.seen,
    )


def _fork(doing: Doing) -> None:
    provider, reason = doing.said["provider"], doing.said["reason"]
    actions.fork(doing.actor, doing.at_hop.row, provider, at=doing.at, reason=reason, seen=doing.seen)


def _dispute(doing: Doing) -> None:
    actions.dispute(
        doing.actor,
        doing.at_hop.row,
        at=doing.at,
        statement=doing.said["statement"],
        provider=doing.said["provider"],
        seen=doing.seen,
    )


def _resolve(doing: Doing) -> None:
    result, reason = DisputeResult(doing.said["result"]), doing.said["reason"]
    actions.resolve_dispute(doing.actor, doing.at_hop.row, at=doing.at, result=result, reason=reason, seen=doing.seen)


def _cancel(doing: Doing) -> None:
    actions.cancel_hop(doing.actor, doing.at_hop.row, at=doing.at, reason=doing.said["reason"], seen=doing.seen)


ACTS: Final = {
    "open": Act("Ask the first provider", "Ask it", "The request is on its way.", forms.OpenForm, _open),
    "go_on": Act("Ask the provider that was named", "Ask it", "The request is on its way.", forms.ActForm, _go_on),
    "resume": Act("Go on with this traceback", "Go on", "The traceback goes on.", forms.ReasonForm, _resume),
    "conclude": Act("Conclude this traceback", "Conclude", "The outcome is set.", forms.ConcludeForm, _conclude),
    "close": Act("Check and close", "Close", "The traceback is closed.", forms.CloseForm, _close),
    "reopen": Act("Take this traceback up again", "Reopen", "It is open again.", forms.ReopenForm, _reopen, GRAVE),
    "void": Act("Set this traceback aside", "Set aside", "It is set aside.", forms.ReasonForm, _void, GRAVE),
}
"""What is done with a traceback as a whole."""

HOP_ACTS: Final = {
    "accept": Act("Let this answer stand", "Let it stand", "The answer stands.", forms.AcceptForm, _accept),
    "return": Act("Send this answer back", "Send it back", "The answer went back.", forms.ReturnForm, _return),
    "name": Act("Say which provider is meant", "Ask that provider", "The provider is named.", forms.NameForm, _name),
    "answer": Act("Write down what it said", "Write it down", "It is written down.", forms.AnswerForm, _answer),
    "send": Act("Send the request", "Note it as sent", "The request is noted as sent.", forms.SendForm, _send),
    "bounce": Act("The request came back", "It came back", "It is noted.", forms.BounceForm, _bounce),
    "deliver": Act("The request was received", "Start the clock", "The clock runs.", forms.DeliverForm, _deliver),
    "escalate": Act("Tell somebody else there", "Note the step", "The step is noted.", forms.EscalateForm, _escalate),
    "find": Act("Find that it did not respond", "Make this finding", "It is found.", forms.FindForm, _find, GRAVE),
    "fork": Act("Ask another provider besides", "Ask it", "The request is on its way.", forms.ForkForm, _fork),
    "dispute": Act("A provider contests this", "Open the dispute", "It is in dispute.", forms.DisputeForm, _dispute),
    "resolve": Act("Decide the dispute", "Decide", "The dispute is decided.", forms.ResolveForm, _resolve, GRAVE),
    "cancel": Act("Ask it no longer", "Ask it no longer", "It is no longer asked.", forms.ReasonForm, _cancel, GRAVE),
}
"""What is done at one hop."""
