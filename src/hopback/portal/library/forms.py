"""What people fill in about the library."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms

from hopback.portal.accounts.models import Kind
from hopback.portal.library.actions import LARGEST_FILE, MOST_FILES, Draft, Upload
from hopback.portal.library.models import ItemKind

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from hopback.portal.library.models import Edition

__all__ = ["DraftForm", "ReviseForm", "WithdrawForm"]

KINDS = [
    (Kind.PROVIDER.value, "All providers"),
    (Kind.AGENCY.value, "All agencies"),
    (Kind.SOURCE.value, "All sources"),
    (Kind.CONSORTIUM.value, "The consortium's own people"),
]


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Several files at once."""

    widget = _Files

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Each of the files; too large a one is refused before it is read."""
        found = data if isinstance(data, list | tuple) else [data] if data else []
        files = [super(_FilesField, self).clean(one, initial) for one in found]
        for one in files:
            if one.size > LARGEST_FILE:
                raise forms.ValidationError(f"{one.name} is larger than {LARGEST_FILE // 2**20} MB.")
        return files


class DraftForm(forms.Form):
    """What an item says, and for whom."""

    kind = forms.ChoiceField(label="What is it?", choices=ItemKind.choices, widget=forms.RadioSelect)
    title = forms.CharField(label="Title", max_length=200)
    body = forms.CharField(
        label="Text",
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text="Plain text. An empty line begins a paragraph, # a heading, - a list; **strong**, [words](https://…).",
    )
    kinds = forms.MultipleChoiceField(label="For", choices=KINDS, required=False, widget=forms.CheckboxSelectMultiple)
    organisations = forms.CharField(
        label="And these organisations",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Their ids, with spaces or commas between.",
    )
    attached = _FilesField(
        label="Files",
        required=False,
        help_text=f"At most {MOST_FILES}, each at most {LARGEST_FILE // 2**20} MB.",
    )

    def wanted(self) -> Draft:
        """What the form asks for."""
        given = self.cleaned_data
        files = tuple(Upload(one.name or "file", one.read()) for one in given["attached"])
        named = tuple(one for one in re.split(r"[\s,;]+", given["organisations"]) if one)
        return Draft(given["title"], given["body"], tuple(given["kinds"]), named, files)


class ReviseForm(DraftForm):
    """The next edition of an item."""

    keep = forms.TypedMultipleChoiceField(
        label="Files that stay", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(label="What has changed?", max_length=300, required=False)
    is_small = forms.BooleanField(
        label="A small correction: whoever has read the edition before need not read this one", required=False
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, edition: Edition, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["kind"]
        files = list(edition.files.all())
        if files:
            self.fields["keep"].choices = [(file.number, file.name) for file in files]  # type: ignore[attr-defined]
        else:
            del self.fields["keep"]


class WithdrawForm(forms.Form):
    """Why an item is withdrawn."""

    why = forms.CharField(label="Why?", max_length=300)
    seen = forms.IntegerField(widget=forms.HiddenInput)
