"""purge: takes a shop, a product or an address out of the store, and says which later stages hold it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from weft.commands.holdings import Wanted, holdings
from weft.errors import InputError

if TYPE_CHECKING:
    from crawler.purge import Purged


def purge(kind: str, value: str, state: Path, root: Path, *, dry_run: bool) -> Iterator[str]:
    """Remove, and tell line by line what was removed and what is left for the reader to do.

    Args:
        kind: "shop", "product" or "url".
        value: Its name, id or address.
        state: Folder of the crawls' states.
        root: Folder of the project, where data/, models/ and reports/ lie.
        dry_run: Only look.

    Raises:
        InputError: There is no store, or `value` can be no such thing.
        ShopError: A crawl is at work on the store, or it cannot be written.
    """
    from crawler.purge import purge as purge_store

    if not state.is_dir():
        raise InputError(f"{state}: no folder with states of crawls; name it with --state")
    if kind == "product" and not value.partition("/")[2]:
        raise InputError(f"--product {value}: wanted a product_id, as in data/crawl/products.parquet: <shop>/<its id>")
    found = purge_store(state, kind, value, dry_run=dry_run)
    yield from _store_lines(kind, value, found, state, dry_run=dry_run)
    yield from _stage_lines(_wanted(kind, value, found), root)


def _wanted(kind: str, value: str, found: "Purged") -> Wanted:
    if kind == "shop":
        return Wanted(shop=value)
    if kind == "product":
        return Wanted(products=frozenset({value}), urls=frozenset(found.photos), contents=frozenset(found.contents))
    return Wanted(
        products=frozenset(found.products),
        urls=frozenset({value, *found.pages, *found.photos}),
        contents=frozenset(found.contents),
    )


def _store_lines(kind: str, value: str, found: "Purged", state: Path, *, dry_run: bool) -> Iterator[str]:
    did = "would remove" if dry_run else "removed"
    if found.states:
        yield (
            f"{state}: {did} {len(found.products)} products, {len(found.pages)} pages and {len(found.photos)} photos "
            f"({found.freed:,} bytes) from {', '.join(sorted(found.states))}"
        )
    else:
        yield f"{state}: nothing there is of {kind} {value}"
    for url in sorted(found.shared):
        yield f"{state}: kept: {url} shows the same photo; purge it too if that must go"
    yield f"{state}: {'would note' if dry_run else 'noted'} in purged.jsonl; no crawl with this state brings it back"


def _stage_lines(wanted: Wanted, root: Path) -> Iterator[str]:
    held = holdings(wanted, root)
    for place, what in held:
        yield f"{place}: holds it: {what}"
    if held and wanted.shop:
        yield f"take {wanted.shop} out of crawl.shops in params.yaml, then dvc repro makes all of these anew"
    elif held:
        yield (
            "dvc repro makes all of these anew without it (the crawl's tables from the store, without asking the "
            "shop): dvc repro --single-item --force crawl && dvc repro"
        )
        if (root / ".dvc").is_dir() or (root / "dvc.lock").exists():
            yield "then dvc gc --workspace takes the old files out of DVC's cache; its remotes and MLflow are yours"
    else:
        yield f"no later stage under {root} holds it"
