"""Log a model bundle as an MLflow pyfunc model, from code, so that nothing is pickled."""

from importlib.metadata import version
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array

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
)


def log_bundle(bundle: Path, example_photo: bytes, name: str) -> None:
    """Log the bundle in the active run and register it as the latest version of the model `name`."""
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
    mlflow.pyfunc.log_model(
        name="embedder",
        python_model=str(_MODEL_CODE),
        artifacts={"bundle": str(bundle)},
        signature=signature,
        input_example=pd.DataFrame({"photo": [example_photo]}),
        pip_requirements=[f"{library}=={version(library)}" for library in _PINNED_LIBRARIES],
        registered_model_name=name,
    )
