"""The command `weft`: use a trained model, check its tags, and see the results of the pipeline."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from weft import errors, extras, runtime
from weft.commands import runners
from weft.commands.argument_types import positive_int, price
from weft.commands.export_parser import add_export_command
from weft.commands.help_examples import EXAMPLES
from weft.commands.index_arguments import add_index_argument, add_index_arguments
from weft.commands.model_argument import RUNTIMES, model_folder_opened
from weft.commands.serve_arguments import add_serve_arguments, add_verdicts_arguments
from weft.text.languages import AUTO, LANGUAGE_CODES

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_EXAMPLES_TITLE = "examples:"


def main() -> int:
    """Run the command of `sys.argv`; return 0, or 2 after a one-line error message. Without a command, print help."""
    parser = build_parser()
    args = parser.parse_args()
    if not hasattr(args, "run"):
        parser.print_help()
        return 0
    try:
        return errors.run_main(lambda: _run_command(args))
    except BrokenPipeError:
        # The reader (head, less) closed the pipe. Python would print another error while it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run_command(args: argparse.Namespace) -> None:
    runtime.configure_threads()
    with extras.required("this command"), model_folder_opened(args):
        args.run(args)
    sys.stdout.flush()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `weft`, with a sub-parser for each command."""
    parser = argparse.ArgumentParser(prog="weft", description=__doc__)
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="print the version of weft and exit")
    commands = parser.add_subparsers(metavar="COMMAND")
    _add_inference_commands(commands)
    add_export_command(commands, _add_model_command)
    init = _add_command(commands, "init", runners.run_init, "start a project with a pipeline of its own in a folder")
    init.add_argument("folder", type=Path, nargs="?", default=Path(), metavar="FOLDER", help="default: here")
    _add_calibration_commands(commands)
    _add_results_commands(commands)
    _add_extract_command(commands)
    _add_purge_command(commands)
    _add_tokens_command(commands)
    for name, command in commands.choices.items():
        command.formatter_class = _HelpFormatter
        command.epilog = _format_examples(EXAMPLES[name])
    return parser


class _HelpFormatter(argparse.HelpFormatter):
    """Wraps all texts but the examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(_EXAMPLES_TITLE) else super()._fill_text(text, width, indent)


def _format_examples(examples: str) -> str:
    return "\n".join([_EXAMPLES_TITLE, *(f"  {line.strip()}" for line in examples.strip().splitlines())])


class _PrintVersion(argparse.Action):
    """Reads the version when it is requested: argparse's own action needs it, and importlib.metadata, at each start."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import weft

        sys.stdout.write(f"weft {weft.__version__}\n")
        parser.exit()


def _add_inference_commands(commands: "Commands") -> None:
    """Add the commands that apply a trained model: embed, tag, search, serve."""
    source = "a photo, a folder or a zip of photos, or a Parquet shard of prepared or crawled photos"

    embed = _add_inference_command(
        commands, "embed", runners.run_embed, "write the embeddings of photos to a Parquet file"
    )
    embed.add_argument("source", type=Path, metavar="SOURCE", help=source)
    embed.add_argument(
        "-o", "--out", type=Path, required=True, metavar="FILE.parquet", help="columns: photo, embedding"
    )

    tag = _add_inference_command(
        commands, "tag", runners.run_tag, "print the words that photos show, as JSON lines, best first"
    )
    tag.add_argument("source", type=Path, metavar="SOURCE", help=source)
    tag.add_argument(
        "--top-k", type=positive_int, metavar="K", help="words per photo (default 10), or labels (default all)"
    )
    modes = tag.add_mutually_exclusive_group()
    modes.add_argument(
        "--labels", type=Path, metavar="FILE", help="score the labels in this file, one per line, not words"
    )
    modes.add_argument(
        "--calibrated", action="store_true", help="print only words that reach their threshold, possibly none"
    )
    tag.add_argument("--calibration-dir", type=Path, metavar="FOLDER", help="default: calibration beside the model")

    search = _add_inference_command(
        commands, "search", runners.run_search, "print the catalogue's products nearest to a photo or to words"
    )
    search.add_argument("query", nargs="+", metavar="PHOTO|WORDS", help="the path of a photo, or words: red dress")
    search.add_argument("--top-k", type=positive_int, default=10, metavar="K", help="products (default 10)")
    search.add_argument(
        "--same-item", action="store_true", help="the very same item first, not what looks most alike; needs a photo"
    )
    search.add_argument("--shop", action="append", default=[], metavar="NAME", help="only this shop; repeatable")
    search.add_argument("--category", metavar="TEXT", help="only products with this text in a category path")
    search.add_argument("--max-price", type=price, metavar="P", help="only up to this price, in the shop's currency")
    search.add_argument("--format", choices=["table", "jsonl"], help="default: table on a terminal, else jsonl")
    search.add_argument("--html", type=Path, metavar="FILE.html", help="also write a page with pictures")
    add_index_argument(search)
    search.add_argument("--products", type=Path, metavar="FILE", help="default: data/crawl/products.parquet")
    search.add_argument(
        "--photos", type=Path, default=Path("data/prepared"), help="pictures for --html; default: %(default)s"
    )

    help_text = "keep a search index of the newest crawl: build, update, info"
    add_index_arguments(_add_inference_command(commands, "index", runners.run_index, help_text))

    serve = _add_inference_command(
        commands, "serve", runners.run_serve, "start a search page and an HTTP API on the catalogue"
    )
    add_serve_arguments(serve)


def _add_calibration_commands(commands: "Commands") -> None:
    """Add the commands that check tags against the catalogue: calibrate, audit, verdicts."""
    calibrate = _add_model_command(
        commands, "calibrate", runners.run_calibrate, "find for each word the threshold that reaches a target precision"
    )
    calibrate.add_argument(
        "--target-precision", type=float, default=0.8, metavar="P", help="precision to reach on val (default 0.8)"
    )
    calibrate.add_argument(
        "--confidence", type=float, default=0.9, metavar="C", help="confidence of its lower bound (default 0.9)"
    )
    calibrate.add_argument(
        "--min-products",
        type=positive_int,
        default=10,
        metavar="N",
        help="minimum val products whose text has the word (default 10)",
    )
    calibrate.add_argument(
        "--documents", type=Path, default=Path("data/documents/documents.parquet"), help="default: %(default)s"
    )
    calibrate.add_argument("--index", type=Path, default=Path("data/embeddings/catalogue"), help="default: %(default)s")
    calibrate.add_argument("--verdicts", type=Path, metavar="FILE", help="the verdicts of people; default: none")
    calibrate.add_argument("-o", "--out", type=Path, metavar="FOLDER", help="default: calibration beside the model")

    audit = _add_model_command(
        commands, "audit", runners.run_audit, "list products whose photos and texts disagree, with a page of pictures"
    )
    audit.add_argument(
        "--products", type=Path, default=Path("data/crawl/products.parquet"), help="default: %(default)s"
    )
    audit.add_argument(
        "--documents", type=Path, default=Path("data/documents/documents.parquet"), help="default: %(default)s"
    )
    audit.add_argument("--photos", type=Path, default=Path("data/prepared"), help="default: %(default)s")
    audit.add_argument("--index", type=Path, default=Path("data/embeddings/catalogue"), help="default: %(default)s")
    audit.add_argument("--calibration-dir", type=Path, metavar="FOLDER", help="default: calibration beside the model")
    audit.add_argument(
        "--neighbours", type=positive_int, default=20, metavar="K", help="similar photos to compare with (default 20)"
    )
    audit.add_argument(
        "--num-examples", type=positive_int, default=24, metavar="N", help="examples with photos per kind (default 24)"
    )
    audit.add_argument("--verdicts", type=Path, metavar="FILE", help="leave out what people judged; default: none")
    audit.add_argument("-o", "--out", type=Path, default=Path("reports/audit"), help="a folder; default: %(default)s")

    help_text = "write the verdicts of the audit page to the file that the stages calibrate and audit read"
    verdicts = _add_command(commands, "verdicts", runners.run_verdicts, help_text, ". What only the file has is kept.")
    add_verdicts_arguments(verdicts)


def _add_results_commands(commands: "Commands") -> None:
    """Add the commands that show what the pipeline measured and choose its model: compare, summary, promote."""
    compare = commands.add_parser(
        "compare", help="print the differences of two evaluations, and the products whose rank changed most"
    )
    run_help = "the id of an MLflow run of a pipeline or of evaluate, or a folder reports/benchmarks/NAME"
    compare.add_argument("run_a", metavar="RUN_A", help=run_help)
    compare.add_argument("run_b", metavar="RUN_B", help="another run of the same benchmark, given in the same way")
    compare.add_argument(
        "--model-row", default="finetuned", help="row of the results tables to compare (default: %(default)s)"
    )
    compare.add_argument(
        "--top", type=positive_int, default=10, metavar="N", help="products whose rank changed most (default 10)"
    )
    compare.set_defaults(run=runners.run_compare)

    summary = commands.add_parser(
        "summary", help="print the results table, and where the report and the MLflow runs are"
    )
    summary.add_argument("--reports", type=Path, default=Path("reports"), help="default: %(default)s")
    summary.set_defaults(run=runners.run_summary)

    help_text = "make the model of an MLflow run the champion, unless the present champion is better"
    promote = _add_command(commands, "promote", runners.run_promote, help_text)
    target = promote.add_mutually_exclusive_group(required=True)
    target.add_argument("run_id", nargs="?", metavar="RUN", help="the id of the run of a pipeline or of its finetune")
    target.add_argument("--candidate", action="store_true", help="the model that was trained last, for scheduled runs")
    promote.add_argument("--force", action="store_true", help="promote also after a loss; a tag of the model says so")


def _add_extract_command(commands: "Commands") -> None:
    help_text = "print the products that the crawler extracts from a saved page or feed, with the source of each field"
    details = (
        ": one JSON line per product. For a page or feed without a product it prints the reason on standard error and "
        "exits with status 2."
    )
    extract = _add_command(commands, "extract", runners.run_extract, help_text, details)
    source = extract.add_mutually_exclusive_group(required=True)
    source.add_argument("page", type=Path, nargs="?", metavar="PAGE.html[.gz]", help="a saved page; needs --url")
    feed_help = "a saved feed: JSON of Shopify or WooCommerce, JSON lines, Google Merchant XML, or CSV; may be gzipped"
    source.add_argument("--feed", type=Path, metavar="FEED", help=feed_help)
    extract.add_argument("--url", help="the URL of the page, or the base URL of a feed's relative links")


def _add_purge_command(commands: "Commands") -> None:
    help_text = "remove a shop, a product or a URL from the crawl state, and list the outputs that still hold it"
    details = (
        ". No crawl with the same state fetches it again. The outputs of later stages are listed and left unchanged."
    )
    purge = _add_command(commands, "purge", runners.run_purge, help_text, details)
    target = purge.add_mutually_exclusive_group(required=True)
    target.add_argument("--shop", metavar="NAME", help="all data of a shop")
    target.add_argument("--product", metavar="ID", help="a product_id, with the photos that no other product has")
    target.add_argument("--url", help="a photo, or a page with the products and photos that no other page has")
    purge.add_argument(
        "--state", type=Path, default=Path("var/crawl"), help="folder of the crawl state; default: %(default)s"
    )
    purge.add_argument(
        "--root", type=Path, default=Path(), help="folder that holds data, models and reports; default: here"
    )
    purge.add_argument("--dry-run", action="store_true", help="list only, remove nothing")


def _add_tokens_command(commands: "Commands") -> None:
    help_text = "print the words that clean finds in each line of a text file, to check how a language is read"
    details = ". All lines together are the texts of one shop."
    tokens = _add_command(commands, "tokens", runners.run_tokens, help_text, details)
    tokens.add_argument("file", metavar="FILE|-", help="a text file in UTF-8, one text a line; - is standard input")
    languages = [AUTO, *LANGUAGE_CODES]
    tokens.add_argument("--language", choices=languages, default=AUTO, metavar="CODE", help=f"{', '.join(languages)}")
    tokens.add_argument("--explain", action="store_true", help="also print each dropped token with its reason")


def _add_command(
    commands: "Commands", name: str, run: object, help_text: str, details: str = "."
) -> argparse.ArgumentParser:
    """Add a command whose description is its help text and `details`."""
    command = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + details)
    command.set_defaults(run=run)
    return command


def _add_model_command(commands: "Commands", name: str, run: object, help_text: str) -> argparse.ArgumentParser:
    """Add a command that has the option --model."""
    command = _add_command(commands, name, run, help_text)
    model_help = "a folder, or models:/weft-embedder@champion; default: models/embedder"
    command.add_argument("--model", type=Path, metavar="FOLDER|URI", help=model_help)
    return command


def _add_inference_command(commands: "Commands", name: str, run: object, help_text: str) -> argparse.ArgumentParser:
    """Add a command that has the options --model and --runtime."""
    command = _add_model_command(commands, name, run, help_text)
    runtime_help = (
        "onnx: models/onnx, or another folder of weft export onnx, without PyTorch; default: as --model needs"
    )
    command.add_argument("--runtime", choices=RUNTIMES, help=runtime_help)
    return command


if __name__ == "__main__":
    sys.exit(main())
