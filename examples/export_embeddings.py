"""Write the embeddings of a folder of photos to a NumPy file, normalised to length 1, and their names to a text file.

python examples/export_embeddings.py models/embedder photos/ embeddings.npy
"""

import argparse
from pathlib import Path

import numpy as np

import weft


def main() -> None:
    """Read the command line and write OUT.npy and OUT.txt; row n of one is line n of the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a model folder, such as models/embedder")
    parser.add_argument("photos", type=Path, help="a folder of JPEG files")
    parser.add_argument("out", type=Path, help="the .npy file to write")
    args = parser.parse_args()

    model = weft.load(args.model)
    paths = sorted(args.photos.glob("*.jpg"))
    names: list[str] = []
    batches = []
    for batch_names, embeddings in model.embed_stream((path.name, path.read_bytes()) for path in paths):
        names += batch_names
        batches.append(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))
    np.save(args.out, np.concatenate(batches))
    args.out.with_suffix(".txt").write_text("\n".join(names) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
