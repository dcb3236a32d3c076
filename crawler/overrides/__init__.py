"""Hand-written rules for one shop in shops/<host>.yaml, which take precedence over all extractors."""

from crawler.overrides.override import SELECTOR_FIELDS, Override, load_override

__all__ = ["SELECTOR_FIELDS", "Override", "load_override"]
