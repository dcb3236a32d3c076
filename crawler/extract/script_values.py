"""Read the JSON values and JavaScript objects in the scripts of a page; no script is run.

Read are JSON blocks (Next.js, Nuxt 3, Shopify ...), objects assigned to variables (__INITIAL_STATE__, __APOLLO_STATE__,
__NUXT__ ...) and the streamed chunks of Next.js.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import chompjs

from crawler.page.document import Document

MAX_SCRIPT_LENGTH = 4_000_000
"""Maximum number of characters of one script that is read."""
_MARKERS = (
    *('"name"', '"title"', "name:", "title:", '\\"name\\"', '\\"title\\"', "productName", "product_name"),
    *("item_name", "'name'"),
)
_OBJECT = re.compile(r"[=:]\s*(?=(?P<parse>JSON\.parse\(\s*[\"'`])|[\[{])")
"""The start of an object that follows a name."""
_NAME_END = re.compile(
    r"(?:^|[;\s,({])(?:(?:window|self|globalThis|this)\s*(?:\.|\[\s*[\"']))?(\w{2,120})$", re.IGNORECASE
)
_NAME_OF_DATA = re.compile(
    r"__\w+__|\w*(?:state|data|product|catalog|config|props|bootstrap|payload|context|pdp|model)\w*", re.IGNORECASE
)
"""The names of the variables that hold what a page shows."""
_MAX_NAME_LENGTH = 140
_TRACKING_CALL = re.compile(
    r"\bdataLayer\.push\(\s*(?=\{)|\bgtag\(\s*[\"']event[\"']\s*,\s*[\"']view_item[\"']\s*,\s*(?=\{)"
)
"""What a shop tells its analytics of the product that a visitor looks at."""
_NUXT_FUNCTION = re.compile(r"__NUXT__\s*=\s*\(?function\s*\((?P<names>[^)]*)\)\s*\{\s*return\s*(?=\{)")
_NEXT_CHUNK = re.compile(r"self\.__next_f\.push\(\s*(?=\[)")
_NEXT_LINE = re.compile(r"(?:^|\n)[0-9a-f]{1,4}:(?=[\[{])")
_LITERAL = re.compile(r"([\"'`])((?:\\.|(?!\1)[^\\])*)\1", re.DOTALL)
_MAX_ASSIGNMENTS = 40
_JSON_ATTRIBUTE = re.compile(r"=\s*(?:'\s*\[?\{|\"\s*\[?\{&quot;)")
_MIN_ATTRIBUTE_LENGTH = 40
_MAX_DEPTH = 14
_NAMES = frozenset({"name", "title", "productName", "product_name", "displayName"})


def iter_script_values(document: Document) -> Iterator[Any]:
    """Yield the JSON values of all scripts that may hold a product."""
    chunks = []
    for script in document.tree.iter("script"):
        text, kind = script.text or "", (script.get("type") or "").lower()
        if len(text) > MAX_SCRIPT_LENGTH or not any(marker in text for marker in _MARKERS) or "ld+json" in kind:
            continue
        if "json" in kind:
            value = _loads(text)
            is_devalued = isinstance(value, list) and "NUXT" in (script.get("id") or "")
            yield _revive_devalue(value) if is_devalued else _resolve_references(value)
        elif "__next_f" in text:
            chunks += [value for match in _NEXT_CHUNK.finditer(text) if (value := _decode_at(text, match.end()))]
        elif nuxt := _NUXT_FUNCTION.search(text):
            yield _read_nuxt_function(text, nuxt)
        else:
            yield from _read_assignments(text)
            for match in islice(_TRACKING_CALL.finditer(text), _MAX_ASSIGNMENTS):
                yield _decode_at(text, match.end())
    yield from _read_attributes(document)
    stream = "".join(chunk[1] for chunk in chunks if isinstance(chunk, list) and len(chunk) > 1 and _is_text(chunk[1]))
    for match in _NEXT_LINE.finditer(stream):
        yield _decode_at(stream, match.end())


def _read_attributes(document: Document) -> Iterator[Any]:
    """Yield the JSON objects in attributes of elements, with which a page fills in a component of React or Vue."""
    if _JSON_ATTRIBUTE.search(document.html):
        texts = document.tree.xpath("//body//@*[starts-with(., '{') or starts-with(., '[{')]")
        for text in islice(texts, _MAX_ASSIGNMENTS):
            if _MIN_ATTRIBUTE_LENGTH <= len(text) <= MAX_SCRIPT_LENGTH and any(marker in text for marker in _MARKERS):
                yield _loads(str(text))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _loads(text: str) -> Any:
    try:
        return json.loads(text.strip().removeprefix("<!--").removesuffix("-->"), strict=False)
    except (ValueError, RecursionError):
        return _parse_object(text)


def _decode_at(text: str, position: int) -> Any:
    """Return the JSON value or JavaScript object that starts at `position`, None if there is none."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, position)[0]
    except (ValueError, RecursionError):
        return _parse_object(text[position:])


def _parse_object(text: str) -> Any:
    try:
        return chompjs.parse_js_object(text)
    except (ValueError, RecursionError):
        return None


def _read_assignments(text: str) -> Iterator[Any]:
    """Yield the objects that a script assigns to variables, and those of JSON.parse("...")."""
    position, count = 0, 0
    while count < _MAX_ASSIGNMENTS and (match := _OBJECT.search(text, position)):
        position = match.end()
        if not _follows_name_of_data(text, match.start()):
            continue
        count += 1
        if match["parse"]:
            literal = _LITERAL.match(text, match.end("parse") - 1)
            if literal:
                position = literal.end()
                yield _resolve_references(_loads(_unescape(literal[2])))
            continue
        try:
            value, position = json.JSONDecoder(strict=False).raw_decode(text, match.end())
        except (ValueError, RecursionError):
            value = _parse_object(text[match.end() :])
        yield _resolve_references(value)


def _follows_name_of_data(text: str, position: int) -> bool:
    before = text[max(0, position - _MAX_NAME_LENGTH) : position].rstrip()
    if before.endswith("]"):
        before = before[:-1].rstrip().rstrip("\"'")
    name = _NAME_END.search(before)
    return name is not None and _NAME_OF_DATA.fullmatch(name[1]) is not None


def _unescape(literal: str) -> str:
    """Return the text of a JavaScript string literal."""
    try:
        return str(json.loads('"' + re.sub(r"(?<!\\)\"", r"\"", literal.replace("\\'", "'")) + '"', strict=False))
    except ValueError:
        return literal


def _read_nuxt_function(text: str, match: re.Match[str]) -> Any:
    """Return the state of Nuxt 2: (function(a,b){return {name:a}}("Dress",1)), with the arguments in their places."""
    value = _parse_object(text[match.end() :])
    arguments = text[text.rfind("}(") + 1 :].lstrip("(").rstrip().rstrip(";").rstrip(")")
    values = _parse_object(f"[{arguments}]")
    if not isinstance(values, list):
        return value
    return _substitute(value, dict(zip((n.strip() for n in match["names"].split(",")), values, strict=False)), 0)


def _substitute(value: Any, arguments: dict[str, Any], depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, dict):
        return {key: _substitute(part, arguments, depth + 1) for key, part in value.items()}
    if isinstance(value, list):
        return [_substitute(part, arguments, depth + 1) for part in value]
    return arguments.get(value, value) if isinstance(value, str) else value


def _revive_devalue(values: list[Any]) -> Any:
    """Return the state of Nuxt 3, a flat list in which a number is the position of a value."""

    def revive(index: Any, depth: int) -> Any:
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(values) or depth > _MAX_DEPTH:
            return None
        value = values[index]
        if isinstance(value, dict):
            return {key: revive(part, depth + 1) for key, part in value.items()}
        if isinstance(value, list):
            is_wrapper = len(value) == 2 and isinstance(value[0], str)
            return revive(value[1], depth + 1) if is_wrapper else [revive(part, depth + 1) for part in value]
        return value

    return [
        revive(index, 0) for index, value in enumerate(values) if isinstance(value, dict) and _NAMES & set(value)
    ] or [revive(0, 0)]


def _resolve_references(value: Any) -> Any:
    """Replace the references of Apollo's cache, {"__ref": "Image:1"}, by the objects that they name."""
    if not isinstance(value, dict):
        return value
    caches = [part for part in (value, *value.values()) if isinstance(part, dict) and _is_cache(part)]
    if not caches:
        return value
    cache = max(caches, key=len)
    return [_resolve(part, cache, 0) for key, part in cache.items() if isinstance(part, dict)]


def _is_cache(value: dict[str, Any]) -> bool:
    return any(":" in key and isinstance(part, dict) and "__typename" in part for key, part in value.items())


def _resolve(value: Any, cache: dict[str, Any], depth: int) -> Any:
    if depth > _MAX_DEPTH // 2:
        return value
    if isinstance(value, list):
        return [_resolve(part, cache, depth + 1) for part in value]
    if isinstance(value, dict):
        reference = value.get("__ref") or (value.get("id") if value.get("type") == "id" else None)
        if isinstance(reference, str) and isinstance(cache.get(reference), dict):
            return _resolve(cache[reference], cache, depth + 1)
        return {key.partition("(")[0]: _resolve(part, cache, depth + 1) for key, part in value.items()}
    return value
