"""JSON as shops write it into pages, mended where the meaning is plain."""

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

LONGEST = 2_000_000
"""Characters of one script that are mended; what is valid may be longer."""
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|"
    r"(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>|;)\s*$"
)
_BARE_TEMPLATE = re.compile(
    r"([:\[,]\s*)(?:\{\{[^{}]*\}\}|\{%[^{}]*%\}|<%[^%]{0,200}%>|\$\w+|undefined|NaN)(?=\s*[,}\]])"
)
_NO_VALUE = re.compile(r":(\s*)(?=[,}])")
_MOST_WRAPPINGS = 3
_BETWEEN = " \t\r\n,;\ufeff\u2028\u2029"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_AFTER_VALUE = re.compile(r'\s*(?:[}\]]|,\s*"(?:[^"\\]|\\.)*"\s*:|,\s*[}\]]|\Z|,?\s*/[/*])')
_AFTER_ELEMENT = re.compile(r'\s*(?:\]|,\s*(?:["{\[\d\]-]|true|false|null)|\Z)')
_AFTER_KEY = re.compile(r"\s*:")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPES = frozenset('"\\/bfnrtu')
_HEX = re.compile(r"[0-9a-fA-F]{4}")


def loads(text: str) -> Any:
    """The JSON in a script, mended where it is broken.

    That is: comments, CDATA, trailing commas and semicolons, bare quotes, control characters, HTML entities,
    templates never filled in, several values one after another.

    Returns:
        A list of them where there are several values, None when it cannot be read.
    """
    for prepare in (
        str.strip,
        _unwrap,
        lambda text: mend(_unwrap(text)),
        lambda text: mend(_unwrap(html.unescape(text))),
    ):
        try:
            return _values(prepare(text))
        except (ValueError, RecursionError):
            if len(text) > LONGEST:
                return None
    return None


def mend(text: str) -> str:
    """`text` with what no JSON may hold taken out or escaped."""
    text = _CONTROL.sub(" ", text)
    text = _NO_VALUE.sub(r": null\1", _BARE_TEMPLATE.sub(r"\1null", text)) if '"' in text else text
    return "".join(_tokens(text)).strip(_BETWEEN)


def _unwrap(text: str) -> str:
    for _ in range(_MOST_WRAPPINGS):
        text = _WRAPPING.sub("", text).strip(_BETWEEN)
    return text


def _values(text: str) -> Any:
    """The value of `text`, or the list of the values that stand in it one after another."""
    decoder = json.JSONDecoder(strict=False)
    values, at = [], 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        while at < len(text) and text[at] in _BETWEEN:
            at += 1
    if not values:
        raise ValueError("nothing in it")
    return values[0] if len(values) == 1 else values


def _tokens(text: str) -> Iterator[str]:
    at, is_key = 0, False
    stack: list[str] = []
    while at < len(text):
        character = text[at]
        if character == '"':
            ends = _AFTER_KEY.match if is_key else _AFTER_VALUE.match if stack[-1:] == ["{"] else _AFTER_ELEMENT.match
            string, at = _string(text, at + 1, ends)
            yield string
            continue
        if character == "/" and (comment := _COMMENT.match(text, at)):
            at = comment.end()
            continue
        at += 1
        if character in "{[":
            stack.append(character)
            is_key = character == "{"
        elif character in "}]":
            is_key = False
            if stack:
                stack.pop()
        elif character == ":":
            is_key = False
        elif character == ",":
            is_key = stack[-1:] == ["{"]
            at = _past_blanks(text, at)
            if text[at : at + 1] in ("}", "]", ""):
                continue
        yield character


def _past_blanks(text: str, at: int) -> int:
    while at < len(text):
        if text[at].isspace() or text[at] == ",":
            at += 1
        elif comment := _COMMENT.match(text, at):
            at = comment.end()
        else:
            break
    return at


def _string(text: str, at: int, ends: Callable[[str, int], object]) -> tuple[str, int]:
    """(the string from `at` with its quotes, where it ends); a quote after which no JSON goes on is a bare one."""
    parts = ['"']
    while at < len(text):
        character = text[at]
        at += 1
        if character == "\\":
            follower = text[at : at + 1]
            if follower in _ESCAPES and follower and (follower != "u" or _HEX.match(text, at + 1)):
                parts.append(character + follower)
                at += 1
            elif follower != "'":
                parts.append("\\\\")
        elif character == '"':
            if ends(text, at):
                break
            parts.append('\\"')
        else:
            parts.append(character)
    parts.append('"')
    return "".join(parts), at
