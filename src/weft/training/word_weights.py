"""How much each word is worth in finetune, by its visualness and its redundancy."""

from pathlib import Path

import numpy as np

from weft import artefacts
from weft.data.bags import Doubles
from weft.errors import ContractError
from weft.params import Finetune

MIN_WORD_WEIGHT = 0.001
"""What a word that photos explain nothing of is still worth, so that it is drawn now and then."""


def compute_word_weights(path: Path, settings: Finetune) -> Doubles | None:
    """(words,) worth of each word, at least 0; None when all are worth the same.

    `drop` makes it 1 or 0 by its visualness, `weight` what photos explain of it, never quite nothing. `divide` divides
    by its redundancy.

    Args:
        path: visualness.tsv of stage 1.
        settings: The section finetune.

    Raises:
        ContractError: The file cannot be read, or no word was measured because val has no photos.
    """
    if settings.visualness == "ignore" and settings.redundancy == "ignore":
        return None
    table = artefacts.read_visualness(path)
    weights = np.ones(len(table))
    if settings.visualness != "ignore":
        somers_d_shrunk = table["expected"].to_numpy(np.float64)
        if np.isnan(somers_d_shrunk).any():
            raise ContractError(
                f"{path}: no word was measured, as no photo of val has words; raise prepare.val_share or set "
                "finetune.visualness: ignore"
            )
        weights = (somers_d_shrunk >= settings.min_visualness).astype(np.float64)
    if settings.visualness == "weight":
        weights = np.maximum(table["explained"].to_numpy(np.float64), MIN_WORD_WEIGHT)
    if settings.redundancy == "divide":
        weights = weights / table["redundancy"].to_numpy(np.float64)
    return weights
