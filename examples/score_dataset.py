"""Print how well a model retrieves other photos of the same product in a dataset in the In-shop layout.

python examples/score_dataset.py models/embedder path/to/inshop
python examples/score_dataset.py models/embedder data/prepared --reader catalogue
"""

import argparse
import sys
from pathlib import Path

import weft


def main() -> None:
    """Read the command line and print one line per metric."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a model folder, such as models/embedder")
    parser.add_argument("dataset", type=Path, help="the folder of the dataset")
    parser.add_argument("--reader", default="inshop", choices=("inshop", "inshop:crops", "catalogue"))
    args = parser.parse_args()

    for name, value in weft.score(args.dataset, weft.load(args.model), args.reader).items():
        sys.stdout.write(f"{name:12} {value:.4g}\n")


if __name__ == "__main__":
    main()
