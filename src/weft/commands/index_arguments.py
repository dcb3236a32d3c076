"""The arguments of `weft index`, and the option by which commands choose what they search."""

from argparse import ArgumentParser
from pathlib import Path

INDEX = Path("var/index")
"""Where `weft index` keeps the index of this project."""
EMBEDDINGS = Path("data/embeddings/catalogue")
"""Where the stage embed writes the embeddings of the catalogue."""
INDEX_TYPES = ("exact", "faiss")


def find_index(root: Path = Path()) -> Path | None:
    """Return the index of the project in a folder; None if there is none."""
    # The name of the manifest is a literal here, because `weft --help` must not import what the index needs.
    return root / INDEX if (root / INDEX / "manifest.json").exists() else None


def add_index_argument(parser: ArgumentParser) -> None:
    """Add the options of commands that search: --index, which is None without an index, and --index-type."""
    parser.add_argument(
        "--index",
        type=Path,
        default=find_index(),
        metavar="FOLDER",
        help=f"an index of weft index, or embeddings; default: {INDEX} if there is one, else {EMBEDDINGS}",
    )
    parser.add_argument(
        "--index-type", choices=INDEX_TYPES, default="exact", help="faiss: half of the memory; default: %(default)s"
    )


def add_index_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `weft index`, which has --model already."""
    parser.add_argument(
        "action",
        choices=("build", "update", "info"),
        help="build: embed all photos of the crawl; update: only new and changed ones; info: print what it holds",
    )
    parser.add_argument("--index", type=Path, default=INDEX, metavar="FOLDER", help="default: %(default)s")
    parser.add_argument("--crawl", type=Path, default=Path("data/crawl"), metavar="FOLDER", help="default: %(default)s")
    parser.add_argument(
        "--state",
        type=Path,
        default=Path("var/crawl"),
        metavar="FOLDER",
        help="crawl state with the list of what was purged; default: %(default)s",
    )
    parser.add_argument(
        "--embeddings",
        type=Path,
        default=EMBEDDINGS,
        metavar="FOLDER",
        help="build: with the whitening; default: %(default)s",
    )
    parser.add_argument(
        "--params", type=Path, default=Path("params.yaml"), help="build: the section prepare; default: %(default)s"
    )
    parser.add_argument("--compact", action="store_true", help="update: write all segments again as one")
