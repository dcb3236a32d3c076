"""overrides: what a person says of one shop in shops/<host>.yaml, read and checked; before any rule of ours."""

from crawler.overrides.override import SELECTOR_FIELDS, Override, load_override

__all__ = ["SELECTOR_FIELDS", "Override", "load_override"]
