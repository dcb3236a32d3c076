"""Read text as people see it: without tags and entities in a value, without buttons and menus in an element."""

import html
import re
from collections.abc import Iterator
from typing import Any

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MAX_ESCAPES = 3
_TAG = re.compile(
    r"<!--.*?-->|<(?:script|style)\b[^>]*>.*?</(?:script|style)\s*>"
    r"|</?(?:a|abbr|b|big|br|center|del|div|em|font|h[1-6]|i|img|ins|label|li|mark|nobr|ol|p|s|section|small|span|strike"
    r"|strong|su[bp]|svg|t[dr]|u|ul|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE | re.DOTALL,
)
_BREAKING_TAG = re.compile(r"^</?(?:br|center|div|h[1-6]|img|li|ol|p|section|t[dr]|ul)\b", re.IGNORECASE)
_INVISIBLE = str.maketrans("", "", "\u00ad\u200b\u2060\ufeff")
_UNSEEN_TAGS = frozenset({"script", "style", "template", "noscript", "svg", "iframe"})
_CONTROL_TAGS = frozenset({"button", "select", "input", "textarea", "option"})
_BLOCK_TAGS = frozenset(
    {
        "br",
        "div",
        "p",
        "li",
        "ul",
        "ol",
        "tr",
        "td",
        "th",
        "dt",
        "dd",
        "section",
        "article",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
    }
)


def plain_text(text: str) -> str:
    """Return a name or value on one line without HTML tags, with its entities decoded, however often they are escaped.

    "Rock &amp;amp; Roll<br>Tee" gives "Rock & Roll Tee". An ampersand that starts no entity is kept: "H&M".
    """
    for _ in range(_MAX_ESCAPES):
        if "&" not in text or (decoded := _ENTITY.sub(lambda match: html.unescape(match[0]), text)) == text:
            break
        text = decoded
    if "<" in text:
        text = _TAG.sub(lambda match: " " if _BREAKING_TAG.match(match[0]) else "", text)
    return " ".join(text.translate(_INVISIBLE).split())


def visible_text(element: Any) -> str:
    """Return the text of an element on one line, without scripts, buttons and the choices of form controls."""
    return " ".join("".join(_text_parts(element)).split())


def _text_parts(element: Any) -> Iterator[str]:
    """Yield the texts in document order, with a space around blocks; without recursion, however deep the page is."""
    stack: list[Any] = [element]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            yield part
            continue
        if part is not element and part.tail:
            stack.append(part.tail)
        is_unseen = not isinstance(part.tag, str) or part.tag in _UNSEEN_TAGS
        if is_unseen or (part.tag in _CONTROL_TAGS and part is not element):
            continue
        if part.tag in _BLOCK_TAGS:
            yield " "
            stack.append(" ")
        stack.extend(reversed(part))
        if part.text:
            stack.append(part.text)
