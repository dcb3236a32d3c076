"""The command `weft`: use a trained model, judge what it tells, and look at the results of the pipeline."""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from weft import errors, runtime

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

# Commands import what they need when they run: torch alone takes seconds, and --help must not wait for it.


def main() -> int:
    """Entry point; 0 when all went well, 2 with a one-line reason when not."""
    args = _build_parser().parse_args()
    try:
        return errors.run_main(lambda: _run_command(args))
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more while closing the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run_command(args: argparse.Namespace) -> None:
    runtime.configure_threads()
    args.run(args)
    sys.stdout.flush()


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="weft", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_inference_commands(commands)
    _add_calibration_commands(commands)
    _add_results_commands(commands)
    _add_extract_command(commands)
    _add_purge_command(commands)
    return parser


def _add_inference_commands(commands: "Commands") -> None:
    """What a trained model is for: embed, tag, search."""
    source = "a photo, a folder or a zip of photos, or a Parquet shard of prepared or crawled photos"

    embed = _add_command(commands, "embed", _embed, "write the embeddings of photos to a Parquet file")
    embed.add_argument("source", type=Path, metavar="SOURCE", help=source)
    embed.add_argument(
        "-o", "--out", type=Path, required=True, metavar="FILE.parquet", help="columns: photo, embedding"
    )

    tag = _add_command(commands, "tag", _tag, "print the words that photos show, as JSON lines, best first")
    tag.add_argument("source", type=Path, metavar="SOURCE", help=source)
    tag.add_argument(
        "--top-k", type=_positive_int, metavar="K", help="words a photo (default 10), or labels (default all)"
    )
    modes = tag.add_mutually_exclusive_group()
    modes.add_argument("--labels", type=Path, metavar="FILE", help="score these labels instead, one a line")
    modes.add_argument(
        "--calibrated", action="store_true", help="only words that reach their threshold; none where none does"
    )
    tag.add_argument("--calibration", type=Path, metavar="FOLDER", help="default: calibration beside the model")

    search = _add_command(commands, "search", _search, "print the catalogue's photos nearest to a photo or to words")
    search.add_argument("query", nargs="+", metavar="PHOTO|WORDS", help="the path of a photo, or words: red dress")
    search.add_argument("--top-k", type=_positive_int, default=10, metavar="K", help="photos (default 10)")
    search.add_argument("--index", type=Path, default=Path("data/embeddings/catalogue"), help="default: %(default)s")


def _add_calibration_commands(commands: "Commands") -> None:
    """What it may tell, and what it holds against the catalogue: calibrate, audit."""
    calibrate = _add_command(commands, "calibrate", _calibrate, "find for each word the threshold above which it holds")
    calibrate.add_argument(
        "--precision", type=float, default=0.8, metavar="P", help="to be reached on val (default 0.8)"
    )
    calibrate.add_argument(
        "--confidence", type=float, default=0.9, metavar="C", help="of the lower bound that must reach it (default 0.9)"
    )
    calibrate.add_argument(
        "--min-products",
        type=_positive_int,
        default=10,
        metavar="N",
        help="val products that must say a word (default 10)",
    )
    calibrate.add_argument("--photos", type=Path, default=Path("data/prepared"), help="default: %(default)s")
    calibrate.add_argument("--index", type=Path, default=Path("data/embeddings/catalogue"), help="default: %(default)s")
    calibrate.add_argument("-o", "--out", type=Path, metavar="FOLDER", help="default: calibration beside the model")

    audit = _add_command(
        commands, "audit", _audit, "list products whose photos and texts disagree, with a page of pictures"
    )
    audit.add_argument(
        "--products", type=Path, default=Path("data/crawl/products.parquet"), help="default: %(default)s"
    )
    audit.add_argument("--photos", type=Path, default=Path("data/prepared"), help="default: %(default)s")
    audit.add_argument("--index", type=Path, default=Path("data/embeddings/catalogue"), help="default: %(default)s")
    audit.add_argument("--calibration", type=Path, metavar="FOLDER", help="default: calibration beside the model")
    audit.add_argument(
        "--neighbours", type=_positive_int, default=20, metavar="K", help="similar photos asked (default 20)"
    )
    audit.add_argument(
        "--examples", type=_positive_int, default=24, metavar="N", help="of each kind with pictures (default 24)"
    )
    audit.add_argument("-o", "--out", type=Path, default=Path("reports/audit"), help="a folder; default: %(default)s")


def _add_results_commands(commands: "Commands") -> None:
    """What the pipeline measured: compare, summary."""
    compare = commands.add_parser("compare", help="print what one evaluation gains over another, and whose rank moved")
    run_help = "an MLflow run id of evaluate, or a folder it wrote (reports/benchmarks/NAME)"
    compare.add_argument("run_a", metavar="RUN_A", help=run_help)
    compare.add_argument("run_b", metavar="RUN_B", help="likewise, of the same benchmark")
    compare.add_argument("--row", default="after finetune", help="of the results tables (default: %(default)s)")
    compare.add_argument(
        "--most", type=_positive_int, default=10, metavar="N", help="products whose rank moved (default 10)"
    )
    compare.set_defaults(run=_compare)

    summary = commands.add_parser("summary", help="print the results table and where report and runs are")
    summary.add_argument("--reports", type=Path, default=Path("reports"), help="default: %(default)s")
    summary.set_defaults(run=_summary)


def _add_extract_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    help_text = "print what the crawler would take from a saved page or feed, each field with the layer it came from"
    extract = commands.add_parser(
        "extract",
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}: one JSON line per product. A page or feed without a product prints "
        "nothing on standard output, says why on standard error and ends with status 2.",
    )
    source = extract.add_mutually_exclusive_group(required=True)
    source.add_argument("page", type=Path, nargs="?", metavar="PAGE.html[.gz]", help="a saved page; wants --url")
    feed_help = "a saved feed: JSON of Shopify or WooCommerce, JSON lines, Merchant XML or CSV, gzip or not"
    source.add_argument("--json", type=Path, metavar="FEED", help=feed_help)
    extract.add_argument("--url", help="where the page was saved from, or where a feed's relative links start")
    extract.set_defaults(run=_extract)


def _add_purge_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    help_text = "remove a shop, a product or an address from the store, and say which later stages hold it"
    purge = commands.add_parser(
        "purge",
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}. It is removed at once (--dry-run only looks), and no crawl with the "
        "same store brings it back. What later stages hold is listed, not touched.",
    )
    target = purge.add_mutually_exclusive_group(required=True)
    target.add_argument("--shop", metavar="NAME", help="everything of a shop")
    target.add_argument("--product", metavar="ID", help="a product_id, with the photos that no other product shows")
    target.add_argument("--url", help="a photo, or a product's page with what only it shows")
    purge.add_argument("--state", type=Path, default=Path("var/crawl"), help="the store; default: %(default)s")
    purge.add_argument("--root", type=Path, default=Path(), help="where data, models and reports lie; default: here")
    purge.add_argument("--dry-run", action="store_true", help="remove nothing")
    purge.set_defaults(run=_purge)


def _add_command(commands: "Commands", name: str, run: object, help_text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
    command.add_argument("--model", type=Path, default=Path("models/embedder"), help="default: %(default)s")
    command.set_defaults(run=run)
    return command


def _purge(args: argparse.Namespace) -> None:
    from weft.commands.purge import purge

    kind = next(name for name in ("shop", "product", "url") if getattr(args, name) is not None)
    _print_lines(purge(kind, getattr(args, kind), args.state, args.root, dry_run=args.dry_run))


def _positive_int(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _embed(args: argparse.Namespace) -> None:
    from weft.commands.embed import embed_to_file

    embed_to_file(args.source, args.model, args.out)


def _tag(args: argparse.Namespace) -> None:
    from weft.commands.calibrate import default_calibration_dir
    from weft.commands.tag import tag, tag_calibrated

    if args.calibrated:
        _print_lines(
            tag_calibrated(args.source, args.model, args.calibration or default_calibration_dir(args.model), args.top_k)
        )
    elif args.calibration:
        raise errors.InputError("--calibration: says nothing without --calibrated; add it")
    else:
        _print_lines(tag(args.source, args.model, args.top_k, args.labels))


def _calibrate(args: argparse.Namespace) -> None:
    from weft.commands.calibrate import calibrate_model

    numbers = (args.precision, args.confidence, args.min_products)
    _print_lines([calibrate_model(args.model, args.photos, args.index, *numbers, args.out)])


def _audit(args: argparse.Namespace) -> None:
    from weft.commands.audit import audit_catalogue
    from weft.commands.calibrate import default_calibration_dir
    from weft.tagging.audit import Sources

    calibration = args.calibration or default_calibration_dir(args.model)
    sources = Sources(args.products, args.photos, args.index, args.model, calibration)
    _print_lines([audit_catalogue(sources, args.neighbours, args.examples, args.out)])


def _compare(args: argparse.Namespace) -> None:
    from weft.commands.compare import compare

    _print_lines(compare(args.run_a, args.run_b, args.row, args.most))


def _search(args: argparse.Namespace) -> None:
    from weft.commands.search import search

    _print_lines(search(" ".join(args.query), args.model, args.index, args.top_k))


def _extract(args: argparse.Namespace) -> None:
    from weft.commands.extract import extract_feed, extract_page

    if args.json is not None:
        _print_lines(extract_feed(args.json, args.url))
    elif args.url is None:
        raise errors.InputError(f"{args.page}: wanted --url, the address that the page was saved from")
    else:
        _print_lines(extract_page(args.page, args.url))


def _summary(args: argparse.Namespace) -> None:
    from weft.commands.summary import format_summary

    _print_lines([format_summary(args.reports)])


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
