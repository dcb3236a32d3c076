"""`weft calibrate`: the thresholds of `weft tag --calibrated`, for a target of one's own."""

from pathlib import Path

from weft import params
from weft.errors import InputError
from weft.progress import log_line
from weft.tagging.calibrate import calibrate


def calibrate_model(
    model: Path,
    photos: Path,
    index: Path,
    target_precision: float,
    confidence: float,
    min_products: int,
    out: Path | None,
) -> str:
    """Calibrate and tell in a few lines what came of it.

    Args:
        model: A bundle.
        photos: Prepared photos with their words (train, val, test).
        index: Embeddings that this model made of them.
        precision: The target, between 0 and 1.
        confidence: Of the lower bound that must reach it, between 0 and 1.
        min_products: Val products that must say a word.
        out: A folder; by default `calibration` beside the model.

    Raises:
        ContractError: An input is missing or broken.
        InputError: A number is out of its range, or `out` is not to be written.
        ModelError: The model did not make the index.
    """
    for name, value in (("precision", target_precision), ("confidence", confidence)):
        if not 0 < value < 1:
            raise InputError(f"--{name} {value}: wanted a share between 0 and 1")
    folder = default_calibration_dir(model) if out is None else out
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or has_thresholds(folder))):
        raise InputError(f"{folder}: holds other things than thresholds; name another folder to write")
    totals = calibrate(photos, index, model, params.Calibrate(target_precision, confidence, min_products), folder)
    log_line(f"thresholds written to {folder}")
    lines = [
        f"{totals['words_told']:,.0f} of {totals['words']:,.0f} words reach a precision of {target_precision:g} on val "
        f"(lower bound at {confidence:g} confidence); the others are never told"
    ]
    if "precision" in totals:
        lines.append(
            f"on test: precision {totals['precision']:.3f}, coverage {totals['coverage']:.3f}, "
            f"{totals['tags_per_product']:.1f} tags a product, none for {1 - totals['products_tagged']:.1%} of products"
        )
    return "\n".join(lines)


def default_calibration_dir(model: Path) -> Path:
    """Where thresholds lie by default: beside the bundle, which no later command may change."""
    return model.parent / "calibration"


def has_thresholds(folder: Path) -> bool:
    """Whether an earlier calibrate wrote it."""
    from weft.contracts import files

    return (folder / files.CALIBRATION).is_file()
