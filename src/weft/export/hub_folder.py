"""A folder that huggingface_hub can upload as it is: the model card, and the files of the model without any pickle."""

import json
import shutil
from pathlib import Path

from weft import tables
from weft.contracts import files
from weft.errors import InputError
from weft.export.card_facts import ProjectFolders, read_card_facts
from weft.export.model_card import render_card
from weft.inference.onnx_folder import CALIBRATION_FILES, is_onnx_folder, read_onnx_folder
from weft.model.bundle import load_bundle
from weft.progress import log_line

CARD = "README.md"
ONNX = "onnx"
_REQUIRED = (files.MODEL, files.CONFIG, files.PREPROCESS, files.WORDS, files.DIGEST)
_OPTIONAL = (files.TRAINING, files.HISTORY, files.WORD_PREDICTABILITY)


def write_hub_folder(folders: ProjectFolders, onnx: Path, out: Path, name: str, licence: str) -> list[str]:
    """Write the folder and return the names of its files.

    Args:
        folders: The outputs of the pipeline.
        onnx: The exported model, which is included if it is of this model.
        out: The folder to write; it replaces one that this function wrote, and no other.
        name: The name of the model on its card.
        licence: The licence of the model, as the hub names it.

    Raises:
        ContractError: A result is missing or broken.
        ModelError: The model cannot be loaded, or the results are those of another one.
        InputError: `out` holds other files.
    """
    if out.exists() and not _is_hub_folder(out) and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out}: it exists and holds other files than a model card; choose another folder with -o")
    digest = load_bundle(folders.model).digest
    facts = read_card_facts(folders)
    with tables.atomic_write(out) as temporary:
        temporary.mkdir(parents=True)
        _copy(folders.model, temporary, _REQUIRED)
        _copy(folders.model, temporary, [name for name in _OPTIONAL if (folders.model / name).is_file()])
        if facts.calibration:
            _copy(folders.calibration, temporary / files.EXPORTED_CALIBRATION, CALIBRATION_FILES)
        has_onnx = _copy_onnx(onnx, digest, temporary / ONNX)
        (temporary / CARD).write_text(render_card(facts, name, licence, has_onnx), encoding="utf-8")
        return sorted(path.relative_to(temporary).as_posix() for path in temporary.rglob("*") if path.is_file())


def _is_hub_folder(folder: Path) -> bool:
    return all((folder / name).is_file() for name in (CARD, *_REQUIRED))


def _copy_onnx(onnx: Path, digest: str, target: Path) -> bool:
    """Copy the exported model if it is there and of this model."""
    if not is_onnx_folder(onnx):
        return False
    if read_onnx_folder(onnx).digest != digest:
        log_line(f"{onnx}: left out, because it was exported from another model; run weft export onnx")
        return False
    exported = json.loads((onnx / files.EXPORT).read_text(encoding="utf-8"))
    _copy(onnx, target, [files.EXPORT, *exported["files"]])
    return True


def _copy(source: Path, target: Path, names: list[str] | tuple[str, ...]) -> None:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
