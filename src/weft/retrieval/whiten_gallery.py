"""Fit the whitening of an embedded gallery and store it beside the embeddings."""

from pathlib import Path

import numpy as np

from weft import artefacts
from weft.whitening import fit_whitening, write_whitening


def store_whitening(folder: Path) -> None:
    """Fit the whitening of the embeddings in `folder` and write it there, or remove it where none can be fitted.

    It learns from the split "train" where there is one, so that a search that is measured knows nothing about the
    products of its queries; otherwise from all photos but the queries of a benchmark that keeps them apart.

    Raises:
        ContractError: The folder does not hold embeddings.
    """
    embeddings = artefacts.read_embeddings(folder)
    splits = np.array(embeddings.photos["split"].to_pylist(), np.str_)
    rows = np.flatnonzero(splits == "train")
    if not len(rows):
        rows = np.flatnonzero(splits != "query")
    product_ids = embeddings.photos["product_id"].take(rows).to_pylist()
    write_whitening(folder, fit_whitening(embeddings.z, rows, product_ids))
