"""Ablation: measure the effect of each choice of the training. Each row of the table is one run of the pipeline.

    python benchmarks/ablation.py --out benchmarks/results/ablation.csv [--rows NAME ...] [--set KEY=VALUE ...]

Run it in a checkout whose params.yaml is a preset for a real catalogue (presets/catalogue.yaml). Each row changes that
file and runs `dvc repro`. What rows share (crawl, words, photos, frozen embeddings) is computed once, and a row that
was measured before takes no time. --set changes a key of all rows: finetune.epochs is the budget. The script restores
params.yaml at the end. Each row names its hardware, its commit and the command that repeats it at that commit; rows
and keys may have had other names there.
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

PARAMS_PATH = Path("params.yaml")


def _for_both_stages(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `changes` for train_head and for finetune."""
    return {f"{stage}.{key}": value for stage in ("train_head", "finetune") for key, value in changes.items()}


AS_IN_PAPER = _for_both_stages({"description_weight": 1.0}) | {
    "clean.drop_off_topic_words": False,
    "finetune.retrain_head": False,
}
"""As in the paper, every word of a text has the same weight, and W is not trained once more after the encoder."""

FULL_SOFTMAX = {"training.loss": {"name": "full_softmax"}}
BINARY_CROSS_ENTROPY = {"training.loss": {"name": "binary_cross_entropy"}}
PREDICTABILITY = {"finetune.word_weighting": {"name": "predictability"}}

BASELINE = (
    AS_IN_PAPER
    | FULL_SOFTMAX
    | {
        "model.projection_dim": 0,
        "finetune.word_weighting": {"name": "none"},
        "finetune.downweight_redundant_words": False,
        "finetune.bag_similarity.weight": 0.0,
        "finetune.discard_projection_head": False,
    }
)
"""The paper's objective with all of a photo's words: what each row is compared with."""

FOUR_CHANGES = AS_IN_PAPER | FULL_SOFTMAX | {"finetune.bag_similarity.weight": 1.0}
"""The preset's word weights, redundancy, discarded projection and bag similarity, with the paper's loss."""

LITE_FROZEN_MODULES = {"finetune.frozen_modules": ["conv_stem", "bn1", "blocks.0", "blocks.1", "blocks.2"]}
"""The modules of an EfficientNet-Lite that correspond to mobilenet_v2's first seven blocks."""


def _sampled_softmax_changes(num_negatives: int, logq_correction: bool) -> dict[str, Any]:
    """Return the keys of a sampled softmax, with a low learning rate.

    AdamW changes a row of W by the full learning rate even if the row is drawn seldom, so these runs diverge at the
    learning rate of the other losses.
    """
    loss = {
        "name": "sampled_softmax",
        "num_negatives": num_negatives,
        "share_negatives_in_batch": True,
        "negative_distribution": "unigram",
        "logq_correction": logq_correction,
    }
    return {"training.loss": loss} | _for_both_stages({"optimizer.head_lr": 0.0003})


def _sampled_word_changes(inverse_frequency_exponent: float) -> dict[str, Any]:
    """Return the keys of one sampled word per photo, at a quarter of the learning rate.

    The gradient of one sampled word has many times the variance of that of all words.
    """
    return {
        "training.targets": "sampled_word",
        "training.sampling.inverse_frequency_exponent": inverse_frequency_exponent,
        "finetune.optimizer.backbone_lr": 0.0001,
    } | _for_both_stages({"optimizer.head_lr": 0.0005})


def _inverse_frequency(exponent: float) -> dict[str, Any]:
    return {"training.sampling.inverse_frequency_exponent": exponent}


ROWS: dict[str, dict[str, Any]] = {
    "soft targets, inverse frequency exponent 0": BASELINE,
    "sampled word, word-first": BASELINE | _sampled_word_changes(1.0),
    "sampled word, image-first": BASELINE | _sampled_word_changes(0.0),
    "soft targets, inverse frequency exponent 0.5": BASELINE | _inverse_frequency(0.5),
    "soft targets, inverse frequency exponent 1": BASELINE | _inverse_frequency(1.0),
    **{
        f"sampled softmax, {num_negatives} negatives{', logQ correction' if corrected else ''}": BASELINE
        | _sampled_softmax_changes(num_negatives, corrected)
        for num_negatives in (20, 100, 1000)
        for corrected in (False, True)
    },
    "binary cross-entropy": BASELINE | BINARY_CROSS_ENTROPY,
    "contrastive": BASELINE
    | {"training.loss": {"name": "contrastive"}, "training.logits": {"name": "cosine", "temperature": 0.05}},
    "word weights by predictability": BASELINE | PREDICTABILITY,
    "word weights by predictability and redundancy": BASELINE
    | PREDICTABILITY
    | {"finetune.downweight_redundant_words": True},
    "projection": BASELINE | {"model.projection_dim": 256},
    "projection, discarded after training": BASELINE
    | {"model.projection_dim": 256, "finetune.discard_projection_head": True},
    "bag similarity": BASELINE | {"finetune.bag_similarity.weight": 1.0},
    "binary cross-entropy, bag similarity, projection discarded after training": BASELINE
    | BINARY_CROSS_ENTROPY
    | {
        "model.projection_dim": 256,
        "finetune.discard_projection_head": True,
        "finetune.bag_similarity.weight": 40.0,
    },
    "off-topic words dropped": BASELINE | {"clean.drop_off_topic_words": True},
    "description weight 0.2": BASELINE | _for_both_stages({"description_weight": 0.2}),
    "head retrained": BASELINE | {"finetune.retrain_head": True},
    "head retrained, description weight 0.2": BASELINE
    | {"finetune.retrain_head": True, "train_head.description_weight": 0.2},
    "without train_head": BASELINE | {"train_head.epochs": 0},
    "four changes together": FOUR_CHANGES,
    "four changes together, projection kept": FOUR_CHANGES | {"finetune.discard_projection_head": False},
    "four changes together, binary cross-entropy": AS_IN_PAPER,
    "presets/catalogue.yaml": {},
    "four changes together, efficientnet_lite0": FOUR_CHANGES
    | LITE_FROZEN_MODULES
    | {"model.backbone": "efficientnet_lite0"},
    "four changes together, efficientnet_lite2": FOUR_CHANGES
    | LITE_FROZEN_MODULES
    | {"model.backbone": "efficientnet_lite2"},
}
"""Row name to changed keys."""

METRICS = {
    "category_top_1": ("myntra_labels", "zero_shot/category", "finetuned", "top_1_accuracy"),
    "category_top_3": ("myntra_labels", "zero_shot/category", "finetuned", "top_3_accuracy"),
    "colour_top_1": ("myntra_labels", "zero_shot/colour", "finetuned", "top_1_accuracy"),
    "gender_top_1": ("myntra_labels", "zero_shot/gender", "finetuned", "top_1_accuracy"),
    "category_precision_at_10": ("myntra_labels", "label_retrieval", "finetuned", "category_precision_at_10"),
    "joint_precision_at_10": ("myntra_labels", "label_retrieval", "finetuned", "joint_precision_at_10"),
    "other_domain_knn": ("clothing_categories", "knn", "finetuned", "category_accuracy"),
    "other_domain_linear_probe": ("clothing_categories", "linear_probe", "finetuned", "category_accuracy"),
}
"""Column of the table to benchmark, table, row and metric of metrics.json. A cell is empty if params.yaml does not have
the benchmark."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="CSV file; rows are appended")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), metavar="NAME", default=list(ROWS))
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="KEY=VALUE", help="a key for all rows: finetune.epochs=1"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    args = parser.parse_args()
    base = PARAMS_PATH.read_text(encoding="utf-8")
    common = {key: yaml.safe_load(value) for key, _, value in (pair.partition("=") for pair in args.set)}
    try:
        for seed in args.seeds:
            for name in args.rows:
                changes = common | ROWS[name] | {"training.seed": seed}
                PARAMS_PATH.write_text(override_params(base, changes), encoding="utf-8")
                started = time.monotonic()
                subprocess.run(["dvc", "repro", *_list_dvc_targets(base)], check=True)
                minutes = round((time.monotonic() - started) / 60, 1)
                row = {"row": name, "seed": seed, **read_metrics(Path("reports/benchmarks")), "minutes": minutes}
                _append_row(
                    args.out,
                    row
                    | {
                        "commit": _get_commit(),
                        "hardware": describe_hardware(),
                        "command": _format_command(args, name, seed),
                    },
                )
    finally:
        PARAMS_PATH.write_text(base, encoding="utf-8")
    return 0


def _list_dvc_targets(base: str) -> list[str]:
    """Return the evaluate stages of the benchmarks that the table reads."""
    configured = yaml.safe_load(base)["benchmarks"]
    return [
        f"evaluate@{name}" for name in dict.fromkeys(source[0] for source in METRICS.values()) if name in configured
    ]


def _get_commit() -> str:
    completed = subprocess.run(["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True)
    return completed.stdout.strip()


def describe_hardware() -> str:
    """Return the name of the GPU, or of the processor and the number of threads that a stage uses."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    threads = os.environ.get("WEFT_THREADS", str(os.cpu_count()))
    return f"{names[0] if names else platform.processor()}, {threads} threads"


def _format_command(args: argparse.Namespace, name: str, seed: int) -> str:
    """Return the command that measures this row again."""
    words = ["python", "benchmarks/ablation.py", "--out", str(args.out), "--rows", name, "--seeds", str(seed)]
    return shlex.join([*words, *(["--set", *args.set] if args.set else [])])


def override_params(text: str, changes: Mapping[str, Any]) -> str:
    """Return the YAML `text` with the values of dotted keys changed.

    Raises:
        KeyError: The text lacks a key.
    """
    values = yaml.safe_load(text)
    for key, value in changes.items():
        *path, last = key.split(".")
        section = values
        for part in path:
            section = section[part]
        if last not in section:
            raise KeyError(f"{key}: not in {PARAMS_PATH}")
        section[last] = value
    yaml_text: str = yaml.safe_dump(values, sort_keys=False)
    return yaml_text


def read_metrics(reports: Path) -> dict[str, str]:
    """Return METRICS in percent, from the metrics.json files of evaluate."""
    metrics = {}
    for column, (benchmark, table, row, metric) in METRICS.items():
        path = reports / benchmark / "metrics.json"
        tables = json.loads(path.read_text(encoding="utf-8"))["tables"] if path.exists() else {}
        value = tables.get(table, {}).get(row, {}).get(metric)
        metrics[column] = "" if value is None else f"{100 * value:.1f}"
    return metrics


def _append_row(path: Path, row: Mapping[str, object]) -> None:
    """Append a row at once, so that an interrupted run of hours keeps its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(row), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)
    print(row, flush=True)


if __name__ == "__main__":
    sys.exit(main())
