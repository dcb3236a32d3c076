"""Which choice of the learning core is worth what: one pipeline a row, at one budget of steps, into one table.

    python benchmarks/ablation.py --out benchmarks/results/ablation.csv [--rows NAME ...] [--set KEY=VALUE ...]

To be run in a checkout whose params.yaml is a preset for a real catalogue (presets/catalogue.yaml). A row changes that
file and runs `dvc repro`, so that what rows share (crawl, words, photos, frozen embeddings) is made once, and a row
that was measured before costs nothing. --set changes all rows alike: finetune.epochs is the budget. params.yaml is put
back at the end. Each row tells its commit, its hardware and the command that makes it again.
"""

import argparse
import csv
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PARAMS = Path("params.yaml")


def _both(**changes: object) -> dict[str, Any]:
    """`changes` to fit_words and finetune alike."""
    return {f"{stage}.{key}": value for stage in ("fit_words", "finetune") for key, value in changes.items()}


AS_WRITTEN = _both(described=1.0) | {"clean.in_passing": "keep", "finetune.refit_words": False}
"""Every word of a text counts the same, and W is fitted once before and once with the encoder, as in the paper."""

PLAIN = AS_WRITTEN | {
    **_both(loss="full_softmax"),
    "model.projection": 0,
    "finetune.visualness": "ignore",
    "finetune.redundancy": "ignore",
    "finetune.similarity": 0.0,
    "finetune.fold_projection": False,
}
"""The paper's objective with all of an image's words: what a row is compared with."""

FOUR = AS_WRITTEN | _both(loss="full_softmax") | {"finetune.similarity": 1.0}
"""The preset's weights of words, projection, folding and likeness of bags, beside the loss of the paper."""

LITE_FROZEN = {"finetune.frozen": ["conv_stem", "bn1", "blocks.0", "blocks.1", "blocks.2"]}
"""What mobilenet_v2's first seven blocks are in an EfficientNet-Lite."""


def _sampled(negatives: int, correction: bool) -> dict[str, Any]:
    """AdamW moves a row by its whole rate however seldom it is drawn; at the rate of the others these rows diverge."""
    changes = _both(loss="sampled_softmax", negatives=negatives, shared_negatives=True, correction=correction)
    return changes | _both(proposal="unigram", word_learning_rate=0.0003)


def _one_word(balance: float) -> dict[str, Any]:
    """At a quarter of the others' rates: the gradient of one drawn word is many times as noisy."""
    changes = _both(target="one_word", balance=balance, word_learning_rate=0.0005)
    return changes | {"finetune.learning_rate": 0.0001}


ROWS: dict[str, dict[str, Any]] = {
    "all_words, alpha 0": PLAIN,
    "one_word, word-first": PLAIN | _one_word(1.0),
    "one_word, image-first": PLAIN | _one_word(0.0),
    "all_words, alpha 0.5": PLAIN | _both(balance=0.5),
    "all_words, alpha 1": PLAIN | _both(balance=1.0),
    **{
        f"sampled softmax, {negatives} negatives{', corrected' if correction else ''}": PLAIN
        | _sampled(negatives, correction)
        for negatives in (20, 100, 1000)
        for correction in (False, True)
    },
    "binary cross-entropy": PLAIN | _both(loss="binary_cross_entropy"),
    "contrastive, image to bag": PLAIN | _both(loss="contrastive", normalise=True),
    "visualness": PLAIN | {"finetune.visualness": "weight"},
    "visualness and redundancy": PLAIN | {"finetune.visualness": "weight", "finetune.redundancy": "divide"},
    "projection": PLAIN | {"model.projection": 256},
    "projection, folded": PLAIN | {"model.projection": 256, "finetune.fold_projection": True},
    "like bags close": PLAIN | {"finetune.similarity": 1.0},
    "binary cross-entropy, like bags close, projection folded": PLAIN
    | _both(loss="binary_cross_entropy")
    | {"model.projection": 256, "finetune.fold_projection": True, "finetune.similarity": 40.0},
    "nothing in passing": PLAIN | {"clean.in_passing": "drop"},
    "descriptions count for less": PLAIN | _both(described=0.2),
    "W fitted again": PLAIN | {"finetune.refit_words": True},
    "W fitted again, descriptions count for less": PLAIN | {"finetune.refit_words": True, "fit_words.described": 0.2},
    "both stages at once": PLAIN | {"fit_words.epochs": 0},
    "all four": FOUR,
    "all four, not folded": FOUR | {"finetune.fold_projection": False},
    "all four, binary cross-entropy": AS_WRITTEN,
    "all of these: the preset": {},
    "all four, lite0": FOUR | LITE_FROZEN | {"model.backbone": "efficientnet_lite0"},
    "all four, lite2": FOUR | LITE_FROZEN | {"model.backbone": "efficientnet_lite2"},
}

METRICS = {
    "category_top_1": ("myntra_labels", "labels/category", "after finetune", "top_1_accuracy"),
    "category_top_3": ("myntra_labels", "labels/category", "after finetune", "top_3_accuracy"),
    "colour_top_1": ("myntra_labels", "labels/colour", "after finetune", "top_1_accuracy"),
    "gender_top_1": ("myntra_labels", "labels/gender", "after finetune", "top_1_accuracy"),
    "same_category_in_10": ("myntra_labels", "similar", "after finetune", "same_category_in_10"),
    "same_in_10": ("myntra_labels", "similar", "after finetune", "same_in_10"),
    "other_domain_neighbours": ("clothing_categories", "neighbours", "after finetune", "category_accuracy"),
    "other_domain_probe": ("clothing_categories", "probe", "after finetune", "category_accuracy"),
}
"""Column: benchmark, table, row and metric of its metrics.json. Empty where a benchmark is not in params.yaml."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="CSV; rows are added to those that stand there")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), metavar="NAME", default=list(ROWS))
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="for all rows: finetune.epochs=1")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    args = parser.parse_args()
    base = PARAMS.read_text(encoding="utf-8")
    common = {key: yaml.safe_load(value) for key, _, value in (pair.partition("=") for pair in args.set)}
    try:
        for seed in args.seeds:
            for name in args.rows:
                changes = common | ROWS[name] | _both(seed=seed)
                PARAMS.write_text(changed(base, changes), encoding="utf-8")
                began = time.monotonic()
                subprocess.run(["dvc", "repro", *_targets(base)], check=True)
                minutes = round((time.monotonic() - began) / 60, 1)
                found = {"row": name, "seed": seed, **measured(Path("reports/benchmarks")), "minutes": minutes}
                _add(
                    args.out,
                    found | {"commit": _commit(), "hardware": hardware(), "command": _command(args, name, seed)},
                )
    finally:
        PARAMS.write_text(base, encoding="utf-8")
    return 0


def _targets(base: str) -> list[str]:
    """The stages that measure, of the benchmarks that the table reads."""
    there = yaml.safe_load(base)["benchmarks"]
    return [f"evaluate@{name}" for name in dict.fromkeys(place[0] for place in METRICS.values()) if name in there]


def _commit() -> str:
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def hardware() -> str:
    """The accelerator, or the processor and how many of its threads a stage was told to take."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    threads = os.environ.get("WEFT_THREADS", str(os.cpu_count()))
    return f"{names[0] if names else platform.processor()}, {threads} threads"


def _command(args: argparse.Namespace, name: str, seed: int) -> str:
    """What makes this one row again."""
    own = ["python", "benchmarks/ablation.py", "--out", str(args.out), "--rows", name, "--seeds", str(seed)]
    return shlex.join([*own, *(["--set", *args.set] if args.set else [])])


def changed(text: str, changes: Mapping[str, Any]) -> str:
    """The YAML `text` with dotted keys changed; every key must be there."""
    values = yaml.safe_load(text)
    for key, value in changes.items():
        *path, last = key.split(".")
        section = values
        for part in path:
            section = section[part]
        if last not in section:
            raise KeyError(f"{key}: not in {PARAMS}")
        section[last] = value
    dumped: str = yaml.safe_dump(values, sort_keys=False)
    return dumped


def measured(reports: Path) -> dict[str, str]:
    """METRICS in percent, from what evaluate wrote."""
    found = {}
    for column, (benchmark, table, row, metric) in METRICS.items():
        path = reports / benchmark / "metrics.json"
        tables = json.loads(path.read_text(encoding="utf-8"))["tables"] if path.exists() else {}
        value = tables.get(table, {}).get(row, {}).get(metric)
        found[column] = "" if value is None else f"{100 * value:.1f}"
    return found


def _add(path: Path, row: Mapping[str, object]) -> None:
    """Append at once: a run of hours that is cut off keeps its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(row), lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(row)
    print(row, flush=True)


if __name__ == "__main__":
    sys.exit(main())
