"""The pyfunc itself, kept with the model as code: photos in, words, scores and embeddings out.

mlflow.pyfunc.load_model("models:/weft-embedder@newest").predict(pd.DataFrame({"photo": [jpeg_bytes]}))
"""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

TOP_K = 10


class PhotoTagger(PythonModel):
    """Predicts the TOP_K best words of each photo and its embedding."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the bundle logged beside this code."""
        from weft.model.bundle import load_bundle

        self._bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Words, scores (logits, best first) and embedding of each photo in column `photo` (encoded bytes)."""
        import torch

        from weft.retrieval.embed import embed

        bundle = self._bundle
        rows = []
        photos = ((number, bytes(photo)) for number, photo in enumerate(model_input["photo"]))
        for keys, z in embed(photos, bundle.embedder, bundle.height, bundle.width, "cpu", workers=1):
            scores, ids = bundle.embedder.score(torch.from_numpy(z)).topk(min(TOP_K, len(bundle.words)), dim=1)
            for number in range(len(keys)):
                words = [bundle.words[word] for word in ids[number].tolist()]
                rows.append({"words": words, "scores": scores[number].tolist(), "embedding": z[number].tolist()})
        return pd.DataFrame(rows)


mlflow.models.set_model(PhotoTagger())
