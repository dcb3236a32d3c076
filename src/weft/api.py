"""The Python API: load a trained model, embed and tag photos, search an embedded catalogue, score a dataset.

`import weft` shows everything here and imports it when a name is first used. torch is imported when a model is loaded
that needs it: a folder that `weft export onnx` wrote does not.
"""

import difflib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from weft import extras, runtime
from weft.errors import InputError, PhotoError
from weft.inference.loaded_model import Key, LoadedModel
from weft.inference.onnx_folder import is_onnx_folder
from weft.search.catalogue_index import CatalogueIndex, IndexType, open_catalogue
from weft.search.product_search import Hit as Hit
from weft.text.label_words import LabelWords, find_label_words, label_to_word_ids
from weft.word_scores import average_query_words, log_probabilities, score_labels

if TYPE_CHECKING:
    from weft.datasets import PhotoRecord

Floats = npt.NDArray[np.float32]
Photo = str | Path | bytes | Image.Image
"""A photo: the path of a file, the bytes of one, or an image in memory."""
RetrievalReader = Literal["inshop", "inshop:crops", "catalogue"]
"""The readers of datasets whose photos belong to products."""


@dataclass(frozen=True)
class Tag:
    """A word that a photo shows."""

    word: str
    score: float
    """The logit of the word: comparable between words and photos of one model, unbounded."""


class Model:
    """A trained model, ready to embed and tag photos. Make it with `load`."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self._word_ids = {word: number for number, word in enumerate(loaded.words)}

    @property
    def words(self) -> Sequence[str]:
        """The vocabulary; the position of a word is its id, and its column in the scores."""
        return self._loaded.words

    @property
    def digest(self) -> str:
        """The sha256 of the model's files, which identifies the model; an exported model keeps it."""
        return self._loaded.digest

    @property
    def word_embeddings(self) -> Floats:
        """W, (words, embedding_dim)."""
        return self._loaded.word_embeddings

    @property
    def word_bias(self) -> Floats:
        """The bias of each word, (words,); zeros where the model has none."""
        return self._loaded.word_bias

    def embed(self, photos: Photo | Iterable[Photo]) -> Floats:
        """Return the embeddings of photos, (photos, embedding_dim), not normalised.

        Raises:
            InputError: A file cannot be read.
            PhotoError: A photo cannot be decoded.
        """
        one_or_many = [photos] if isinstance(photos, str | Path | bytes | Image.Image) else photos
        batches = [z for _, z in self.embed_stream(enumerate(map(_read_photo, one_or_many)))]
        return np.concatenate(batches) if batches else np.zeros((0, self.word_embeddings.shape[1]), np.float32)

    def embed_stream(
        self, photos: Iterable[tuple[Key, bytes]], skipped: list[tuple[Key, PhotoError]] | None = None
    ) -> Iterator[tuple[list[Key], Floats]]:
        """Yield (keys, embeddings) batch by batch, for more photos than fit into memory.

        Args:
            photos: Keys and the bytes of photos.
            skipped: Receives the photos that cannot be decoded; without it the first of them raises.

        Raises:
            PhotoError: A photo cannot be decoded and `skipped` is not given.
        """
        return self._loaded.encoder.embed_stream(photos, skipped)

    def find_word_ids(self, text: str) -> list[int]:
        """Return the ids of the words of a text that the vocabulary has, each once; empty if it has none."""
        return label_to_word_ids(text, self._word_ids, split_compounds=True)

    def find_label_words(self, label: str) -> LabelWords:
        """Return the ids of the words of a label that the vocabulary has, and the words that it lacks."""
        return find_label_words(label, self._word_ids, split_compounds=True)

    def score_labels(self, word_scores: Floats, labels: Sequence[LabelWords]) -> Floats:
        """Return the scores of labels, (photos, labels), from the logits of all words, (photos, words).

        A label scores the mean of its words' log-probabilities, up to a number that is the same for all labels of a
        photo. A word that the vocabulary lacks counts as the average word does for this photo.
        """
        log_probability = log_probabilities(word_scores, self._loaded.loss)
        return score_labels(
            log_probability, [label.word_ids for label in labels], [len(label.unknown) for label in labels]
        )

    def find_similar_words(self, word: str) -> list[str]:
        """Return up to three words of the vocabulary that are spelt similarly, the most similar first."""
        return difflib.get_close_matches(word, self.words)

    def embed_text(self, text: str) -> Floats:
        """Return the mean embedding of the known words of a text, (1, embedding_dim): a query for photos.

        Each word is weighted by how well photos show it (docs/decisions/0099-text-queries-weight-their-words.md).

        Raises:
            InputError: The vocabulary has none of the words; the message suggests similar ones.
        """
        word_ids = self.find_word_ids(text)
        if not word_ids:
            similar = [word for part in text.lower().split() for word in self.find_similar_words(part)]
            hint = f" (similar words: {', '.join(dict.fromkeys(similar))})" if similar else ""
            raise InputError(f"{text!r}: none of these words is in the model's vocabulary{hint}")
        return average_query_words(self.word_embeddings, self._loaded.query_weights, word_ids)[None]

    def score_words(self, embeddings: Floats) -> Floats:
        """Return the logits of all words, (photos, words), for embeddings, (photos, embedding_dim)."""
        return self._loaded.score_words(embeddings)

    def word_scores(self, photos: Photo | Iterable[Photo]) -> Floats:
        """Return the logits of all words for photos, (photos, words). Raises as `embed` does."""
        return self.score_words(self.embed(photos))

    def best_tags(self, scores: Floats, top_k: int = 10) -> list[Tag]:
        """Return the `top_k` words with the highest scores, (words,), best first; equal scores in word order."""
        best = np.argsort(-scores, kind="stable")[:top_k]
        return [Tag(self.words[number], float(scores[number])) for number in best]

    def tag(self, photo: Photo, top_k: int = 10) -> list[Tag]:
        """Return the `top_k` words that a photo shows most clearly, best first. Raises as `embed` does."""
        return self.best_tags(self.word_scores(photo)[0], top_k)


class Index:
    """An embedded catalogue, searched by cosine similarity. Make it with `open_index`."""

    def __init__(self, model: Model, catalogue: CatalogueIndex) -> None:
        self._model = model
        self.catalogue = catalogue
        """The vectors; and the products and pictures, where the index holds them."""
        self.photos = catalogue.photos
        """The index itself, for searches by embeddings, among some photos only, or for products."""
        self.same_item_photos = catalogue.same_item_photos
        """The same for the embedding of a photo, with the very same item first; None where there is no whitening."""

    def __len__(self) -> int:
        return len(self.photos.photo_ids)

    def search(self, query: str | Path | bytes | Image.Image, top_k: int = 10, *, same_item: bool = False) -> list[Hit]:
        """Return the `top_k` photos nearest to a query, best first.

        Args:
            query: Text as a `str`; a photo as a `Path`, bytes or an image.
            top_k: At least 1.
            same_item: Whether the very same item comes first, by whitened embeddings, and not what looks most alike;
                for photos only.

        Raises:
            InputError: The text has no known word, the file cannot be read, or `same_item` is not possible.
            PhotoError: The photo cannot be decoded.
        """
        photos = self.catalogue.choose_search(is_photo=not isinstance(query, str), same_item=same_item)
        vector = self._model.embed_text(query) if isinstance(query, str) else self._model.embed(query)
        return photos.find_photos(vector[0], top_k)


def load(path: str | Path, device: str | None = None, workers: int | None = None) -> Model:
    """Load a model folder, such as `models/embedder`, or a folder that `weft export onnx` wrote.

    Args:
        path: The folder.
        device: The torch device that embeds photos; by default WEFT_DEVICE, else CUDA where there is a GPU. An exported
            model always computes on the CPU, without torch, whatever WEFT_DEVICE says.
        workers: Threads that decode photos; by default WEFT_WORKERS, else one per core, at most 8.

    Raises:
        ModelError: A file is missing, was changed, or does not fit the others.
        InputError: WEFT_DEVICE or WEFT_WORKERS has an invalid value, or a library of an extra is not installed.
    """
    folder, workers = Path(path), workers or runtime.workers()
    with extras.required("this model"):
        if is_onnx_folder(folder):
            if device not in (None, "cpu"):
                raise InputError(f"{path}: an exported model computes on the CPU, got the device {device!r}")
            from weft.inference.onnx_encoder import load_onnx_model

            return Model(load_onnx_model(folder, runtime.threads(), workers))
        from weft.inference.torch_encoder import load_torch_model

        return Model(load_torch_model(folder, device or runtime.device(), workers))


def open_index(path: str | Path, model: Model, index_type: IndexType = "exact") -> Index:
    """Open an index for search: `var/index`, or embeddings of the pipeline such as `data/embeddings/catalogue`.

    Args:
        path: The folder.
        model: The model that embeds the queries.
        index_type: "exact", or "faiss" (the extra `faiss`) with half of the memory.

    Raises:
        ContractError: The folder holds neither, or a file is damaged.
        InputError: The extra is not installed.
        ModelError: Another model made the embeddings, or their whitening is broken.
    """
    return Index(model, open_catalogue(Path(path), model.digest, index_type))


def score(
    path: str | Path, model: Model, reader: RetrievalReader = "inshop", top_k: Sequence[int] = (1, 10, 20)
) -> dict[str, float]:
    """Measure how well a model retrieves other photos of the query's product in a dataset.

    The queries and the gallery are those of the stage evaluate: the splits "query" and "gallery" of In-shop, or all
    test photos against all photos of prepared photos. A query never retrieves itself; queries without another photo
    of their product are left out.

    Args:
        path: The folder of the dataset.
        model: The model that embeds the photos.
        reader: "inshop", "inshop:crops" or "catalogue" (a folder of prepared photos).
        top_k: The k of recall_at_k, each at least 1.

    Returns:
        recall_at_k for each k, and map_at_r, as means over the queries from 0 to 1; and the counts `queries`,
        `gallery` and `skipped` (photos that cannot be decoded).

    Raises:
        InputError: The reader is not one of these, or no query has another photo of its product.
        BenchmarkError: The files are not what the reader expects.
    """
    from weft.datasets import open_dataset
    from weft.evaluation import retrieval_metrics
    from weft.params import Benchmark
    from weft.retrieval.search import find_nearest_neighbours

    if reader not in get_args(RetrievalReader):
        raise InputError(f"expected the reader inshop, inshop:crops or catalogue, got {reader!r}")
    skipped: list[tuple[PhotoRecord, PhotoError]] = []
    records: list[PhotoRecord] = []
    batches = []
    for keys, z in model.embed_stream(open_dataset(Benchmark(reader, str(path))).photos(), skipped):
        records += keys
        batches.append(z)
    splits = np.array([record.split for record in records])
    _, products = np.unique([record.product_id for record in records], return_inverse=True)
    queries = np.flatnonzero(splits == ("test" if reader == "catalogue" else "query"))
    gallery = np.arange(len(records)) if reader == "catalogue" else np.flatnonzero(splits == "gallery")
    num_positives = retrieval_metrics.count_positives(products, np.arange(len(records)), queries, gallery)
    queries, num_positives = queries[num_positives > 0], num_positives[num_positives > 0]
    if not len(queries):
        raise InputError(f"{path}: expected queries with another photo of their product in the gallery, got none")
    length = min(len(gallery), max(*top_k, int(num_positives.max())))
    ranked = retrieval_metrics.rank_gallery(
        np.concatenate(batches), products, np.arange(len(records)), queries, gallery, length, find_nearest_neighbours
    )
    metrics = retrieval_metrics.compute_query_metrics(ranked, tuple(top_k))
    means = {name: float(values.mean()) for name, values in metrics.items()}
    return means | {"queries": len(queries), "gallery": len(gallery), "skipped": len(skipped)}


def _read_photo(photo: Photo) -> bytes:
    if isinstance(photo, bytes):
        return photo
    if isinstance(photo, Image.Image):
        stream = io.BytesIO()
        photo.save(stream, "PNG")
        return stream.getvalue()
    try:
        return Path(photo).read_bytes()
    except OSError as error:
        raise InputError(f"{photo}: the photo cannot be read: {error}") from error
