"""The tags every page is made with."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.template import Context, Engine

from hopback.kernel.answers import AnswerKind
from hopback.kernel.clocks import OfficeHours, deadline
from hopback.kernel.disclosure import OwnState, Stage
from hopback.kernel.hops import HopState, TraceState
from hopback.kernel.outcomes import Outcome
from hopback.render.states import SHAPES, told

ENGINE = Engine(libraries={"hopback": "hopback.portal.web.templatetags.hopback"})
NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


def shown(text: str, **given: Any) -> str:
    return ENGINE.from_string("{% load hopback %}" + text).render(Context(given))


class Answering(forms.Form):
    upstream = forms.CharField(help_text="As it stands in your switch", label="Who handed it to you")
    found = forms.ChoiceField(choices=[("y", "<b>Yes</b>"), ("n", "No")], widget=forms.RadioSelect, label="Found")
    note = forms.CharField(widget=forms.Textarea, required=False)
    sure = forms.BooleanField(label="I am sure")
    day = forms.ChoiceField(choices=[("1", "Monday")], required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)


def test_an_input_is_tied_to_its_label_its_hint_and_its_error() -> None:
    field = shown("{% field form.upstream %}", form=Answering({"upstream": ""}))
    assert '<label class="usa-label" for="id_upstream">Who handed it to you</label>' in field
    assert 'aria-describedby="id_upstream-hint id_upstream-error"' in field
    assert 'id="id_upstream-hint">As it stands in your switch<' in field
    assert 'id="id_upstream-error"' in field
    assert "This field is required." in field
    assert 'aria-invalid="true"' in field
    assert "usa-input--error" in field


def test_a_field_without_error_says_nothing_of_one() -> None:
    field = shown("{% field form.upstream %}", form=Answering())
    assert "error" not in field
    assert "aria-invalid" not in field
    assert "(optional)" not in field
    assert '<span class="quiet">(optional)</span>' in shown("{% field form.note %}", form=Answering())


def test_choices_are_a_fieldset_whose_options_are_escaped() -> None:
    field = shown("{% field form.found %}", form=Answering({"found": "n"}))
    assert field.count("<fieldset") == 1
    assert '<legend class="usa-legend">Found' in field
    assert "&lt;b&gt;Yes&lt;/b&gt;" in field
    assert "<b>" not in field
    assert field.count('class="usa-radio__input"') == 2
    assert '<label class="usa-radio__label" for="id_found_1">No</label>' in field


@pytest.mark.parametrize(
    ("name", "css"), [("note", "usa-textarea"), ("day", "usa-select"), ("sure", "usa-checkbox__input")]
)
def test_each_kind_of_input_has_its_look(name: str, css: str) -> None:
    form = Answering()
    assert f'class="{css}"' in shown("{% field bound %}", bound=form[name])


def test_no_field_carries_inline_style_or_script() -> None:
    form = Answering({})
    page = shown("{% errors form %}{% for one in form %}{% field one %}{% endfor %}", form=form)
    assert "style=" not in page
    assert "<script" not in page
    assert not re.search(r"<[^>]* on\w+=", page)


def test_the_summary_of_errors_leads_to_each_field_and_takes_the_focus() -> None:
    form = Answering({"found": "maybe"})
    form.add_error(None, "Somebody <else> was faster")
    summary = shown("{% errors form %}", form=form)
    assert 'role="alert" tabindex="-1" autofocus' in summary
    assert '<a href="#id_upstream">Who handed it to you: This field is required.</a>' in summary
    assert "<li>Somebody &lt;else&gt; was faster</li>" in summary
    assert 'href="#id_seen"' not in summary


def test_a_form_without_errors_has_no_summary() -> None:
    assert shown("{% errors form %}", form=Answering()) == ""
    assert shown("{% errors form %}", form=None) == ""


@pytest.mark.parametrize("kind", [TraceState, HopState, OwnState, Stage, Outcome, AnswerKind])
def test_every_state_of_the_process_has_words_a_tone_and_a_shape(kind: Any) -> None:
    for one in kind:
        said = told(one.value)
        assert said.words
        assert said.shape in SHAPES
        badge = shown("{% state one %}", one=one)
        assert said.words in badge
        assert f'class="state {said.tone}"' in badge
        assert 'aria-hidden="true"' in badge


def test_states_of_the_process_that_alarm_do_not_look_alike() -> None:
    alarming = {told(one).shape for one in ("overdue", "delinquent", "non_responsive")}
    assert len(alarming) == 3


def test_an_unknown_state_speaks_for_itself_and_is_escaped() -> None:
    assert "in limbo" in shown("{% state 'in_limbo' %}")
    assert "&lt;b&gt;" in shown("{% state one %}", one="<b>")


def test_an_instant_is_told_in_the_zone_asked_for_with_utc_behind_it() -> None:
    told_ = shown("{% instant at 'America/Chicago' %}", at=NOON)
    assert told_ == (
        '<time datetime="2026-11-20T17:00:00Z" title="2026-11-20 17:00:00 UTC">Fri Nov 20, 2026, 11:00 CST</time>'
    )


def test_an_instant_without_a_zone_is_told_in_the_readers() -> None:
    request = SimpleNamespace(user=SimpleNamespace(time_zone="America/New_York"))
    assert "12:00 EST" in shown("{% instant at %}", at=NOON, request=request)
    assert "17:00 UTC" in shown("{% instant at %}", at=NOON)
    assert "14:00 UTC-03" in shown("{% instant at 'America/Sao_Paulo' %}", at=NOON)
    assert "17:00 UTC" in shown("{% instant at 'Nowhere/Town' %}", at=NOON)


def test_a_day_is_the_day_of_the_zone() -> None:
    late = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert ">Nov 20, 2026<" in shown("{% day at 'America/Chicago' %}", at=late)
    assert ">Nov 5, 2026<" in shown("{% day on %}", on=date(2026, 11, 5))


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=30), "30 hours ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(hours=-2), "in 2 hours"),
        (timedelta(seconds=-5), "in a moment"),
    ],
)
def test_how_long_ago_is_counted_from_the_time_of_the_page(later: timedelta, words: str) -> None:
    assert f">{words}</time>" in shown("{% ago at %}", at=NOON, now=NOON + later)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (12025550143, "+1 (202) 555-0143"),
        ("+12025550143", "+1 (202) 555-0143"),
        (442079460000, "+44 20 7946 0000"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_a_number_is_written_as_people_write_it(given: Any, written: str) -> None:
    assert written in shown("{% number n %}", n=given)


def test_no_number_is_withheld() -> None:
    assert "withheld" in shown("{% number n %}", n=None)


def test_a_deadline_opens_its_working() -> None:
    hours = OfficeHours(time(9), time(17), frozenset(range(5)), "America/Chicago")
    due = deadline(
        datetime(2026, 11, 25, 21, 0, tzinfo=UTC),
        hours=hours,
        holidays={date(2026, 11, 26): "Thanksgiving"},
        allowed=timedelta(hours=24),
    )
    told_ = shown(
        "{% deadline due.respond_by due.delinquent_after due.working due.zone %}",
        due=due,
    )
    assert "Fri Nov 27, 2026, 15:00 CST</time>" in told_
    assert "<details><summary>How this was counted</summary>" in told_
    assert "holiday (Thanksgiving)" in told_
    assert told_.count("<tr") == 1 + len(due.working)
    assert "two ways" not in told_


def test_a_deadline_with_two_readings_says_from_when_anything_is_held() -> None:
    hours = OfficeHours(time(9), time(17), frozenset(range(5)), "America/Chicago")
    due = deadline(
        datetime(2026, 11, 18, 12, 0, tzinfo=UTC), hours=hours, holidays=frozenset(), allowed=timedelta(hours=24)
    )
    assert due.is_ambiguous
    told_ = shown("{% deadline due.respond_by due.delinquent_after due.working due.zone %}", due=due)
    assert "two ways" in told_
    assert "Fri Nov 20, 2026, 09:00 CST" in told_


def test_no_deadline_says_why() -> None:
    assert "receipt is not proven" in shown("{% deadline None None %}")


def test_a_pager_leads_both_ways_or_is_not_there() -> None:
    page = SimpleNamespace(next="?after=a&q=<", previous="?before=b")
    told_ = shown("{% pager page %}", page=page)
    assert 'rel="next" href="?after=a&amp;q=&lt;"' in told_
    assert 'rel="prev" href="?before=b"' in told_
    assert shown("{% pager page %}", page=SimpleNamespace(next="", previous="")) == ""


def test_facts_and_empty_lists_are_framed() -> None:
    assert shown("{% facts %}<dt>a</dt><dd>{{ x }}</dd>{% endfacts %}", x="<") == (
        '<dl class="facts"><dt>a</dt><dd>&lt;</dd></dl>'
    )
    assert shown("{% empty words %}", words="Requests <appear> here.") == (
        '<p class="empty">Requests &lt;appear&gt; here.</p>'
    )
