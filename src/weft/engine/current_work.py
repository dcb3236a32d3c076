"""The work of a process that an engine has started: it is read once and then done for many shards."""

from collections.abc import Callable
from typing import Any

_current: dict[str, Callable[[Any], Any]] = {}


def get_work(key: str, load: Callable[[], Any]) -> Any:
    """Return the work with a key, read by `load` unless it is the work of this process already.

    A process keeps one work, because a work may hold large counts.
    """
    if key not in _current:
        _current.clear()
        _current[key] = load()
    return _current[key]
