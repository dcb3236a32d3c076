"""Extract the visible text from HTML, or from plain text with entities."""

import html
import re
from html.entities import html5

_TAG = re.compile(r"<(/?)([a-z!][^\s<>/]*)[^<>]*>", re.IGNORECASE)
_HIDDEN_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1|\Z)", re.IGNORECASE | re.DOTALL)
_COMMON_TAG = re.compile(r"</?(?:a|b|br|div|em|font|h[1-6]|i|li|ol|p|span|strong|table|td|tr|u|ul)\b", re.IGNORECASE)
_UNCLOSED_ENTITY = re.compile(r"&([a-zA-Z]{2,8})\b(?!;)")
_NON_NESTING_TAGS = frozenset({"br", "hr", "img", "input", "col", "p", "li"})
_MAX_CHARS = 1_000_000
"""Longer texts are cut; real descriptions are far shorter."""
_MAX_DEPTH = 200
"""libxml2 drops text that is nested deeper than 256 tags, which happens where tags such as <font> are never closed."""


def extract_visible_text(markup: str) -> str:
    """Return the text that a browser would show; words on both sides of a tag stay two words.

    Never raises: if the parser fails, everything that looks like a tag is removed. Markup that was escaped once too
    often (`&lt;br&gt;`, common in feeds) is resolved too. Texts longer than a million characters are cut.
    """
    text = markup[:_MAX_CHARS]
    for _ in range(2):
        if _COMMON_TAG.search(text) or ("<" in text and _TAG.search(text)):
            text = _extract_text(text)
        elif "&" in text:
            text = _unescape(text)
        else:
            break
    return text


def _extract_text(markup: str) -> str:
    import html_text
    from lxml.etree import LxmlError

    readable = markup.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
    if _is_too_deep(readable):
        return _strip_tags(readable)
    try:
        text: str = html_text.extract_text(readable, guess_layout=False)
    except (LxmlError, ValueError, TypeError, AssertionError, RecursionError):
        return _strip_tags(readable)
    return text


def _is_too_deep(markup: str) -> bool:
    if markup.count("<") <= _MAX_DEPTH:
        return False
    depth = 0
    for closing, name in _TAG.findall(markup):
        if name.lower() not in _NON_NESTING_TAGS:
            depth = max(0, depth - 1) if closing else depth + 1
        if depth > _MAX_DEPTH:
            return True
    return False


def _strip_tags(markup: str) -> str:
    return _unescape(_TAG.sub(" ", _HIDDEN_MARKUP.sub(" ", markup)))


def _unescape(text: str) -> str:
    """Resolve entities, also those without their semicolon ("&rdquo is")."""
    return _UNCLOSED_ENTITY.sub(lambda entity: html5.get(entity[1] + ";", entity[0]), html.unescape(text))
