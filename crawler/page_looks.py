"""What a page without products and links looks like: a script shell, a bot check, or a redirect written as a page.

A crawl that finds no product reports these, because each of them has its own remedy.
"""

import re
from itertools import islice

from crawler.page.document import Document, collapse_whitespace

SCRIPT_SHELL = "script shell"
"""Its content is filled in by scripts, which only a browser runs (`render`)."""
BOT_CHECK = "bot check"
"""It asks whether the visitor is a human, or denies the access."""
REDIRECT_PAGE = "redirect page"
"""It leads to another address by a meta refresh or by a script."""
MAX_LINKS = 2
"""A page with more links is none of these."""
MAX_SHELL_CHARS = 400
MAX_BOT_CHECK_CHARS = 2_000
"""Length of the visible text; longer pages are real ones, such as an article about captchas."""
_MAX_ELEMENTS = 2_000
_HIDDEN_TAGS = frozenset({"script", "style", "noscript", "template", "head", "title"})
_BOT_CHECK_TEXT = re.compile(
    r"captcha|are you (?:a )?(?:human|robot)|not a robot|just a moment|access (?:to this page )?(?:has been )?denied|"
    r"attention required|robot check|pardon our interruption|checking your browser|unusual traffic|"
    r"verify(?:ing)? (?:that )?you are|enable (?:javascript and )?cookies|security check|bot detection",
    re.IGNORECASE,
)
_BOT_CHECK_SOURCE = ("/cdn-cgi/challenge-platform", "_Incapsula_Resource", "px-captcha", "captcha-delivery.com")
_SCRIPT_REDIRECT = re.compile(r"location(?:\.href)?\s*=\s*[\"']|location\.(?:replace|assign)\s*\(")


def describe_page(document: Document) -> str:
    """Return what a page without a product looks like: SCRIPT_SHELL, BOT_CHECK, REDIRECT_PAGE, or "" for others."""
    if len(list(islice(document.tree.iter("a"), MAX_LINKS + 1))) > MAX_LINKS:
        return ""
    text = _first_text(document, MAX_BOT_CHECK_CHARS + 1)
    if len(text) <= MAX_BOT_CHECK_CHARS and (
        _BOT_CHECK_TEXT.search(f"{document.title} {text}") or any(mark in document.html for mark in _BOT_CHECK_SOURCE)
    ):
        return BOT_CHECK
    if len(text) > MAX_SHELL_CHARS:
        return ""
    scripts = [script for script in document.tree.iter("script") if "json" not in (script.get("type") or "")]
    refreshes = (meta for meta in document.tree.iter("meta") if (meta.get("http-equiv") or "").lower() == "refresh")
    if any("url" in (meta.get("content") or "").lower() for meta in refreshes) or any(
        _SCRIPT_REDIRECT.search(script.text or "") for script in scripts
    ):
        return REDIRECT_PAGE
    return SCRIPT_SHELL if scripts else ""


def _first_text(document: Document, max_chars: int) -> str:
    """Return the first characters of the text outside scripts, styles and the head."""
    parts: list[str] = []
    length = 0
    for element in islice(document.tree.iter(), _MAX_ELEMENTS):
        own_text = element.text if isinstance(element.tag, str) and element.tag not in _HIDDEN_TAGS else ""
        for text in (own_text, element.tail):
            if text and not text.isspace():
                parts.append(text[:max_chars])
                length += len(parts[-1])
        if length >= max_chars:
            break
    return collapse_whitespace(" ".join(parts))[:max_chars]
