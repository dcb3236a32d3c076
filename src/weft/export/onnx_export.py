"""Export a model as an ONNX folder, which is left only if ONNX Runtime gives the same results as PyTorch."""

import json
import shutil
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from weft import tables
from weft.contracts import files
from weft.errors import InputError, ModelError, get_first_line
from weft.export.parity import Parity, measure_parity
from weft.inference.onnx_folder import (
    BIAS,
    CALIBRATION_FILES,
    FORMAT_VERSION,
    INPUT,
    OUTPUT,
    QUERY_WEIGHTS,
    WORDS,
    hash_files,
    is_onnx_folder,
)
from weft.model.bundle import Bundle, load_bundle
from weft.tagging.tag_head import read_calibrated_head

OPSET = 17
"""The version of ONNX's operators: the newest that the exporter writes natively, and of ONNX Runtime since 1.13."""


@dataclass(frozen=True)
class ExportedModel:
    """What was exported."""

    opset: int
    parity: Parity
    calibrated: bool
    """Whether the folder has the tag head and the thresholds."""


def export_onnx(model: Path, calibration: Path, photos: Iterable[tuple[str, bytes]], out: Path) -> ExportedModel:
    """Export a model folder as `weft.inference.onnx_folder` describes.

    Args:
        model: The model's folder.
        calibration: Its thresholds and tag head; left out if there is no such folder.
        photos: Names and bytes of the photos with which PyTorch and ONNX Runtime are compared.
        out: The folder to write; it replaces a folder that was exported before, and no other.

    Raises:
        ModelError: The model cannot be loaded or exported, the calibration belongs to another model, or ONNX Runtime
            gives other results than PyTorch. Nothing is then written.
        ContractError: The calibration is broken.
        InputError: `out` holds other files, or no photo can be decoded.
    """
    if out.exists() and not is_onnx_folder(out) and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out}: it exists and is no exported model; choose another folder with -o")
    if out.resolve().is_relative_to(model.resolve()):
        raise InputError(f"{out}: it is inside the model's folder, which no command may change; choose another with -o")
    bundle = load_bundle(model)
    with tables.atomic_write(out) as temporary:
        temporary.mkdir(parents=True)
        calibrated = _copy_calibration(calibration, bundle, temporary / files.EXPORTED_CALIBRATION)
        _write_network(bundle, temporary / files.NETWORK)
        _write_head(bundle, temporary / files.HEAD)
        _write_json(temporary / files.WORD_LIST, bundle.words)
        _write_json(temporary / files.PREPROCESS, _describe_preprocessing(bundle))
        export = _describe_export(bundle)
        _write_json(temporary / files.EXPORT, export | {"files": hash_files(temporary)})
        parity = measure_parity(model, temporary, photos)
        _write_json(temporary / files.EXPORT, export | {"parity": asdict(parity), "files": hash_files(temporary)})
    return ExportedModel(OPSET, parity, calibrated)


def _write_network(bundle: Bundle, path: Path) -> None:
    example = torch.zeros(2, 3, bundle.height, bundle.width, dtype=torch.uint8)
    try:
        with warnings.catch_warnings():
            # This exporter is deprecated. It takes 2 s, the one that replaces it 20 s and one more library; and it
            # warns of control flow that depends on the size of photos, which is fixed here.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                bundle.embedder.eval(),
                (example,),
                path,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
                opset_version=OPSET,
                dynamo=False,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, TypeError, ValueError) as error:
        reason = get_first_line(error)
        raise ModelError(f"torch.onnx cannot export this network: {reason}") from error


def _write_head(bundle: Bundle, path: Path) -> None:
    from safetensors.numpy import save_file

    embedder = bundle.embedder
    words = embedder.words.detach().numpy()
    bias = np.zeros(len(words), np.float32) if embedder.bias is None else embedder.bias.detach().numpy()[:, 0]
    tensors = {WORDS: words, BIAS: bias, QUERY_WEIGHTS: bundle.query_weights}
    save_file({name: np.ascontiguousarray(tensor, np.float32) for name, tensor in tensors.items()}, path)


def _describe_preprocessing(bundle: Bundle) -> dict[str, Any]:
    """Return what a caller does with a photo before the graph; `weft.photos` does it here."""
    mean, std = bundle.embedder.normalisation
    return {
        "height": bundle.height,
        "width": bundle.width,
        "channels": "RGB, upright by its EXIF orientation, transparent pixels on white",
        "resize": "bicubic with antialiasing, to fit into the box with the same aspect ratio, centred",
        "padding": "the median colour of the border pixels of the resized photo",
        "input": "uint8 (batch, 3, height, width), 0 to 255",
        "normalisation": {"in_graph": True, "mean": mean, "std": std},
    }


def _copy_calibration(calibration: Path, bundle: Bundle, target: Path) -> bool:
    """Copy the tag head and the thresholds of this model, if there are any."""
    if not (calibration / files.CALIBRATION).is_file():
        return False
    read_calibrated_head(calibration, bundle.digest, len(bundle.words), bundle.embedder.words.shape[1])
    target.mkdir()
    for name in CALIBRATION_FILES:
        shutil.copyfile(calibration / name, target / name)
    return True


def _describe_export(bundle: Bundle) -> dict[str, Any]:
    words, dim = bundle.embedder.words.shape
    return {
        "format": FORMAT_VERSION,
        "loss": bundle.loss,
        "model": bundle.digest,
        "opset": OPSET,
        "input": {"name": INPUT, "type": "uint8", "shape": ["batch", 3, bundle.height, bundle.width]},
        "output": {"name": OUTPUT, "type": "float32", "shape": ["batch", dim]},
        "words": words,
        "word_scores": f"{OUTPUT} @ {WORDS}.T + {BIAS}",
    }


def _write_json(path: Path, values: object) -> None:
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
