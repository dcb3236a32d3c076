"""Stage crawl: crawl every shop of params.yaml into one snapshot of products and photos."""

import argparse
import sys
from pathlib import Path

from scrapy.utils.conf import init_env

from weft import errors, params, progress, tracking
from weft.demo.server import run_demo_shops
from weft.params.crawl import DEMO_URL_PREFIX


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--state", type=Path, required=True, help="folder of the crawl state, from which a crawl resumes"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--shard",
        default="1/1",
        help="i/n: crawl the shops of the i-th of n machines; python -m crawler.export.merge_shards joins them",
    )
    args = parser.parse_args()
    # The Scrapy project is not an installed package: scrapy.cfg says where it is, as for `scrapy crawl`.
    init_env()
    from crawler import shards
    from crawler.run import crawl_shops

    shard = shards.parse_shard(args.shard)
    settings = params.load_params(Path("params.yaml")).crawl
    markups = [
        shop.url.removeprefix(DEMO_URL_PREFIX) for shop in settings.shops if shop.url.startswith(DEMO_URL_PREFIX)
    ]
    with (
        tracking.start_stage_run("crawl", settings) as run,
        run_demo_shops(markups, settings.demo.num_products, settings.demo.seed) as base_urls,
    ):
        connect_to = {f"{DEMO_URL_PREFIX}{markup}": base for markup, base in base_urls.items()}
        counts = crawl_shops(settings, args.state, args.out, connect_to, shard)
        run.log_metrics(counts)
        run.log_artifact(args.out / "report.json")
        progress.log_outcome("crawl", args.out, counts)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
