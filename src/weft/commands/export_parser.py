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
    """Add `weft export` with its formats.

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

    help_text = "write a model card and the model's files, as Hugging Face's hub takes them"
    card = add_model_command(formats, "card", export_runners.run_export_card, help_text)
    card.add_argument("-o", "--out", type=Path, default=Path("models/hub"), help="a folder; default: %(default)s")
    card.add_argument("--name", default="weft-embedder", help="the name on the card; default: %(default)s")
    card.add_argument(
        "--license", default="other", metavar="ID", help="the model's licence as the hub names it; default: %(default)s"
    )
    card.add_argument("--data", type=Path, default=Path("data"), help="default: %(default)s")
    card.add_argument("--reports", type=Path, default=Path("reports"), help="default: %(default)s")

    help_text = "write the embeddings of a catalogue with product ids for another store of vectors"
    embeddings = formats.add_parser("embeddings", help=help_text, description=help_text[0].upper() + help_text[1:])
    embeddings.set_defaults(run=export_runners.run_export_embeddings)
    embeddings.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help=".parquet, .npy or .csv")
    embeddings.add_argument("--format", choices=["parquet", "npy", "csv"], help="default: as FILE is named")
    embeddings.add_argument("--normalise", action="store_true", help="divide each embedding by its length")
    embeddings.add_argument(
        "--embeddings", type=Path, default=Path("data/embeddings/catalogue"), help="default: %(default)s"
    )
