"""The options `--model` and `--runtime`: a model's folder, an exported model, or a model of the MLflow registry."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weft.errors import InputError

MODEL_URI_PREFIX = "models:/"
RUNTIMES = ("torch", "onnx")
DEFAULT_FOLDERS = {"torch": Path("models/embedder"), "onnx": Path("models/onnx")}
"""The folders that the stage finetune and `weft export onnx` write."""


@contextmanager
def model_folder_opened(args: Namespace) -> Iterator[None]:
    """Replace `args.model`, if the command has it, by a folder; a model of the registry is copied, until the end.

    Raises:
        InputError: The registry has no such model, the command would write beside it, or it is not one of `--runtime`.
    """
    if "model" not in args:
        yield
        return
    runtime = getattr(args, "runtime", None)
    if args.model is None:
        args.model = DEFAULT_FOLDERS[runtime or "torch"]
    if not str(args.model).startswith(MODEL_URI_PREFIX):
        _check_runtime(args.model, runtime)
        yield
        return
    if runtime == "onnx":
        raise InputError(f"{args.model}: the registry holds models of PyTorch; export this one with weft export onnx")
    if "out" in args and args.out is None:
        raise InputError(f"{args.model}: expected -o FOLDER, because a model of the registry has no folder beside it")
    from weft.tracking import fetch_model

    with fetch_model(str(args.model)) as args.model:
        yield


def _check_runtime(folder: Path, runtime: str | None) -> None:
    """Check that a model is of the runtime that was named; without one, the folder decides."""
    from weft.inference.onnx_folder import is_onnx_folder

    is_exported = is_onnx_folder(folder)
    if runtime == "onnx" and not is_exported:
        raise InputError(f"--runtime onnx: {folder} is no exported model; run `weft export onnx -o {folder}` first")
    if runtime == "torch" and is_exported:
        raise InputError(f"--runtime torch: {folder} is an exported model; name the model's folder with --model")
