"""Print the products of a catalogue that are nearest to a text or to a photo.

python examples/search_catalogue.py models/embedder data/embeddings/catalogue "red dress"
python examples/search_catalogue.py models/embedder data/embeddings/catalogue photo.jpg
"""

import argparse
import sys
from pathlib import Path

import weft


def main() -> None:
    """Read the command line and print one line per photo found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a model folder, such as models/embedder")
    parser.add_argument("index", type=Path, help="embeddings by this model, such as data/embeddings/catalogue")
    parser.add_argument("query", help="the path of a photo, or words")
    parser.add_argument("--top-k", type=int, default=5, help="photos to find (default 5)")
    args = parser.parse_args()

    index = weft.open_index(args.index, weft.load(args.model))
    query = Path(args.query) if Path(args.query).is_file() else args.query
    for hit in index.search(query, args.top_k):
        sys.stdout.write(f"{hit.similarity:.3f}  {hit.product_id}  {hit.photo_id}\n")


if __name__ == "__main__":
    main()
