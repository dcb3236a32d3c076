"""What each command of `weft` does with its arguments.

A command is imported when it runs: torch alone takes seconds to import, and --help must not wait for it.
"""

import argparse
import sys
from collections.abc import Iterable

from weft.errors import InputError


def run_init(args: argparse.Namespace) -> None:
    """Run `weft init`."""
    from weft.commands.init import init_project

    print_lines([init_project(args.folder)])


def run_embed(args: argparse.Namespace) -> None:
    """Run `weft embed`."""
    from weft.commands.embed import embed_to_file

    embed_to_file(args.source, args.model, args.out)


def run_tag(args: argparse.Namespace) -> None:
    """Run `weft tag`."""
    from weft.commands.calibration_folder import default_calibration_dir
    from weft.commands.tag import tag, tag_calibrated

    if args.calibrated:
        calibration = args.calibration_dir or default_calibration_dir(args.model)
        print_lines(tag_calibrated(args.source, args.model, calibration, args.top_k))
    elif args.calibration_dir:
        raise InputError("--calibration-dir: it has no effect without --calibrated; add --calibrated")
    else:
        print_lines(tag(args.source, args.model, args.top_k, args.labels))


def run_search(args: argparse.Namespace) -> None:
    """Run `weft search`."""
    from weft.commands.index_arguments import EMBEDDINGS
    from weft.commands.search import SearchInputs, search
    from weft.search.product_filter import ProductFilter

    inputs = SearchInputs(args.model, args.index or EMBEDDINGS, args.products, args.photos, args.index_type)
    requested = ProductFilter(tuple(args.shop), args.category or "", max_price=args.max_price)
    output_format = args.format or ("table" if sys.stdout.isatty() else "jsonl")
    query = " ".join(args.query)
    print_lines(search(query, inputs, requested, args.top_k, output_format, args.html, args.same_item))


def run_index(args: argparse.Namespace) -> None:
    """Run `weft index`."""
    from weft.commands import index

    inputs = index.IndexInputs(args.model, args.crawl, args.state, args.embeddings)
    if args.action == "build":
        print_lines(index.build(args.index, inputs, args.params))
    elif args.action == "update":
        print_lines(index.update(args.index, inputs, compact=args.compact))
    else:
        print_lines(index.describe(args.index))


def run_serve(args: argparse.Namespace) -> None:
    """Run `weft serve`."""
    from weft.commands.calibration_folder import default_calibration_dir
    from weft.commands.serve import serve
    from weft.serve.settings import AuditFiles, ServedFiles

    pipeline = (args.embeddings, args.products, args.photos, default_calibration_dir(args.model))
    serve(
        ServedFiles(args.model, *pipeline, args.index, args.index_type),
        AuditFiles(args.audit, args.verdict_store, args.verdicts),
        args.host,
        args.port,
        args.token_file,
    )


def run_calibrate(args: argparse.Namespace) -> None:
    """Run `weft calibrate`."""
    from weft.commands.calibrate import calibrate_model

    numbers = (args.target_precision, args.confidence, args.min_products)
    print_lines([calibrate_model(args.model, args.documents, args.index, *numbers, args.out, args.verdicts)])


def run_audit(args: argparse.Namespace) -> None:
    """Run `weft audit`."""
    from weft.commands.audit import audit_catalogue
    from weft.commands.calibration_folder import default_calibration_dir
    from weft.tagging.audit import AuditInputs

    calibration = args.calibration_dir or default_calibration_dir(args.model)
    inputs = AuditInputs(args.products, args.documents, args.photos, args.index, args.model, calibration)
    print_lines([audit_catalogue(inputs, args.neighbours, args.num_examples, args.out, args.verdicts)])


def run_verdicts(args: argparse.Namespace) -> None:
    """Run `weft verdicts`."""
    from weft.commands.verdicts import export_verdicts

    print_lines([export_verdicts(args.verdict_store, args.out)])


def run_compare(args: argparse.Namespace) -> None:
    """Run `weft compare`."""
    from weft.commands.compare import compare

    print_lines(compare(args.run_a, args.run_b, args.model_row, args.top))


def run_tokens(args: argparse.Namespace) -> None:
    """Run `weft tokens`."""
    from weft.commands.tokens import tokens

    print_lines(tokens(args.file, args.language, explain=args.explain))


def run_extract(args: argparse.Namespace) -> None:
    """Run `weft extract`."""
    from weft.commands.extract import extract_feed, extract_page

    if args.feed is not None:
        print_lines(extract_feed(args.feed, args.url))
    elif args.url is None:
        raise InputError(f"{args.page}: expected --url, the URL of the saved page, got none")
    else:
        print_lines(extract_page(args.page, args.url))


def run_summary(args: argparse.Namespace) -> None:
    """Run `weft summary`."""
    from weft.commands.summary import format_summary

    print_lines([format_summary(args.reports)])


def run_promote(args: argparse.Namespace) -> None:
    """Run `weft promote`."""
    from weft.commands.promote import promote

    print_lines(promote(args.run_id, force=args.force))


def run_purge(args: argparse.Namespace) -> None:
    """Run `weft purge`."""
    from weft.commands.purge import purge

    kind = next(name for name in ("shop", "product", "url") if getattr(args, name) is not None)
    print_lines(purge(kind, getattr(args, kind), args.state, args.root, dry_run=args.dry_run))


def print_lines(lines: Iterable[str]) -> None:
    """Write lines to standard output as they come."""
    for line in lines:
        sys.stdout.write(line + "\n")
