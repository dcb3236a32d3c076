"""How much each word is worth in finetune, by its visualness."""

from pathlib import Path

import numpy as np

from weft import artefacts
from weft.data.balance import Doubles
from weft.errors import ContractError
from weft.params import Finetune


def word_weights(path: Path, settings: Finetune) -> Doubles | None:
    """(words,): 1 or 0 for `drop`, the visualness for `weight`; None, all worth the same, for `ignore`.

    Args:
        path: visualness.tsv of stage 1.
        settings: The section finetune.

    Raises:
        ContractError: The file cannot be read, or no word was measured because val has no photos.
    """
    if settings.visualness == "ignore":
        return None
    expected = artefacts.read_visualness(path)["expected"].to_numpy(np.float64)
    if np.isnan(expected).any():
        raise ContractError(
            f"{path}: no word was measured, as no photo of val has words; raise prepare.val_share or set "
            "finetune.visualness: ignore"
        )
    if settings.visualness == "drop":
        return (expected >= settings.min_visualness).astype(np.float64)
    weights: Doubles = np.clip(expected, 0.0, 1.0)
    return weights
