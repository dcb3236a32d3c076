"""Read a part of a page once, for all extractors that need it."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from crawler.page.document import Document

Result = TypeVar("Result")


def once_per_document(read: Callable[[Document], Result]) -> Callable[[Document], Result]:
    """Decorate a function so that several extractors share its result, which they must not change."""

    @wraps(read)
    def read_once(document: Document) -> Result:
        if read not in document.results:
            document.results[read] = read(document)
        result: Result = document.results[read]
        return result

    return read_once
