"""The arguments of `weft export`, which has a sub-command for each format."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from weft.commands import export_runners

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    AddCommand = Callable[[Commands, str, object, str], argparse.ArgumentParser]


def add_export_command(commands: "Commands", add_model_command: "AddCommand") -> None:
    """Add `weft export onnx`.

    Args:
        commands: The commands of `weft`.
        add_model_command: Adds a command that has the option --model.
    """
    help_text = "write the model or its embeddings in the formats of other tools"
    export = commands.add_parser("export", help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
    formats = export.add_subparsers(metavar="FORMAT", required=True)
    onnx = add_model_command(
        formats, "onnx", export_runners.run_export_onnx, "write the model for ONNX Runtime, checked against PyTorch"
    )
    onnx.add_argument("-o", "--out", type=Path, default=Path("models/onnx"), help="a folder; default: %(default)s")
    onnx.add_argument(
        "--photos", type=Path, default=Path("data/prepared"), help="photos to check with; default: %(default)s"
    )
    onnx.add_argument("--calibration-dir", type=Path, metavar="FOLDER", help="default: calibration beside the model")
