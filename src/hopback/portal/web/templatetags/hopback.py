"""The tags every page is made with: fields, states, instants, deadlines, lists.

What stands here gives markup that is accessible and carries no inline style or script; what it is
given is escaped.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import phonenumbers
from django import forms, template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

import hopback
from hopback.kernel.clocks import Why, office_zone
from hopback.kernel.errors import BadInput
from hopback.portal.clock import now as clock_now
from hopback.render.states import SHAPES, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from django.template import Context

    from hopback.kernel.clocks import Segment

__all__ = ["register"]

register = template.Library()

_WHY: Final = {
    Why.RUNNING: "the clock runs",
    Why.BEFORE_HOURS: "before opening",
    Why.AFTER_HOURS: "after closing",
    Why.WEEKEND: "weekend",
    Why.DAY_OFF: "this office does not work that day",
    Why.HOLIDAY: "holiday",
}
_EMPTY: Final = mark_safe("")
_CHOICES: Final = (forms.RadioSelect, forms.CheckboxSelectMultiple)
_ALIKE: Final = {
    forms.Textarea: "usa-textarea",
    forms.Select: "usa-select",
    forms.SelectMultiple: "usa-select",
    forms.CheckboxInput: "usa-checkbox__input",
}
MINUTE, HOUR, DAY = 60, 3600, 86400


# Forms


@register.simple_tag
def field(bound: forms.BoundField, kind: str = "") -> SafeString:
    """A field with its label, hint, error and input, tied together. ``kind`` adds classes to the input (``short``)."""
    if bound.is_hidden:
        return mark_safe(str(bound))  # noqa: S308 -- Django's own widget
    widget, errors = bound.field.widget, list(bound.errors)
    hint_id, error_id = f"{bound.auto_id}-hint", f"{bound.auto_id}-error"
    hint = format_html('<span class="usa-hint" id="{}">{}</span>', hint_id, bound.help_text) if bound.help_text else ""
    error = (
        format_html(
            '<span class="usa-error-message" id="{}"><span class="sr">Error: </span>{}</span>',
            error_id,
            " ".join(str(one) for one in errors),
        )
        if errors
        else ""
    )
    described = " ".join(name for name, is_there in ((hint_id, bound.help_text), (error_id, errors)) if is_there)
    attrs: dict[str, str | bool] = {"aria-describedby": described} if described else {}
    if errors:
        attrs["aria-invalid"] = "true"
    group = "usa-form-group usa-form-group--error" if errors else "usa-form-group"
    optional = _optional(bound)
    if isinstance(widget, _CHOICES):
        return format_html(
            '<div class="{}"><fieldset class="usa-fieldset" id="{}" tabindex="-1"{}>'
            '<legend class="usa-legend">{}{}</legend>{}{}{}</fieldset></div>',
            group,
            bound.auto_id,
            format_html(' aria-describedby="{}"', described) if described else "",
            bound.label,
            optional,
            hint,
            error,
            _choices(bound, "radio" if isinstance(widget, forms.RadioSelect) else "checkbox"),
        )
    base = next((css for one, css in _ALIKE.items() if isinstance(widget, one)), "usa-input")
    wrong = " usa-input--error" if errors else ""
    given = widget.attrs.get("class", "")
    attrs["class"] = " ".join(f"{base}{wrong} {given} {kind}".split())
    if isinstance(widget, forms.CheckboxInput):
        return format_html(
            '<div class="{}"><div class="usa-checkbox">{}<label class="usa-checkbox__label" for="{}">{}</label>{}{}'
            "</div></div>",
            group,
            bound.as_widget(attrs=attrs),
            bound.id_for_label,
            bound.label,
            hint,
            error,
        )
    return format_html(
        '<div class="{}"><label class="usa-label" for="{}">{}{}</label>{}{}{}</div>',
        group,
        bound.id_for_label,
        bound.label,
        optional,
        hint,
        error,
        bound.as_widget(attrs=attrs),
    )


def _optional(bound: forms.BoundField) -> SafeString:
    return _EMPTY if bound.field.required else mark_safe(' <span class="quiet">(optional)</span>')


def _choices(bound: forms.BoundField, kind: str) -> SafeString:
    return format_html_join(
        "",
        '<div class="usa-{0}">{1}<label class="usa-{0}__label" for="{2}">{3}</label></div>',
        (
            (kind, _option(option, f"usa-{kind}__input"), option.id_for_label, option.choice_label)
            for option in bound.subwidgets
        ),
    )


def _option(option: Any, css: str) -> SafeString:
    option.data["attrs"] = {**option.data["attrs"], "class": css}
    option.data["wrap_label"] = False
    return mark_safe(str(option.tag()))  # noqa: S308 -- Django's own widget


@register.simple_tag
def errors(*given: Any) -> SafeString:
    """What is wrong with a form (or several), each line leading to its field. Takes the focus when the page opens."""
    lines: list[tuple[str, str]] = []
    for form in given:
        if not isinstance(form, forms.BaseForm) or not form.is_bound:
            continue
        lines += [("", str(line)) for line in form.non_field_errors()]
        for bound in form:
            target = bound.id_for_label or bound.auto_id
            lines += [(target, f"{bound.label}: {line}") for line in bound.errors if not bound.is_hidden]
            lines += [("", str(line)) for line in bound.errors if bound.is_hidden]
    if not lines:
        return _EMPTY
    heading = "This has to be looked at" if len(lines) == 1 else f"{len(lines)} things have to be looked at"
    return format_html(
        '<div class="usa-alert usa-alert--error" id="errors" role="alert" tabindex="-1" autofocus>'
        '<div class="usa-alert__body"><h2 class="usa-alert__heading">{}</h2><ul>{}</ul></div></div>',
        heading,
        format_html_join(
            "",
            "<li>{}</li>",
            ((format_html('<a href="#{}">{}</a>', to, line) if to else line,) for to, line in lines),
        ),
    )


# States, instants, numbers


@register.simple_tag
def state(value: Any, words: str = "") -> SafeString:
    """A state as a badge: words, a shape and a colour. ``words`` says it otherwise than usual."""
    if value is None or value == "":
        return _EMPTY
    known = told(str(getattr(value, "value", value)))
    return format_html(
        '<span class="state {}"><svg viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d="{}"/></svg>{}'
        "</span>",
        known.tone,
        SHAPES[known.shape],
        words or known.words,
    )


@register.simple_tag(takes_context=True)
def instant(context: Context, when: Any, zone: str = "") -> SafeString:
    """An instant in ``zone`` (an IANA name), else in the reader's; pointing at it tells UTC."""
    if when is None or when == "":
        return _nothing()
    at = _utc(when)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', _iso(at), _plain_utc(at), _in_words(at, _zone(context, zone))
    )


@register.simple_tag(takes_context=True)
def day(context: Context, when: Any, zone: str = "") -> SafeString:
    """The date alone, of an instant in ``zone`` or the reader's, or of a date."""
    if when is None or when == "":
        return _nothing()
    if isinstance(when, date) and not isinstance(when, datetime):
        return format_html('<time datetime="{}">{}</time>', when.isoformat(), _date(when))
    local = _utc(when).astimezone(_zone(context, zone))
    return format_html('<time datetime="{}">{}</time>', local.date().isoformat(), _date(local))


@register.simple_tag(takes_context=True)
def ago(context: Context, when: Any) -> SafeString:
    """How long ago or in how long; pointing at it tells the instant in UTC."""
    if when is None or when == "":
        return _nothing()
    at = _utc(when)
    here = context.get("now")
    seconds = ((here if isinstance(here, datetime) else clock_now()) - at).total_seconds()
    return format_html('<time datetime="{}" title="{}">{}</time>', _iso(at), _plain_utc(at), _span(seconds))


@register.simple_tag
def number(e164: Any) -> SafeString:
    """A telephone number as people write it; ``withheld`` where there is none."""
    digits = str(e164 if e164 is not None else "").lstrip("+")
    if not digits:
        return mark_safe('<span class="quiet">withheld</span>')
    written = f"+{digits}"
    try:
        parsed = phonenumbers.parse(written, None)
    except phonenumbers.NumberParseException:
        return format_html('<span class="tel">{}</span>', e164)
    if parsed.country_code == 1:
        written = "+1 " + phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    else:
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return format_html('<span class="tel">{}</span>', written)


@register.simple_tag(takes_context=True)
def deadline(
    context: Context,
    respond_by: datetime | None,
    delinquent_after: datetime | None,
    working: Sequence[Segment] = (),
    zone: str = "",
) -> SafeString:
    """When an answer is due, in the time of the office asked, and how that was counted, to open.

    Where the page is for print (``print`` in its context) that is open.
    """
    if respond_by is None:
        return mark_safe('<span class="quiet">no deadline yet: receipt is not proven</span>')
    office = _zone(context, zone)
    later = ""
    if delinquent_after is not None and delinquent_after != respond_by:
        later = format_html(
            '<p class="small quiet">The rule can be read two ways. By the later one the answer is due {}; '
            "nothing is held against anybody before.</p>",
            _in_words(delinquent_after, office),
        )
    rows = format_html_join(
        "",
        '<tr class="{}"><td>{}</td><td>{}</td><td class="num">{}</td><td>{}{}</td><td>{}</td></tr>',
        (
            (
                "runs" if part.runs else "stopped",
                _in_words(part.start, office),
                _in_words(part.end, office),
                _length(part),
                "counts" if part.runs else "does not count: ",
                "" if part.runs else (f"{_WHY[part.why]} ({part.note})" if part.note else _WHY[part.why]),
                part.cite,
            )
            for part in working
        ),
    )
    opened = (
        format_html(
            '<details{}><summary>How this was counted</summary><div class="wide" role="region" tabindex="0" '
            'aria-label="How the deadline was counted"><table><caption>From receipt to the deadline, in the time of '
            'the office asked ({})</caption><thead><tr><th scope="col">From</th><th scope="col">To</th>'
            '<th scope="col" class="num">Length</th><th scope="col">Counts?</th><th scope="col">Rule</th></tr></thead>'
            "<tbody>{}</tbody></table></div>{}</details>",
            _EMPTY if not context.get("print") else mark_safe(" open"),  # on paper nothing can be opened
            getattr(office, "key", "UTC"),
            rows,
            later,
        )
        if working
        else later
    )
    return format_html(
        '<div class="deadline"><time datetime="{}" title="{}">{}</time>{}</div>',
        _iso(respond_by),
        _plain_utc(respond_by),
        _in_words(respond_by, office),
        opened,
    )


# Lists and frames


@register.simple_block_tag
def facts(content: str) -> SafeString:
    """``{% facts %}<dt>…</dt><dd>…</dd>{% endfacts %}``: pairs of what and how."""
    return format_html('<dl class="facts">{}</dl>', content)


@register.simple_tag
def pager(page: Any) -> SafeString:
    """The ways to the page before and the one after; nothing where there is neither."""
    before, after = getattr(page, "previous", ""), getattr(page, "next", "")
    if not before and not after:
        return _EMPTY
    links = [
        format_html('<a class="usa-button usa-button--outline small" rel="{}" href="{}">{}</a>', rel, to, words)
        for rel, to, words in (("prev", before, "Earlier in the list"), ("next", after, "More"))
        if to
    ]
    return format_html('<nav class="pager" aria-label="Pages of this list">{}</nav>', mark_safe(" ".join(links)))  # noqa: S308


@register.simple_tag
def empty(sentence: str) -> SafeString:
    """What would be in a list that has nothing."""
    return format_html('<p class="empty">{}</p>', sentence)


@register.filter
def items_of(mapping: Any) -> Iterable[tuple[Any, Any]]:
    """The pairs of a mapping whose keys may be called anything, ``items`` too."""
    return mapping.items() if hasattr(mapping, "items") else ()


@register.simple_tag
def version() -> str:
    """Which Hopback this is."""
    return hopback.__version__


# What the tags above are made of


def _nothing() -> SafeString:
    return mark_safe('<span class="quiet">none</span>')


def _zone(context: Context, name: str) -> ZoneInfo:
    """The zone of that name, else the reader's, else UTC."""
    if not name:
        user = getattr(context.get("request"), "user", None)
        name = str(getattr(user, "time_zone", "") or "UTC")
    try:
        return office_zone(name)
    except BadInput:
        return office_zone("UTC")


def _utc(when: Any) -> datetime:
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    if not isinstance(when, datetime):
        msg = f"{conditional_escape(when)} is no instant"
        raise TypeError(msg)
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain_utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _date(at: date) -> str:
    return f"{at:%b} {at.day}, {at.year}"


def _in_words(at: datetime, zone: ZoneInfo) -> str:
    """``Tue Nov 24, 2026, 11:35 EST``: a day of the week, because deadlines hang on it, and the zone, always."""
    local = at.astimezone(zone)
    name = local.tzname() or "UTC"
    if not name.isalpha():
        name = f"UTC{name}"
    return f"{local:%a} {_date(local)}, {local:%H:%M} {name}"


def _span(seconds: float) -> str:
    """``3 hours ago``, ``in 2 days``."""
    size = abs(seconds)
    if size < MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    for unit, length, least in (("day", DAY, 2 * DAY), ("hour", HOUR, HOUR), ("minute", MINUTE, MINUTE)):
        if size >= least:
            count = int(size // length)
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"{words} ago" if seconds >= 0 else f"in {words}"
    return "just now"


def _length(part: Segment) -> str:
    minutes = round((part.end - part.start).total_seconds() / MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"
