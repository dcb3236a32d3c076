"""What the runs of a project know about their model, for its card."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from weft import checkout
from weft.contracts import files
from weft.errors import ContractError, ModelError
from weft.report.provenance import Provenance, read_provenance
from weft.report.readers import ReportInputs, read_json
from weft.report.tables import Results, read_results
from weft.report.versions import Versions, read_versions

_TRAINING_STAGES = ("prepare", "features", "train_head", "finetune")


@dataclass(frozen=True)
class ProjectFolders:
    """The outputs of a pipeline."""

    root: Path
    """The folder of dvc.lock and params.yaml."""
    data: Path
    """The folder of the outputs crawl, clean, prepared and embeddings."""
    reports: Path
    """The folder of the benchmarks' results."""
    model: Path
    calibration: Path


@dataclass(frozen=True)
class CardFacts:
    """What a model card says."""

    provenance: Provenance
    versions: Versions
    results: tuple[Results, ...]
    """One for each benchmark, by name."""
    languages: tuple[str, ...]
    """ISO 639-1, the language of the most products first."""
    calibration: Mapping[str, Any] | None
    """calibration.json; None without a calibration of this model."""
    params: Mapping[str, Any]
    """The params of the stages that made the model, by their dotted key, from dvc.lock; empty where DVC did not run."""


def read_card_facts(folders: ProjectFolders) -> CardFacts:
    """Read the facts.

    Raises:
        ContractError: A file is missing or broken.
        ModelError: The results are those of another model.
    """
    names = sorted(path.parent.name for path in (folders.reports / "benchmarks").glob(f"*/{files.METRICS}"))
    if not names:
        raise ContractError(f"{folders.reports}: expected benchmarks/NAME/{files.METRICS}, got none; run dvc repro")
    inputs = ReportInputs(
        benchmarks=folders.reports / "benchmarks",
        crawl=folders.data / "crawl",
        clean=folders.data / "clean",
        vocabulary=folders.data / "vocabulary",
        prepared=folders.data / "prepared",
        head=folders.model.parent / "head",
        model=folders.model,
        calibration=folders.calibration,
        audit=folders.reports / "audit",
    )
    provenance = read_provenance(inputs)
    for name in names:
        _check_same_model(folders.data / "embeddings" / name, provenance.digest)
    return CardFacts(
        provenance,
        read_versions(folders.root),
        tuple(read_results(inputs.benchmarks / name) for name in names),
        _read_languages(inputs.clean / files.LANGUAGES),
        _read_calibration(folders.calibration, provenance.digest),
        _read_locked_params(folders.root / checkout.LOCK_FILE),
    )


def _check_same_model(embeddings: Path, digest: str) -> None:
    """Check that a benchmark was measured with this model."""
    try:
        measured = (embeddings / files.DIGEST).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{embeddings / files.DIGEST}: cannot be read: {error}; run the stage embed") from error
    if measured != digest:
        raise ModelError(
            f"{embeddings}: the results are those of the model {measured[:12]}, expected {digest[:12]}; run dvc repro"
        )


def _read_languages(path: Path) -> tuple[str, ...]:
    products: dict[str, int] = {}
    try:
        for languages in read_json(path, "clean").values():
            for language, counts in languages.items():
                products[language] = products.get(language, 0) + int(counts["products"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ContractError(f"{path}: expected products by shop and language, got {error}; run clean") from error
    return tuple(sorted(products, key=lambda language: (-products[language], language)))


def _read_calibration(folder: Path, digest: str) -> Mapping[str, Any] | None:
    if not (folder / files.CALIBRATION).is_file():
        return None
    calibration = read_json(folder / files.CALIBRATION, "calibrate")
    return calibration if calibration.get("model") == digest else None


def _read_locked_params(path: Path) -> dict[str, Any]:
    """Return the params with which DVC ran the stages of training; empty if it did not."""
    try:
        stages = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        return {}
    found: dict[str, Any] = {}
    for name, stage in stages.items() if isinstance(stages, Mapping) else ():
        if str(name).split("@")[0] in _TRAINING_STAGES and isinstance(stage, Mapping):
            params = stage.get("params", {})
            values = params.get(checkout.PARAMS_FILE, {}) if isinstance(params, Mapping) else {}
            if isinstance(values, Mapping):
                found |= checkout.flatten_params(values)
    return {key: found[key] for key in sorted(found) if not key.startswith("benchmarks.")}
