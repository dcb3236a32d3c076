"""Serve the built-in demo shops on loopback until interrupted."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from weft import errors
from weft.demo.ground_truth import write_ground_truth
from weft.demo.server import ShopServer
from weft.demo.shops import SHOPS_BY_MARKUP
from weft.demo.site import Site


def main() -> None:
    """Read the command line, write the ground truth if requested, and serve."""
    parser = argparse.ArgumentParser(prog="python -m weft.demo", description=__doc__)
    parser.add_argument("--products", type=int, default=600, help="products of all three shops together (default: 600)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the catalogue (default: 1)")
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        help="port of the first shop, followed by those of the others; 0 takes free ports (default)",
    )
    parser.add_argument(
        "--markups",
        nargs="+",
        choices=tuple(SHOPS_BY_MARKUP),
        default=tuple(SHOPS_BY_MARKUP),
        help="markups of the shops to serve (default: all)",
    )
    parser.add_argument("--ground-truth", type=Path, help="also write the ground truth to this file as JSON lines")
    parser.add_argument("--exit-on-eof", action="store_true", help="exit when standard input is closed")
    args = parser.parse_args()
    if args.products < 1 or args.seed < 0 or not 0 <= args.port < 65_534:
        raise errors.InputError(
            f"expected --products of at least 1, --seed of at least 0 and --port from 0 to 65533, "
            f"got {args.products}, {args.seed} and {args.port}"
        )
    if args.ground_truth:
        write_ground_truth(args.ground_truth, args.products, args.seed)
    serve(args.markups, args.products, args.seed, args.port, exit_on_eof=args.exit_on_eof)


def serve(markups: list[str], products: int, seed: int, port: int, *, exit_on_eof: bool) -> None:
    """Serve one shop per markup until interrupted, and print the name and URL of each shop, one per line."""
    servers = [
        ShopServer(Site(SHOPS_BY_MARKUP[markup], products, seed), port + index if port else 0)
        for index, markup in enumerate(markups)
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    for server in servers:
        sys.stdout.write(f"{server.site.shop.name} {server.url}\n")
    if not exit_on_eof:
        first = servers[0]
        shop = f"-a name={first.site.shop.name} -a url={first.url}"
        sys.stdout.write(f"\nTry: scrapy crawl shop {shop} -a allow_private_network=1 -a delay=0\n")
        sys.stdout.write("Press Ctrl-C to stop.\n")
    sys.stdout.flush()
    _wait_until_stopped(exit_on_eof=exit_on_eof)


def _wait_until_stopped(*, exit_on_eof: bool) -> None:
    """Wait until interrupted or, with exit_on_eof, until standard input closes because the parent process ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if exit_on_eof:
            sys.stdin.read()
        else:
            threading.Event().wait()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
