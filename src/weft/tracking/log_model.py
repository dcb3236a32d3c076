"""Log a model bundle as an MLflow pyfunc model, from code, so that nothing is pickled.

The model contains the code of this package and names exact versions of the libraries that it needs, so that it runs in
an environment without Weft.
"""

import json
from importlib.metadata import version
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array

import weft
from weft.contracts import files
from weft.tracking.registry import MODEL_NAME, register_candidate

_MODEL_CODE = Path(__file__).with_name("pyfunc_model.py")
_PINNED_LIBRARIES = (
    "nltk",
    "numpy",
    "pandas",
    "pillow",
    "pyarrow",
    "pydantic",
    "pyyaml",
    "safetensors",
    "torch",
    "torchvision",
    "tqdm",
)


def log_bundle(bundle: Path, example_photo: bytes, data_digests: dict[str, str]) -> str:
    """Log the bundle in the active run and register it as a version of MODEL_NAME with the alias "candidate".

    Args:
        bundle: The model's folder (`weft.model.bundle`).
        example_photo: An encoded photo, the input example of the model.
        data_digests: The md5 of the data of the training, by tag.

    Returns:
        The id of the logged model.
    """
    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.binary, "photo")]),
        outputs=Schema(
            [
                ColSpec(Array(DataType.string), "words"),
                ColSpec(Array(DataType.double), "scores"),
                ColSpec(Array(DataType.double), "embedding"),
            ]
        ),
    )
    config = json.loads((bundle / files.CONFIG).read_text(encoding="utf-8"))
    tags = {
        "digest": (bundle / files.DIGEST).read_text(encoding="utf-8").strip(),
        "vocabulary": str(config["vocabulary"]),
        "code_version": weft.__version__,
        **data_digests,
    }
    logged = mlflow.pyfunc.log_model(
        name="embedder",
        python_model=str(_MODEL_CODE),
        artifacts={"bundle": str(bundle)},
        code_paths=[str(Path(weft.__file__).parent)],
        signature=signature,
        input_example=pd.DataFrame({"photo": [example_photo]}),
        pip_requirements=[f"{library}=={_get_public_version(library)}" for library in _PINNED_LIBRARIES],
        registered_model_name=MODEL_NAME,
        tags=tags,
    )
    register_candidate(mlflow.MlflowClient(), logged.registered_model_version, _describe(config), tags)
    return str(logged.model_id)


def _get_public_version(library: str) -> str:
    """Return the version without the local part, such as "+cpu", which package registries do not have."""
    return version(library).split("+")[0]


def _describe(config: dict[str, object]) -> str:
    run = mlflow.active_run()
    run_name = run.info.run_name if run else ""
    return (
        f"{config['backbone']}, embeddings of {config['embedding_dim']} dimensions, {config['words']} words. "
        f"Trained by the run {run_name!r}."
    )
