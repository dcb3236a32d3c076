"""A process that is killed while it writes an index leaves the old version or the new one, and never a mix.

The folder is copied before every change of it that Python makes: each copy is what a kill at that moment leaves.
"""

import shutil
import sys
from contextlib import contextmanager

import pytest

_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
_listeners = []


def _call_listeners(event, arguments):
    if _listeners and event in _EVENTS:
        _listeners[0](arguments)


@contextmanager
def copied_before_each_change(folder, copies):
    """Copy `folder` into `copies`/0, 1, 2 and so on, once for each state of it."""
    states = []

    def copy(arguments):
        if str(folder) in str(arguments[0]):
            _listeners.clear()
            state = [(path.name, path.stat().st_size) for path in sorted(folder.iterdir())]
            if state not in states:
                shutil.copytree(folder, copies / str(len(states)))
                states.append(state)
            _listeners.append(copy)

    copies.mkdir()
    _listeners.append(copy)
    try:
        yield
    finally:
        _listeners.clear()


@pytest.fixture(scope="module", autouse=True)
def audit_hook():
    """An audit hook cannot be removed, but without a listener it does nothing."""
    sys.addaudithook(_call_listeners)


def describe(shop):
    index = shop.open()
    return sorted(index.photos.photo_ids), sorted((name, p.title) for name, p in index.products.items())


OLD_TITLES, NEW_TITLES = {"a/1": "Old", "a/2": "Old"}, {"a/1": "New", "a/3": "New"}


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_version(shop, photo, tmp_path):
    shop.crawl({"a/1": [photo(1)], "a/2": [photo(2)], "a/4": [photo(4)]}, OLD_TITLES)
    shop.build()
    purged = shop.open().pictures.read("a/4#0")
    old = describe(shop)
    # a/1 is unchanged but for its title, a/2 is withdrawn, a/3 is new, a/4 is purged.
    shop.crawl({"a/1": [photo(1)], "a/3": [photo(3)]}, NEW_TITLES)
    shop.purged = {"products": frozenset({"a/4"})}
    with copied_before_each_change(shop.index, tmp_path / "copies"):
        shop.update()
    new = describe(shop)
    moments = sorted((tmp_path / "copies").iterdir(), key=lambda path: int(path.name))
    states = []
    for moment in moments:
        shutil.rmtree(shop.index)
        moment.rename(shop.index)
        states.append(describe(shop))
        # The next update ends what the killed one began, and nothing of it is left.
        shop.update()
        assert describe(shop) == new
        assert purged not in shop.read_all_files()
        assert len(list(shop.index.iterdir())) == 7
    assert len(moments) >= 7
    assert [state for n, state in enumerate(states) if n == 0 or state != states[n - 1]] == [old, new]


def test_a_kill_while_an_index_is_built_leaves_none(shop, photo, tmp_path):
    shop.crawl({"a/1": [photo(1)]})
    shop.index.mkdir()
    with copied_before_each_change(shop.index, tmp_path / "copies"):
        shop.build()
    moments = list((tmp_path / "copies").iterdir())
    num_built = sum((moment / "manifest.json").exists() for moment in moments)
    assert 0 < num_built < len(moments)
    for moment in moments:
        shutil.rmtree(shop.index)
        moment.rename(shop.index)
        shop.build()
        assert len(list(shop.index.iterdir())) == 7
