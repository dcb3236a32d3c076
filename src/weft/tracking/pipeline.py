"""The identity and the name of one run of the whole pipeline, from its parameters and its code."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from weft.checkout import read_committed_params, read_params

PIPELINE_FILE = "dvc.yaml"
LAST_STAGE_OF_MODEL = "finetune"
"""The code of this stage and of the stages before it identifies the model; later stages only measure it."""

_INVALID_NAME_CHARS = re.compile(r"[^\w\-. :/]")
"""Characters that MLflow does not allow in the name of a parameter or a tag."""
_MAX_NAMED_DIFFERENCES = 3
_MAX_VALUE_LENGTH = 30


@dataclass(frozen=True)
class Pipeline:
    """One run of the pipeline."""

    key: str
    """The name of DVC's experiment, else a digest of the parameters and of the code that makes the model."""
    name: str
    """The parameters that differ from the baseline, and the experiment or the beginning of the digest."""
    params: dict[str, Any]
    """All values of params.yaml by their dotted key."""
    params_digest: str


def identify_pipeline(folder: Path) -> Pipeline:
    """Return the identity of the pipeline in `folder`, as its files and DVC's environment variables describe it.

    The digest does not contain the code of stages after finetune, results, or the git commit: a pipeline whose report
    is written again after a change of the report's code is the same pipeline.
    """
    params = read_params(folder)
    params_digest = hashlib.sha256(json.dumps(params, sort_keys=True, default=str).encode()).hexdigest()
    digest = hashlib.sha256(f"{params_digest} {_digest_model_code(folder)}".encode()).hexdigest()
    experiment = os.environ.get("DVC_EXP_NAME", "")
    differences = describe_differences(_read_baseline_params(folder, params), params)
    return Pipeline(
        key=experiment or digest,
        name=f"{differences or 'baseline'} ({experiment or digest[:7]})",
        params=params,
        params_digest=params_digest,
    )


def replace_invalid_chars(name: str) -> str:
    """Return the name of a parameter or a tag with "_" for each character that MLflow does not allow."""
    return _INVALID_NAME_CHARS.sub("_", name)


def describe_differences(baseline: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """Return the parameters that differ from the baseline, such as "finetune.epochs=1, loss.name=contrastive".

    Each key is shortened to its last part, unless another parameter of `params` ends in the same way. A parameter that
    only the baseline has is not named.
    """
    changed = [key for key, value in params.items() if key not in baseline or baseline[key] != value]
    texts = [f"{_shorten(key, params)}={_format_value(params[key])}" for key in changed[:_MAX_NAMED_DIFFERENCES]]
    if len(changed) > _MAX_NAMED_DIFFERENCES:
        texts.append(f"{len(changed) - _MAX_NAMED_DIFFERENCES} more")
    return ", ".join(texts)


def _shorten(key: str, params: Mapping[str, Any]) -> str:
    parts = key.split(".")
    for start in reversed(range(len(parts))):
        suffix = ".".join(parts[start:])
        if sum(f".{other}".endswith(f".{suffix}") for other in params) == 1:
            return suffix
    return key


def _format_value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[:_MAX_VALUE_LENGTH]}..."


def _read_baseline_params(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Return the committed parameters: of the experiment's baseline, else of HEAD; `params` where there are none."""
    return read_committed_params(folder, os.environ.get("DVC_EXP_BASELINE_REV") or "HEAD") or params


def _digest_model_code(folder: Path) -> str:
    """Return a digest of the code that the stages up to LAST_STAGE_OF_MODEL list in dvc.yaml."""
    digest = hashlib.sha256()
    for path in sorted(set(_iter_model_code(folder))):
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _iter_model_code(folder: Path) -> Iterator[Path]:
    path = folder / PIPELINE_FILE
    stages = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("stages", {}) if path.is_file() else {}
    stages = {name: stage.get("do", stage) for name, stage in stages.items()}
    outs = {_get_fixed_part(out): name for name, stage in stages.items() for out in _list_outs(stage)}
    seen, queue = set(), [LAST_STAGE_OF_MODEL]
    while queue:
        name = queue.pop()
        if name in seen or name not in stages:
            continue
        seen.add(name)
        for dep in stages[name].get("deps", ()):
            producers = [stage for out, stage in outs.items() if f"{dep}/".startswith(f"{out.rstrip('/')}/")]
            queue += producers
            if not producers and "${" not in dep and (folder / dep).exists():
                yield folder / dep


def _list_outs(stage: Mapping[str, Any]) -> list[str]:
    outs = [*stage.get("outs", ()), *stage.get("metrics", ())]
    return [next(iter(out)) if isinstance(out, Mapping) else str(out) for out in outs]


def _get_fixed_part(out: str) -> str:
    """Return a path without the part that differs between benchmarks: "data/features/" of "data/features/${key}"."""
    return out.split("${")[0]
