"""A whole params file: read, checked key by key and across sections."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from weft.errors import ParamsError
from weft.params.crawl import Crawl
from weft.params.evaluate import Audit, Benchmark, Calibrate, Evaluate
from weft.params.model import Finetune, Model, TrainHead
from weft.params.photos import Prepare
from weft.params.text import Clean, Vocabulary
from weft.params.types import STRICT_CONFIG, Slug


@dataclass(frozen=True, config=STRICT_CONFIG)
class Params:
    """All of params.yaml."""

    crawl: Crawl
    clean: Clean
    vocabulary: Vocabulary
    prepare: Prepare
    model: Model
    train_head: TrainHead
    finetune: Finetune
    evaluate: Evaluate
    calibrate: Calibrate
    audit: Audit
    benchmarks: dict[Slug, Benchmark]


def load_params(path: Path) -> Params:
    """Read and check a whole params file.

    Raises:
        ParamsError: The file cannot be read, or a key is unknown, missing or out of its range.
    """
    try:
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParamsError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise ParamsError(f"{path}: wanted the sections {', '.join(f.name for f in fields(Params))}, found no mapping")
    try:
        params = TypeAdapter(Params).validate_python(values)
    except ValidationError as error:
        raise ParamsError(f"{path}: " + "; ".join(_format_problem(problem) for problem in error.errors())) from error
    _check_cross_section(params, path)
    return params


def _format_problem(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    kind = problem["type"]
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{key}: unknown key, remove it or mend its spelling"
    if kind in ("missing", "missing_argument"):
        return f"{key}: missing key"
    return f"{key} = {problem['input']!r}: {problem['msg']}"


def _check_cross_section(params: Params, path: Path) -> None:
    names = [shop.name for shop in params.crawl.shops]
    if len(set(names)) < len(names):
        raise ParamsError(f"{path}: crawl.shops: two shops have the same name; give each its own")
    if params.prepare.val_share + params.prepare.test_share >= 1.0:
        raise ParamsError(f"{path}: prepare.val_share + prepare.test_share leave nothing to train on")
    for name, training in (("train_head", params.train_head), ("finetune", params.finetune)):
        if training.loss == "contrastive" and not training.normalise:
            raise ParamsError(f"{path}: {name}.loss = contrastive compares directions: set {name}.normalise: true")
    if params.finetune.fold_projection and params.finetune.normalise:
        reason = "finetune.normalise = true stands between the projection and W"
        raise ParamsError(f"{path}: {reason}: set finetune.fold_projection: false")
    catalogue = params.benchmarks.get("catalogue")
    if catalogue is None or catalogue.reader != "catalogue":
        raise ParamsError(f"{path}: benchmarks.catalogue: missing, wanted reader: catalogue (the shop's own photos)")
    for name, benchmark in params.benchmarks.items():
        unknown = set(benchmark.same) - set(benchmark.labels)
        if unknown:
            raise ParamsError(f"{path}: benchmarks.{name}.same: {', '.join(sorted(unknown))} is not one of its labels")
