"""params.yaml as a whole: it is read and checked key by key and across sections."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from weft.errors import ParamsError
from weft.params.crawl import Crawl
from weft.params.evaluate import Audit, Benchmark, Calibrate, Evaluate
from weft.params.model import ModelParams
from weft.params.photos import Prepare
from weft.params.renamed import find_new_key
from weft.params.stages import Finetune, TrainHead
from weft.params.text import Clean, Vocabulary
from weft.params.training import ContrastiveLoss, CosineLogits, Training
from weft.params.types import STRICT_CONFIG, Slug

_UNKNOWN_KEY = ("unexpected_keyword_argument", "extra_forbidden")
_MISSING_KEY = ("missing", "missing_argument", "missing_keyword_only_argument")


@dataclass(frozen=True, config=STRICT_CONFIG)
class Params:
    """All sections of params.yaml."""

    crawl: Crawl
    """Which shops are crawled, and how politely."""
    clean: Clean
    """Which words of a product's text become tokens."""
    vocabulary: Vocabulary
    """Which words are learned."""
    prepare: Prepare
    """Which photos are kept, and at what size."""
    model: ModelParams
    """The image encoder before training."""
    training: Training
    """The objective that train_head and finetune share."""
    train_head: TrainHead
    """Stage 1: train the head W on the embeddings z of the frozen backbone."""
    finetune: Finetune
    """Stage 2: train the whole network."""
    evaluate: Evaluate
    """What is measured on every benchmark."""
    calibrate: Calibrate
    """What a word must reach on val to be predicted."""
    audit: Audit
    """How a mismatch between photos and text is checked and shown."""
    benchmarks: dict[Slug, Benchmark]
    """The data sets to evaluate, by name. `catalogue` is the crawled catalogue and must be there."""


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
        sections = ", ".join(field.name for field in fields(Params))
        raise ParamsError(f"{path}: expected the sections {sections}, got no mapping")
    try:
        params = TypeAdapter(Params).validate_python(values)
    except ValidationError as error:
        raise ParamsError(f"{path}: " + "; ".join(_format_problems(error, values))) from error
    if problem := next(_iter_conflicts(params), None):
        raise ParamsError(f"{path}: {problem}")
    return params


def _format_problems(error: ValidationError, values: dict[str, Any]) -> list[str]:
    """Describe each problem of a file; if keys were renamed, missing keys are not listed as well."""
    problems = error.errors()
    renamed = [line for problem in problems for line in _format_renamed(problem, values)]
    if renamed:
        return renamed
    return [_format_problem(problem, values) for problem in problems]


def _format_renamed(problem: Any, values: dict[str, Any]) -> Iterator[str]:
    """Name the new key of an unknown key and of all keys in it, as far as earlier versions had them."""
    if problem["type"] not in _UNKNOWN_KEY:
        return
    path, _ = _resolve(problem["loc"], values)
    pending = [(".".join(path), problem["input"])]
    while pending:
        key, value = pending.pop(0)
        if (new_key := find_new_key(key)) is not None:
            yield f"{key}: unknown key; it is now {new_key}"
        if isinstance(value, dict):
            pending += [(f"{key}.{name}", inner) for name, inner in value.items()]


def _format_problem(problem: Any, values: dict[str, Any]) -> str:
    path, variant = _resolve(problem["loc"], values)
    key, kind = ".".join(path), problem["type"]
    if kind in _UNKNOWN_KEY and variant:
        union = ".".join(path[:-1])
        return (
            f"{key}: {union}.name = {variant} does not read this key; remove the key "
            f"(dvc exp run -S '~{key}') or choose another {union}.name"
        )
    if kind in _UNKNOWN_KEY:
        return f"{key}: unknown key; correct its spelling or remove it"
    if kind in _MISSING_KEY:
        return f"{key}: missing key"
    if kind == "union_tag_not_found":
        return f"{key}.name: missing key"
    if kind == "union_tag_invalid":
        return f"{key}.name = {problem['ctx']['tag']!r}: expected one of {problem['ctx']['expected_tags']}"
    if kind in ("model_attributes_type", "dataclass_type"):
        return f"{key} = {problem['input']!r}: expected a mapping of keys"
    return f"{key} = {problem['input']!r}: {problem['msg']}"


def _resolve(location: tuple[str | int, ...], values: Any) -> tuple[list[str], str]:
    """Return the keys that lead to a problem, and the variant (the `name` of a loss, optimiser ...) it lies in, or "".

    pydantic's locations also hold the variant's name, which is not a key of the file.
    """
    path: list[str] = []
    variant = ""
    for part in location:
        if isinstance(values, dict) and part not in values and part == values.get("name"):
            variant = str(part)
            continue
        path.append(str(part))
        if part != location[-1]:
            variant = ""
        is_inside = isinstance(values, dict) and part in values
        is_item = isinstance(values, list) and isinstance(part, int) and part < len(values)
        values = values[part] if is_inside or is_item else None
    return path, variant


def _iter_conflicts(params: Params) -> Iterator[str]:
    """Yield what is wrong with keys that are valid one by one."""
    names = [shop.name for shop in params.crawl.shops]
    if len(set(names)) < len(names):
        yield "crawl.shops: two shops have the same name; give each its own"
    if params.prepare.val_share + params.prepare.test_share >= 1.0:
        yield "prepare.val_share + prepare.test_share: expected less than 1, or no products are left to train on"
    is_cosine = isinstance(params.training.logits, CosineLogits)
    if isinstance(params.training.loss, ContrastiveLoss) and not is_cosine:
        yield "training.loss.name = contrastive compares directions; set training.logits.name: cosine"
    if params.finetune.discard_projection_head and is_cosine:
        yield (
            "finetune.discard_projection_head: expected false, because training.logits.name = cosine normalises z "
            "between the projection and W"
        )
    compares_photos = isinstance(params.training.loss, ContrastiveLoss) or params.finetune.bag_similarity.weight > 0
    if params.finetune.accumulate > 1 and compares_photos:
        yield (
            f"finetune.accumulate = {params.finetune.accumulate}: expected 1, because training.loss.name = contrastive "
            "and finetune.bag_similarity compare all photos of a batch with each other"
        )
    for name, stage in (("train_head", params.train_head), ("finetune", params.finetune)):
        if stage.keep_best_by == "last" and stage.early_stopping_patience:
            yield (
                f"{name}.early_stopping_patience = {stage.early_stopping_patience}: expected 0, because with "
                f"{name}.keep_best_by = last no epoch is better than another"
            )
    catalogue = params.benchmarks.get("catalogue")
    if catalogue is None or catalogue.reader != "catalogue":
        yield "benchmarks.catalogue: missing; add it with reader: catalogue (the crawled catalogue)"
    for name, benchmark in params.benchmarks.items():
        if unknown := set(benchmark.match_all) - set(benchmark.labels):
            yield (f"benchmarks.{name}.match_all: expected names of its label sets, got {', '.join(sorted(unknown))}")
