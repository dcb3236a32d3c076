"""Where the thresholds and the tag head of a model are."""

from pathlib import Path

from weft.contracts import files


def default_calibration_dir(model: Path) -> Path:
    """Return the default folder of thresholds: in an exported model, else beside the model's folder.

    No later command may change a model's folder, so thresholds are never written into it.
    """
    exported = model / files.EXPORTED_CALIBRATION
    return exported if exported.is_dir() else model.parent / "calibration"


def has_thresholds(folder: Path) -> bool:
    """Return whether the folder holds thresholds."""
    return (folder / files.CALIBRATION).is_file()
