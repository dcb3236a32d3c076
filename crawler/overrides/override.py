"""Override: shops/<host>.yaml as a checked dataclass."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from parsel.csstranslator import HTMLTranslator
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from weft.errors import ShopError

SELECTOR_FIELDS = (
    *("title", "description", "brand", "colour", "category", "sku", "gtin", "group_id", "price", "availability"),
    "photos",
)
"""What `selectors` may name."""
_DEFAULT_DIR = Path(__file__).resolve().parents[2] / "shops"
_MAX_FILE_BYTES = 1_000_000
"""Bytes of a file that is read."""


def _validate_regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    return text


def _validate_id_regex(text: str) -> str:
    if re.compile(_validate_regex(text)).groups != 1:
        raise ValueError(f"{text!r} must have one group, which is the id")
    return text


def _validate_selector(text: str) -> str:
    try:
        HTMLTranslator().css_to_xpath(text)
    except Exception as error:  # cssselect raises SyntaxError and its own, without a common base
        raise ValueError(f"{text!r} is no CSS selector: {error}") from error
    return text


def _validate_field(name: str) -> str:
    if name not in SELECTOR_FIELDS:
        raise ValueError(f"{name!r} is not one of {', '.join(SELECTOR_FIELDS)}")
    return name


def _validate_url(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError(f"{url!r} is no http(s) URL")
    return url


RegexPattern = Annotated[str, AfterValidator(_validate_regex)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Override:
    """What a person says of one shop; every key may be left out."""

    start: tuple[Annotated[str, AfterValidator(_validate_url)], ...] = ()
    """Pages where the crawl begins, instead of the shop's own address."""
    allow: tuple[RegexPattern, ...] = ()
    """Regular expressions searched in a URL: where there are any, a page must match one."""
    deny: tuple[RegexPattern, ...] = ()
    """Regular expressions searched in a URL: a page that matches one is never asked."""
    selectors: dict[
        Annotated[str, AfterValidator(_validate_field)], Annotated[str, AfterValidator(_validate_selector)]
    ] = Field(default_factory=dict)
    """CSS selectors of fields, with Scrapy's ::text and ::attr(name): {"title": "h2.name", "photos": "img::attr(src)"}.
    They come before every layer."""
    id: Annotated[str, AfterValidator(_validate_id_regex)] | None = None
    """A regular expression searched in a product's URL; its one group is the item id."""
    rate: Annotated[float, Field(gt=0.0, le=100.0)] | None = None
    """Requests a second to this host, at most."""

    def allows(self, url: str) -> bool:
        """Whether `allow` and `deny` let a page be asked."""
        if any(re.search(pattern, url) for pattern in self.deny):
            return False
        return not self.allow or any(re.search(pattern, url) for pattern in self.allow)


def load_override(host: str, folder: Path | None = None) -> Override | None:
    """The override of `host` ("www.example.com", no port), or None where there is no file.

    `www.` is no part of a file's name: shops/example.com.yaml speaks for both.

    Args:
        host: As in the shop's URL.
        folder: Where the files are; by default `shops` in the working folder, else `shops` beside the crawler.

    Raises:
        ShopError: The file cannot be read, or a key is unknown or impossible.
    """
    name = host.lower().removeprefix("www.")
    if not re.fullmatch(r"[a-z0-9.:\[\]_-]+", name) or name.startswith("."):
        return None
    folder = folder or next((candidate for candidate in (Path("shops"), _DEFAULT_DIR) if candidate.is_dir()), None)
    path = folder / f"{name}.yaml" if folder else None
    return _read_override(path.resolve()) if path is not None and path.is_file() else None


@lru_cache(maxsize=256)
def _read_override(path: Path) -> Override:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ShopError(
                f"{path}: larger than {_MAX_FILE_BYTES} bytes; wanted start, allow, deny, selectors, id, rate"
            )
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ShopError(f"{path}: cannot be read as YAML: {error}") from error
    try:
        return TypeAdapter(Override).validate_python(values or {})
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}" for problem in error.errors())
        raise ShopError(f"{path}: {'; '.join(problems)}") from error
