"""Write the output of calibrate for a model, with numbers that a test can foresee."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from weft import artefacts, tables
from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS
from weft.tagging.tag_head import TagHead, write_tag_head


def write_calibration(folder: Path, model: Path, words: Sequence[str], calibrated: Sequence[int]) -> Path:
    """Write thresholds of 0.5 for the calibrated words, and a tag head whose scores are between 0 and 1."""
    dim = artefacts.read_word_embeddings(model / files.MODEL).shape[1]
    w = np.random.default_rng(0).normal(0, 1 / dim, (len(words), dim)).astype(np.float32)
    write_tag_head(folder, TagHead(np.arange(len(words)), w, np.full(len(words), 0.5, np.float32)))
    empty = {
        field.name: None if field.nullable else "" if field.type == pa.string() else 0
        for field in CALIBRATED_WORDS.schema
    }
    known = {"threshold": 0.5, "slope": 4.0, "intercept": -2.0, "precision_lower_bound": 0.8}
    rows = [
        empty | {"word_id": n, "word": word} | (known if n in calibrated else {"reject_reason": "too few products"})
        for n, word in enumerate(words)
    ]
    table = pa.Table.from_pylist(rows, schema=CALIBRATED_WORDS.schema)
    tables.write_table(folder / files.CALIBRATED_WORDS, table, CALIBRATED_WORDS)
    settings = {"model": (model / files.DIGEST).read_text().strip(), "penalty": 1.0}
    (folder / files.CALIBRATION).write_text(json.dumps(settings))
    return folder
