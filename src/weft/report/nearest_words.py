"""nearest_words.json: for some words the words whose embeddings lie nearest."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from weft.contracts import files
from weft.errors import ContractError

NearestWords = dict[str, list[tuple[str, Annotated[float, Field(allow_inf_nan=False)]]]]
"""{word: [(word near it, cosine similarity), ...], nearest first}."""


def read_nearest_words(folder: Path) -> NearestWords:
    """Read `folder`/nearest_words.json; empty where evaluate wrote none, as on benchmarks without words of their own.

    Raises:
        ContractError: The file is there but is not what evaluate writes.
    """
    path = folder / files.NEAREST_WORDS
    if not path.exists():
        return {}
    try:
        return TypeAdapter(NearestWords).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ContractError(
            f"{path}: wanted {{word: [[word, similarity], ...]}}: {reason}; run the stage evaluate@{folder.name} again"
        ) from error
