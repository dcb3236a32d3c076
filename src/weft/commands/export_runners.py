"""What `weft export` does with its arguments; each format is imported when it is written."""

import argparse

from weft.commands.runners import print_lines


def run_export_onnx(args: argparse.Namespace) -> None:
    """Run `weft export onnx`."""
    from weft.commands.export_onnx import export_model

    print_lines([export_model(args.model, args.calibration_dir, args.photos, args.out)])


def run_export_card(args: argparse.Namespace) -> None:
    """Run `weft export card`."""
    from weft.commands.export_card import export_card

    print_lines([export_card(args.model, args.data, args.reports, args.out, args.name, args.license)])


def run_export_embeddings(args: argparse.Namespace) -> None:
    """Run `weft export embeddings`."""
    from weft.commands.export_embeddings import export_catalogue

    print_lines([export_catalogue(args.embeddings, args.out, args.format, args.normalise)])
