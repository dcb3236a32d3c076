"""overrides: what a person says of one shop in shops/<host>.yaml, read and checked; before any rule of ours."""

from crawler.overrides.override import FIELDS, Override, load_override

__all__ = ["FIELDS", "Override", "load_override"]
