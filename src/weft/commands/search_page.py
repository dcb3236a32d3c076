"""The page that `weft search --html` writes: the products found with their pictures, in one file."""

import base64
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from weft import tables
from weft.commands.search_results import format_price, format_title, format_url
from weft.errors import InputError
from weft.photos.decode import decode
from weft.report.products import web_address
from weft.search.product_search import FoundProduct

_MAX_PHOTOS_PER_PRODUCT = 4
_QUERY_HEIGHT = 256


def write_page(
    path: Path, query: str, found: Sequence[FoundProduct], read_jpegs: Callable[[set[str]], dict[str, bytes]]
) -> None:
    """Write the page atomically. All text is escaped, and the page runs no script and requests no other file.

    Args:
        path: The file to write; its folder must exist.
        query: The words, or the path of the query photo, which the page then shows.
        found: The products, best first.
        read_jpegs: Returns the pictures of the photos with these photo_ids, without those that are missing.

    Raises:
        ContractError: The prepared photos are missing or broken.
        InputError: The file cannot be written.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    photo_ids = {photo_id for hit in found for photo_id in hit.photo_ids[:_MAX_PHOTOS_PER_PRODUCT]}
    environment = Environment(
        loader=PackageLoader("weft.commands", "templates"), autoescape=True, undefined=StrictUndefined
    )
    functions = (web_address, format_price, format_title, format_url)
    environment.globals |= {function.__name__: function for function in functions}
    page = environment.get_template("search.html").render(
        query=query,
        query_picture=_read_query_picture(query),
        found=found,
        pictures={name: _to_data_url(jpeg) for name, jpeg in read_jpegs(photo_ids).items()},
        max_photos=_MAX_PHOTOS_PER_PRODUCT,
    )
    if not path.parent.is_dir():
        raise InputError(f"--html {path}: the folder {path.parent} does not exist; create it first")
    try:
        tables.write_text(path, page)
    except OSError as error:
        raise InputError(f"--html {path}: cannot be written: {error}") from error


def _read_query_picture(query: str) -> str | None:
    try:
        data = Path(query).read_bytes()
    except (OSError, ValueError):
        return None
    image = decode(data)
    image.thumbnail((_QUERY_HEIGHT, _QUERY_HEIGHT))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90)
    return _to_data_url(stream.getvalue())


def _to_data_url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
