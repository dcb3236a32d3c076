import pytest

CRAWL_FUNCTIONS = ("crawl_shops", "run_crawl")
"""Each starts a crawl in another process, which takes seconds."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests of a module that crawls a shop as slow, so that `make test-quick` leaves them out."""
    if isinstance(item, pytest.Function) and any(hasattr(item.module, name) for name in CRAWL_FUNCTIONS):
        item.add_marker(pytest.mark.slow)
