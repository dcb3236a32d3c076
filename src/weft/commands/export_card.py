"""`weft export card`: a model card from what the runs know, in a folder that Hugging Face's hub takes as it is."""

from pathlib import Path

from weft.commands.calibration_folder import default_calibration_dir
from weft.commands.model_argument import DEFAULT_FOLDERS
from weft.export.card_facts import ProjectFolders
from weft.export.hub_folder import CARD, write_hub_folder


def export_card(model: Path, data: Path, reports: Path, out: Path, name: str, licence: str) -> str:
    """Write the folder and return a summary.

    Args:
        model: The model's folder.
        data: The folder of the pipeline's data.
        reports: The folder of the pipeline's reports.
        out: The folder to write.
        name: The name of the model on its card.
        licence: The licence of the model, as the hub names it.

    Raises:
        ContractError: A result is missing or broken.
        ModelError: The model cannot be loaded, or the results are those of another one.
        InputError: `out` holds other files.
    """
    folders = ProjectFolders(Path(), data, reports, model, default_calibration_dir(model))
    names = write_hub_folder(folders, DEFAULT_FOLDERS["onnx"], out, name, licence)
    return f"{out / CARD}: the model card\n{out}: {len(names)} files, ready for `hf upload`: {', '.join(names)}"
