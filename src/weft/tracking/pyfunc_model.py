"""The pyfunc model: photos in, words, scores and embeddings out. MLflow stores this file beside the model.

mlflow.pyfunc.load_model("models:/weft-embedder/latest").predict(pd.DataFrame({"photo": [jpeg_bytes]}))
"""

from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

TOP_K = 10


class PhotoTagger(PythonModel):
    """Predicts the TOP_K best words of each photo, and its embedding."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder that was logged with this code, on the CPU."""
        from weft.api import load

        self._model = load(context.artifacts["bundle"], device="cpu", workers=1)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return words, scores (logits, best first) and embedding of each photo in column `photo` (encoded bytes)."""
        rows = []
        for _, batch in self._model.embed_stream(enumerate(map(bytes, model_input["photo"]))):
            for z, scores in zip(batch, self._model.score_words(batch), strict=True):
                tags = self._model.best_tags(scores, TOP_K)
                words, logits = [tag.word for tag in tags], [tag.score for tag in tags]
                rows.append({"words": words, "scores": logits, "embedding": z.tolist()})
        return pd.DataFrame(rows)


mlflow.models.set_model(PhotoTagger())
