"""`weft tokens`: the words that clean would find in texts, for a person who checks a language."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from weft.errors import InputError
from weft.progress import log_line
from weft.text.detect_language import detect_language
from weft.text.drop_reasons import find_drop_reason
from weft.text.html import extract_visible_text
from weft.text.languages import AUTO, load_language
from weft.text.shop_tokenizer import ShopTokenizer

MIN_LETTERS = 2
"""`clean.min_token_length` of the committed params.yaml."""


def tokens(source: str, language: str, *, explain: bool) -> Iterator[str]:
    """Yield one line of JSON for each line of a text file; all lines together are the texts of one shop.

    Without `explain` a line is the list of the text's words. With it, a line is an object: "tokens", that list;
    "dropped", a list of the dropped tokens, each with its reason; "cut", a list of the pieces of the text that are no
    tokens themselves, each with the tokens that they became.

    Args:
        source: The path of a text file in UTF-8, or "-" for standard input.
        language: A code of LANGUAGE_CODES, or "auto".
        explain: Whether to give reasons.

    Raises:
        InputError: The file cannot be read.
    """
    texts = [extract_visible_text(line) for line in _read_lines(source)]
    code = detect_language(texts) if language == AUTO else language
    if language == AUTO:
        log_line(f"read as {load_language(code).name} ({code}); name another language with --language")
    tokenizer = ShopTokenizer(code)
    for text in texts:
        tokenizer.count(text)
    for text in texts:
        line = _explain(text, tokenizer) if explain else _list_words(text, tokenizer)
        yield json.dumps(line, ensure_ascii=False)
    for sentence in tokenizer.missing:
        log_line(sentence)


def _list_words(text: str, tokenizer: ShopTokenizer) -> list[str]:
    return [token for token in tokenizer.tokenize(text) if not _find_reason(token, tokenizer)]


def _explain(text: str, tokenizer: ShopTokenizer) -> dict[str, list[object]]:
    found = tokenizer.tokenize(text)
    reasons = [(token, _find_reason(token, tokenizer)) for token in found]
    return {
        "tokens": [token for token, reason in reasons if not reason],
        "dropped": [{"token": token, "reason": reason} for token, reason in reasons if reason],
        "cut": [{"piece": piece, "tokens": parts} for piece, parts in tokenizer.iter_cuts(text) if parts != (piece,)],
    }


def _find_reason(token: str, tokenizer: ShopTokenizer) -> str | None:
    return find_drop_reason(token, MIN_LETTERS, tokenizer.language)


def _read_lines(source: str) -> list[str]:
    """Return the lines of a file; only a line feed ends a line, so that a line of output belongs to each."""
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise InputError(
            f"{source}: cannot be read: {error.strerror}; name a text file, or - for standard input"
        ) from error
    text = content.decode("utf-8-sig", errors="replace")
    return text.removesuffix("\n").split("\n") if text else []
