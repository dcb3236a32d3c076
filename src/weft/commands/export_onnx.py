"""`weft export onnx`: the model as a folder that other programs, and `weft --runtime onnx`, run without PyTorch."""

from collections.abc import Iterator
from pathlib import Path

from weft.commands.calibration_folder import default_calibration_dir
from weft.export.onnx_export import export_onnx
from weft.export.parity import MAX_PHOTOS
from weft.progress import log_line
from weft.retrieval.photo_input import iter_photos


def export_model(model: Path, calibration: Path | None, photos: Path, out: Path) -> str:
    """Export the model and return a summary of two lines.

    Args:
        model: The model's folder.
        calibration: Its thresholds; by default those beside the model, if there are any.
        photos: The photos with which the export is checked: prepared photos, or what `weft embed` reads.
        out: The folder to write.

    Raises:
        ModelError: The model cannot be exported, or the exported one gives other results.
        ContractError: The calibration is broken.
        InputError: `out` holds other files, or the photos cannot be used.
    """
    exported = export_onnx(model, calibration or default_calibration_dir(model), iter_check_photos(photos), out)
    parity = exported.parity
    tags = ", with the calibrated tags" if exported.calibrated else ""
    if not exported.calibrated:
        log_line("no thresholds were found beside the model, so tags will have no probabilities; run weft calibrate")
    if parity.photos < MAX_PHOTOS:
        log_line(f"{photos}: parity was checked on {parity.photos} photos, fewer than {MAX_PHOTOS}")
    differences = [f"embeddings {parity.embeddings:.1e}", f"word scores {parity.word_scores:.1e}"]
    if parity.tag_probabilities is not None:
        differences.append(f"tag probabilities {parity.tag_probabilities:.1e}")
    return (
        f"{out}: ONNX, opset {exported.opset}, any batch size{tags}\n"
        f"largest difference from PyTorch on {parity.photos} photos: {', '.join(differences)}"
    )


def iter_check_photos(source: Path) -> Iterator[tuple[str, bytes]]:
    """Return an iterator of (name, photo): the test split of prepared photos, or the photos of any other source."""
    shards = sorted((source / "test").glob("*.parquet"))
    if not shards:
        return iter_photos(source)
    return (photo for shard in shards for photo in iter_photos(shard))
