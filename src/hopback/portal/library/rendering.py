"""Plain text with a little Markdown (CommonMark) as safe HTML.

HTML in the text is shown, not taken; there are no images; a link leads to http, https or mailto only. The page's own
heading is the first, so a text's headings begin below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

__all__ = ["as_html"]

SCHEMES: Final = ("http://", "https://", "mailto:")
LOWEST: Final = 6


class _Reader(MarkdownIt):
    """CommonMark without HTML and images, and with few kinds of links."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        self.disable(["image", "html_block", "html_inline"])

    def validateLink(self, url: str) -> bool:  # noqa: N802 -- markdown-it's name
        """Whether a text may lead there."""
        return url.lower().startswith(SCHEMES)


_reader: Final = _Reader()


def as_html(text: str) -> SafeString:
    """The text as HTML that is safe to put into a page."""
    tokens = _reader.parse(text)
    _lower(tokens)
    html: str = _reader.renderer.render(tokens, _reader.options, {})
    return mark_safe(html)  # noqa: S308 -- the renderer escapes everything it did not make itself


def _lower(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + 1, LOWEST)}"
