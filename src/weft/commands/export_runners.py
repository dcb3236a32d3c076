"""What `weft export` does with its arguments; each format is imported when it is written."""

import argparse

from weft.commands.runners import print_lines


def run_export_onnx(args: argparse.Namespace) -> None:
    """Run `weft export onnx`."""
    from weft.commands.export_onnx import export_model

    print_lines([export_model(args.model, args.calibration_dir, args.photos, args.out)])
