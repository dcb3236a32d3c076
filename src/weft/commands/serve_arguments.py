"""The arguments of `weft serve` and `weft verdicts`."""

from argparse import ArgumentParser
from pathlib import Path

from weft.commands.argument_types import port
from weft.commands.index_arguments import add_index_argument

VERDICTS = Path("verdicts.tsv")
VERDICT_STORE = Path("var/verdicts.sqlite")


def add_serve_arguments(parser: ArgumentParser) -> None:
    """Add the options of `weft serve`, which has --model already."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="address; others than loopback need a token; default: %(default)s"
    )
    parser.add_argument("--port", type=port, default=8000, help="0 for any free port; default: %(default)s")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="the bearer token that clients must send")
    add_index_argument(parser)
    parser.add_argument(
        "--embeddings", type=Path, default=Path("data/embeddings/catalogue"), help="default: %(default)s"
    )
    parser.add_argument(
        "--products", type=Path, default=Path("data/crawl/products.parquet"), help="default: %(default)s"
    )
    parser.add_argument("--photos", type=Path, default=Path("data/prepared"), help="default: %(default)s")
    parser.add_argument(
        "--audit", type=Path, default=Path("reports/audit"), help="the cases of the audit page; default: %(default)s"
    )
    _add_verdict_store(parser)
    parser.add_argument("--verdicts", type=Path, default=VERDICTS, help="verdicts of before; default: %(default)s")


def add_verdicts_arguments(parser: ArgumentParser) -> None:
    """Add the options of `weft verdicts`."""
    _add_verdict_store(parser)
    parser.add_argument("-o", "--out", type=Path, default=VERDICTS, metavar="FILE.tsv", help="default: %(default)s")


def _add_verdict_store(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--verdict-store",
        type=Path,
        default=VERDICT_STORE,
        metavar="FILE",
        help="where the audit page keeps verdicts; default: %(default)s",
    )
