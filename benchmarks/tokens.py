"""Measure how fast texts become tokens, in one run, as ratios to the plain expression that cuts English.

    python benchmarks/tokens.py PRODUCTS.parquet TEXTS.txt LANGUAGE

PRODUCTS is an English products.parquet of the crawl; TEXTS has one text a line in LANGUAGE. Both are cut by
`ShopTokenizer` and by the plain expression in turn; the figures are medians of CPU times.
"""

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from weft.text.shop_tokenizer import ShopTokenizer
from weft.text.tokenize import tokenize

REPEATS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", type=Path, metavar="PRODUCTS.parquet")
    parser.add_argument("texts", type=Path, metavar="TEXTS.txt")
    parser.add_argument("language")
    args = parser.parse_args()
    columns = pq.read_table(args.products, columns=["title", "description"])
    english = [text for name in columns.column_names for text in columns[name].to_pylist()]
    texts = args.texts.read_text(encoding="utf-8").splitlines()
    for name, language, sample in (("English", "en", english), (args.language, args.language, texts)):
        tokenizer = ShopTokenizer(language)
        for text in sample:
            tokenizer.count(text)
        tokenize_first(tokenizer, sample)
        # Alternating measurements: the machine's other work falls on both.
        pairs = [(measure(tokenize, sample), measure(tokenizer.tokenize, sample)) for _ in range(REPEATS)]
        plain, cut = (statistics.median(speeds) for speeds in zip(*pairs, strict=True))
        ratio = statistics.median(second / first for first, second in pairs)
        print(f"{name}: plain {plain:,.0f} tokens/s, with the shop's words {cut:,.0f} tokens/s, ratio {ratio:.3f}")
    for repeats in (1, 10):
        print(f"{args.language}: {measure_memory(args.language, texts * repeats):,.1f} MB for {repeats} x the texts")


def tokenize_first(tokenizer: ShopTokenizer, texts: list[str]) -> None:
    """Print the throughput of the first pass, in which each distinct word is cut."""
    print(f"{tokenizer.language}: first pass {measure(tokenizer.tokenize, texts):,.0f} tokens/s")


def measure(cut: Callable[[str], list[str]], texts: list[str]) -> float:
    """Return the tokens per second of CPU time."""
    start = time.process_time()
    num_tokens = sum(len(cut(text)) for text in texts)
    return num_tokens / (time.process_time() - start)


def measure_memory(language: str, texts: list[str]) -> float:
    """Return the peak of traced memory, in MB, of counting and cutting the texts."""
    tracemalloc.start()
    tokenizer = ShopTokenizer(language)
    for text in texts:
        tokenizer.count(text)
    for text in texts:
        tokenizer.tokenize(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


if __name__ == "__main__":
    main()
