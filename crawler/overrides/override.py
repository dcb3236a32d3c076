"""Load and validate the override of a shop, shops/<host>.yaml."""

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
"""The fields that `selectors` may have."""
_DEFAULT_DIR = Path(__file__).resolve().parents[2] / "shops"
_MAX_FILE_BYTES = 1_000_000
"""Maximum size of an override file."""


def _validate_regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"expected a regular expression, got {text!r}: {error}") from error
    return text


def _validate_id_regex(text: str) -> str:
    if re.compile(_validate_regex(text)).groups != 1:
        raise ValueError(f"expected a regular expression with one group, which is the id, got {text!r}")
    return text


def _validate_selector(text: str) -> str:
    try:
        HTMLTranslator().css_to_xpath(text)
    except Exception as error:  # cssselect raises SyntaxError and its own errors, without a common base class
        raise ValueError(f"expected a CSS selector, got {text!r}: {error}") from error
    return text


def _validate_field(name: str) -> str:
    if name not in SELECTOR_FIELDS:
        raise ValueError(f"expected one of {', '.join(SELECTOR_FIELDS)}, got {name!r}")
    return name


def _validate_url(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError(f"expected an http(s) URL, got {url!r}")
    return url


RegexPattern = Annotated[str, AfterValidator(_validate_regex)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Override:
    """The hand-written rules of one shop; every key is optional."""

    start: tuple[Annotated[str, AfterValidator(_validate_url)], ...] = ()
    """URLs at which the crawl starts, instead of the URL of the shop."""
    allow: tuple[RegexPattern, ...] = ()
    """Regular expressions searched in a URL; if there are any, only a page that matches one is requested."""
    deny: tuple[RegexPattern, ...] = ()
    """Regular expressions searched in a URL; a page that matches one is never requested."""
    selectors: dict[
        Annotated[str, AfterValidator(_validate_field)], Annotated[str, AfterValidator(_validate_selector)]
    ] = Field(default_factory=dict)
    """CSS selectors of fields, with Scrapy's ::text and ::attr(name): {"title": "h2.name", "photos": "img::attr(src)"}.
    They take precedence over all extractors."""
    id: Annotated[str, AfterValidator(_validate_id_regex)] | None = None
    """A regular expression searched in the URL of a product; its only group is the item id."""
    rate: Annotated[float, Field(gt=0.0, le=100.0)] | None = None
    """Maximum number of requests per second to this host."""

    def allows(self, url: str) -> bool:
        """Return whether the page at `url` may be requested."""
        if any(re.search(pattern, url) for pattern in self.deny):
            return False
        return not self.allow or any(re.search(pattern, url) for pattern in self.allow)


def load_override(host: str, folder: Path | None = None) -> Override | None:
    """Return the override of a host, or None if there is no file for it.

    Args:
        host: "www.example.com", without port. shops/example.com.yaml applies with and without `www.`.
        folder: The folder of the files; by default `shops` in the working directory, else `shops` beside the crawler.

    Raises:
        ShopError: The file cannot be read, or a key is unknown or has an invalid value.
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
                f"{path}: expected at most {_MAX_FILE_BYTES} bytes with the keys start, allow, deny, selectors, id and "
                "rate, got a larger file"
            )
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ShopError(f"{path}: expected a YAML file, got: {error}") from error
    try:
        return TypeAdapter(Override).validate_python(values or {})
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}" for problem in error.errors())
        raise ShopError(f"{path}: {'; '.join(problems)}") from error
