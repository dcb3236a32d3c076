"""purge: takes a shop, a product or an address out of the store, and says which later stages hold it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from weft.commands.holdings import PurgeTarget, find_stored_copies
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
    result = purge_store(state, kind, value, dry_run=dry_run)
    yield from _format_store_lines(kind, value, result, state, dry_run=dry_run)
    yield from _format_stage_lines(_build_target(kind, value, result), root)


def _build_target(kind: str, value: str, result: "Purged") -> PurgeTarget:
    if kind == "shop":
        return PurgeTarget(shop=value)
    if kind == "product":
        return PurgeTarget(
            products=frozenset({value}), urls=frozenset(result.photos), photo_digests=frozenset(result.digests)
        )
    return PurgeTarget(
        products=frozenset(result.products),
        urls=frozenset({value, *result.pages, *result.photos}),
        photo_digests=frozenset(result.digests),
    )


def _format_store_lines(kind: str, value: str, result: "Purged", state: Path, *, dry_run: bool) -> Iterator[str]:
    verb = "would remove" if dry_run else "removed"
    if result.states:
        yield (
            f"{state}: {verb} {len(result.products)} products, {len(result.pages)} pages and {len(result.photos)} photos "
            f"({result.freed_bytes:,} bytes) from {', '.join(sorted(result.states))}"
        )
    else:
        yield f"{state}: nothing there is of {kind} {value}"
    for url in sorted(result.shared_urls):
        yield f"{state}: kept: {url} shows the same photo; purge it too if that must go"
    yield f"{state}: {'would note' if dry_run else 'noted'} in purged.jsonl; no crawl with this state brings it back"


def _format_stage_lines(target: PurgeTarget, root: Path) -> Iterator[str]:
    copies = find_stored_copies(target, root)
    for location, description in copies:
        yield f"{location}: holds it: {description}"
    if copies and target.shop:
        yield f"take {target.shop} out of crawl.shops in params.yaml, then dvc repro makes all of these anew"
    elif copies:
        yield (
            "dvc repro makes all of these anew without it (the crawl's tables from the store, without asking the "
            "shop): dvc repro --single-item --force crawl && dvc repro"
        )
        if (root / ".dvc").is_dir() or (root / "dvc.lock").exists():
            yield "then dvc gc --workspace takes the old files out of DVC's cache; its remotes and MLflow are yours"
    else:
        yield f"no later stage under {root} holds it"
