"""`weft calibrate`: the thresholds of `weft tag --calibrated` for a chosen target precision."""

from pathlib import Path

from weft import params
from weft.commands.calibration_folder import default_calibration_dir, has_thresholds
from weft.errors import InputError
from weft.progress import log_line
from weft.tagging.calibrate import calibrate
from weft.tagging.verdicts import NO_VERDICTS, read_verdicts


def calibrate_model(
    model: Path,
    documents: Path,
    index: Path,
    target_precision: float,
    confidence: float,
    min_products: int,
    out: Path | None,
    verdicts: Path | None,
) -> str:
    """Calibrate the model, write the thresholds and return a summary of a few lines.

    Args:
        model: The model's folder.
        documents: The words of the products, documents.parquet.
        index: The embeddings of the prepared photos by this model.
        target_precision: The precision to reach on val, between 0 and 1.
        confidence: The confidence of the lower bound of the precision, between 0 and 1.
        min_products: The minimum number of val products whose text has a word.
        out: The folder to write; by default `calibration` beside the model.
        verdicts: verdicts.tsv, if people judged tags.

    Raises:
        ContractError: An input is missing or invalid.
        InputError: A number is out of range, or `out` holds other files than thresholds.
        ModelError: Another model made the index.
    """
    for name, value in (("target-precision", target_precision), ("confidence", confidence)):
        if not 0 < value < 1:
            raise InputError(f"--{name} {value}: expected a number between 0 and 1")
    folder = default_calibration_dir(model) if out is None else out
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or has_thresholds(folder))):
        raise InputError(f"{folder}: expected an empty folder or thresholds, got other files; choose another folder")
    settings = params.Calibrate(target_precision, confidence, min_products)
    known = NO_VERDICTS if verdicts is None else read_verdicts(verdicts)
    totals = calibrate(documents, index, model, settings, folder, known)
    log_line(f"thresholds written to {folder}")
    lines = [
        f"{totals['calibrated_words']:,.0f} of {totals['words']:,.0f} words reach a precision of {target_precision:g} "
        f"on val (lower bound at {confidence:g} confidence); the others are never used as tags"
    ]
    if "precision" in totals:
        lines.append(
            f"on test: precision {totals['precision']:.3f}, recall {totals['recall']:.3f}, "
            f"{totals['tags_per_product']:.1f} tags each, "
            f"none for {1 - totals['share_of_products_tagged']:.1%} of products"
        )
    return "\n".join(lines)
