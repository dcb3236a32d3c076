"""Parse JSON as shops write it into pages, and repair it where the meaning is clear."""

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

MAX_REPAIR_LENGTH = 2_000_000
"""Maximum number of characters of a script that is repaired; valid JSON may be longer."""
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|"
    r"(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>|;)\s*$"
)
_UNQUOTED_TEMPLATE = re.compile(
    r"([:\[,]\s*)(?:\{\{[^{}]*\}\}|\{%[^{}]*%\}|<%[^%]{0,200}%>|\$\w+|undefined|NaN)(?=\s*[,}\]])"
)
_MISSING_VALUE = re.compile(r":(\s*)(?=[,}])")
_MAX_WRAPPINGS = 3
_BETWEEN_VALUES = " \t\r\n,;\ufeff\u2028\u2029"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_AFTER_VALUE = re.compile(r'\s*(?:[}\]]|,\s*"(?:[^"\\]|\\.)*"\s*:|,\s*[}\]]|\Z|,?\s*/[/*])')
_AFTER_ELEMENT = re.compile(r'\s*(?:\]|,\s*(?:["{\[\d\]-]|true|false|null)|\Z)')
_AFTER_KEY = re.compile(r"\s*:")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPES = frozenset('"\\/bfnrtu')
_HEX = re.compile(r"[0-9a-fA-F]{4}")


def loads(text: str) -> Any:
    """Parse the JSON of a script and repair it if it is broken.

    Repaired are comments, CDATA, trailing commas and semicolons, unescaped quotes, control characters, HTML entities,
    unrendered templates and several values in a row.

    Returns:
        The value; a list of all values if there are several; None if the text cannot be parsed.
    """
    for prepare in (
        str.strip,
        _unwrap,
        lambda text: repair_json(_unwrap(text)),
        lambda text: repair_json(_unwrap(html.unescape(text))),
    ):
        try:
            return _decode_values(prepare(text))
        except (ValueError, RecursionError):
            if len(text) > MAX_REPAIR_LENGTH:
                return None
    return None


def repair_json(text: str) -> str:
    """Remove or escape whatever JSON does not allow."""
    text = _CONTROL.sub(" ", text)
    text = _MISSING_VALUE.sub(r": null\1", _UNQUOTED_TEMPLATE.sub(r"\1null", text)) if '"' in text else text
    return "".join(_repair_tokens(text)).strip(_BETWEEN_VALUES)


def _unwrap(text: str) -> str:
    for _ in range(_MAX_WRAPPINGS):
        text = _WRAPPING.sub("", text).strip(_BETWEEN_VALUES)
    return text


def _decode_values(text: str) -> Any:
    """Return the value of `text`, or a list if there are several values in a row."""
    decoder = json.JSONDecoder(strict=False)
    values, position = [], 0
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        values.append(value)
        while position < len(text) and text[position] in _BETWEEN_VALUES:
            position += 1
    if not values:
        raise ValueError("expected a JSON value, got nothing")
    return values[0] if len(values) == 1 else values


def _repair_tokens(text: str) -> Iterator[str]:
    position, is_key = 0, False
    stack: list[str] = []
    while position < len(text):
        character = text[position]
        if character == '"':
            is_string_end = (
                _AFTER_KEY.match if is_key else _AFTER_VALUE.match if stack[-1:] == ["{"] else _AFTER_ELEMENT.match
            )
            string, position = _read_string(text, position + 1, is_string_end)
            yield string
            continue
        if character == "/" and (comment := _COMMENT.match(text, position)):
            position = comment.end()
            continue
        position += 1
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
            position = _skip_blanks(text, position)
            if text[position : position + 1] in ("}", "]", ""):
                continue
        yield character


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text):
        if text[position].isspace() or text[position] == ",":
            position += 1
        elif comment := _COMMENT.match(text, position):
            position = comment.end()
        else:
            break
    return position


def _read_string(text: str, position: int, is_string_end: Callable[[str, int], object]) -> tuple[str, int]:
    """Return (the string from `position` on with its quotes, the position after it).

    A quote ends the string only if valid JSON follows it; any other quote is escaped.
    """
    parts = ['"']
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\":
            follower = text[position : position + 1]
            if follower in _ESCAPES and follower and (follower != "u" or _HEX.match(text, position + 1)):
                parts.append(character + follower)
                position += 1
            elif follower != "'":
                parts.append("\\\\")
        elif character == '"':
            if is_string_end(text, position):
                break
            parts.append('\\"')
        else:
            parts.append(character)
    parts.append('"')
    return "".join(parts), position
