"""`weft search`: the catalogue's products nearest to a photo or to words, as a table, JSON lines or a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weft.api import Floats, Model, load
from weft.commands.embed import embed_source
from weft.commands.search_filters import select_products
from weft.commands.search_page import write_page
from weft.commands.search_results import format_json_lines, format_table
from weft.errors import InputError
from weft.photos.prepared_jpegs import read_prepared_jpegs
from weft.progress import log_line
from weft.search.catalogue_index import CatalogueIndex, IndexType, open_catalogue
from weft.search.catalogue_products import CatalogueProduct, read_products
from weft.search.product_filter import FilterColumns, ProductFilter
from weft.search.product_search import FoundProduct, PhotoSearch
from weft.text.tokenize import is_word, load_stop_words, tokenize_query

PRODUCTS = Path("data/crawl/products.parquet")
"""Where the stage crawl writes the products."""
PHOTOS = Path("data/prepared")
"""Where the stage prepare writes the photos."""


@dataclass(frozen=True)
class SearchInputs:
    """The files that a search reads."""

    model: Path
    index: Path
    """An index, or embeddings of a catalogue; made by the model."""
    products: Path | None = None
    """products.parquet of the stage crawl; None for those of the index, or of this project, if there are any."""
    photos: Path = PHOTOS
    """The prepared photos, for the page, if the index has no pictures."""
    index_type: IndexType = "exact"


def search(
    query: str,
    inputs: SearchInputs,
    requested: ProductFilter,
    top_k: int,
    output_format: str,
    page: Path | None,
    same_item: bool = False,
) -> Iterator[str]:
    """Yield the lines that describe the products found, best first, and write the page if one is named.

    The query vector of words is the mean of their embeddings in W, which lie in the same space as the photos'. The
    score of a product is that of its most similar photo.

    Args:
        query: The path of a photo, or words.
        inputs: The files to read.
        requested: Which products may be found.
        top_k: The number of products.
        output_format: "table" or "jsonl".
        page: The HTML file to write, or None.
        same_item: Whether the very same item comes first, not what looks most alike; for photos only.

    Raises:
        ModelError: The model cannot be loaded, or another model made the index.
        InputError: The photo, the words or a filter cannot be used.
    """
    if page is not None and page.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--html {page}: expected a name that ends in .html")
    model = load(inputs.model)
    # One query reads each vector once, which is less work than a copy of them in memory.
    index = open_catalogue(inputs.index, model.digest, inputs.index_type, in_memory=False)
    products = _read_products(inputs, index, has_filter=requested != ProductFilter())
    photos = index.choose_search(is_photo=_is_file(query), same_item=same_item)
    found = _find_products(_embed_query(query, model), photos, products or {}, requested, top_k)
    if products is None:
        log_line(f"{PRODUCTS}: no such file, so titles, prices and URLs are left out; name it with --products")
    if page is not None:
        write_page(page, query, found, lambda photo_ids: _read_jpegs(index, inputs.photos, photo_ids))
        log_line(f"page with pictures: {page}")
    yield from format_table(found) if output_format == "table" else format_json_lines(found)


def _find_products(
    vector: Floats,
    search: PhotoSearch,
    products: dict[str, CatalogueProduct],
    requested: ProductFilter,
    top_k: int,
) -> list[FoundProduct]:
    """Return the `top_k` products whose photos are nearest to a vector, (1, embedding_dim), best first."""
    candidates = None
    if requested != ProductFilter():
        columns = FilterColumns([products.get(product_id) for product_id in search.products])
        candidates = select_products(columns, requested)
    return [
        FoundProduct(products.get(hits[0].product_id), hits)
        for hits in search.find_products(vector[0], top_k, candidates)
    ]


def _read_products(inputs: SearchInputs, index: CatalogueIndex, has_filter: bool) -> dict[str, CatalogueProduct] | None:
    if inputs.products is None and index.products is not None:
        return index.products
    path = inputs.products or PRODUCTS
    if inputs.products is None and not has_filter and not path.is_file():
        return None
    return read_products(path)


def _read_jpegs(index: CatalogueIndex, photos: Path, photo_ids: set[str]) -> dict[str, bytes]:
    if index.pictures is None:
        return read_prepared_jpegs(photos, photo_ids)
    jpegs = {photo_id: index.pictures.read(photo_id) for photo_id in sorted(photo_ids)}
    return {photo_id: jpeg for photo_id, jpeg in jpegs.items() if jpeg is not None}


def _embed_query(query: str, model: Model) -> Floats:
    if _is_file(query):
        _, z = next(embed_source(Path(query), model))
        return z[:1]
    try:
        vector = model.embed_text(query)
    except InputError as error:
        raise InputError(f"{error}, and no photo has this path") from error
    _log_reading(query, model)
    _log_unused_words(query, model)
    return vector


def _log_reading(query: str, model: Model) -> None:
    """Say which words of the vocabulary are searched for, where they are others than those of the query."""
    read = [model.words[word_id] for word_id in model.find_word_ids(query)]
    if not set(read) <= set(tokenize_query(query)):
        log_line(f"the query is read as: {', '.join(read)}")


def _log_unused_words(query: str, model: Model) -> None:
    words = [token for token in tokenize_query(query) if is_word(token)]
    unused = dict.fromkeys(word for word in words if not model.find_word_ids(word))
    unknown = [_suggest(word, model) for word in unused if word not in load_stop_words()]
    if unknown:
        log_line(f"not in the model's vocabulary, left out: {', '.join(unknown)}")
    stop_words = [word for word in unused if word in load_stop_words()]
    if stop_words:
        log_line(f"stop words, left out: {', '.join(stop_words)}")


def _suggest(word: str, model: Model) -> str:
    similar = model.find_similar_words(word)
    return f"{word} (similar: {', '.join(similar)})" if similar else word


def _is_file(query: str) -> bool:
    try:
        return Path(query).is_file()
    except (OSError, ValueError):  # words may be longer than a file name can be, or contain a zero byte
        return False
