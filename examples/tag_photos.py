"""Print the words that each photo of a folder shows.

python examples/tag_photos.py models/embedder photos/
"""

import argparse
import sys
from pathlib import Path

import weft


def main() -> None:
    """Read the command line and print one line per photo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a model folder, such as models/embedder")
    parser.add_argument("photos", type=Path, help="a folder of JPEG files")
    parser.add_argument("--top-k", type=int, default=5, help="words per photo (default 5)")
    args = parser.parse_args()

    model = weft.load(args.model)
    for photo in sorted(args.photos.glob("*.jpg")):
        words = [tag.word for tag in model.tag(photo, args.top_k)]
        sys.stdout.write(f"{photo.name}: {', '.join(words)}\n")


if __name__ == "__main__":
    main()
