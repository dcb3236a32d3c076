"""What one evaluation reads: a benchmark, embeddings before and after training, word embeddings of both stages.

The photos of a benchmark that have embeddings, by photo_id: some could not be decoded and are absent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import artefacts
from weft.artefacts import Embeddings
from weft.contracts import files
from weft.datasets.base import EvalDataset, PhotoRecord
from weft.errors import ContractError, ModelError
from weft.evaluation.bags import Bags, bags_of
from weft.evaluation.knn import Ints, Matrix, rows_of

_RECORDS_AT_ONCE = 1_000
"""Records that follow each other are read together; so many at once stay small."""


@dataclass(frozen=True)
class Aligned:
    """Photo n of a benchmark, with its embedding before and after training. All are in the order of its records."""

    data: EvalDataset
    places: Ints
    """(photos,): each photo's place in `data.records`."""
    frozen: Matrix
    """(photos, embedding_dim), by the untouched backbone."""
    finetuned: Matrix
    """(photos, embedding_dim), by the fine-tuned model."""
    products: Ints
    """(photos,): the product of each as a number, in order of appearance."""
    items: Ints
    """(photos,): what the bootstrap draws together, as a number: the sender of a photo where the benchmark tells
    senders (`Record.group`), else its product."""
    splits: tuple[str, ...]
    """The split of each."""
    missing: int
    """Photos without an embedding."""

    def __len__(self) -> int:
        return len(self.places)

    def record(self, row: int) -> PhotoRecord:
        """What is known of one photo."""
        return self.data.records[int(self.places[row])]

    def records(self, rows: Ints) -> Iterator[PhotoRecord]:
        """What is known of these photos, in their order."""
        for start in range(0, len(rows), _RECORDS_AT_ONCE):
            places = self.places[rows[start : start + _RECORDS_AT_ONCE]]
            if (np.diff(places) == 1).all():
                yield from self.data.records[int(places[0]) : int(places[-1]) + 1]
            else:
                yield from (self.data.records[int(place)] for place in places)

    def all_records(self) -> Iterator[PhotoRecord]:
        """What is known of every photo."""
        return self.records(np.arange(len(self)))

    def of_split(self, split: str) -> Ints:
        """The rows of one split, ascending."""
        return np.array([row for row, name in enumerate(self.splits) if name == split], np.int64)


def align(data: EvalDataset, frozen: Embeddings, finetuned: Embeddings, name: str) -> Aligned:
    """Join records with both embeddings; a photo that lacks one of them is left out and counted.

    Args:
        data: The benchmark.
        frozen: Of the untouched backbone.
        finetuned: Of the fine-tuned model.
        name: The benchmark's name, for errors.

    Raises:
        ContractError: Two photos have the same photo_id, or no photo has embeddings.
    """
    row_of = [_rows(embeddings, name) for embeddings in (frozen, finetuned)]
    found: list[tuple[int, int, int, int, int]] = []
    splits: list[str] = []
    products: dict[str, int] = {}
    items: dict[tuple[bool, str], int] = {}
    for place, record in enumerate(data.records):
        rows = [rows.get(record.photo_id) for rows in row_of]
        if rows[0] is None or rows[1] is None:
            continue
        product = products.setdefault(record.product_id, len(products))
        key = (True, record.product_id) if record.group is None else (False, record.group)
        found.append((place, rows[0], rows[1], product, items.setdefault(key, len(items))))
        splits.append(record.split)
    if not found:
        raise ContractError(f"{name}: none of its photos has embeddings; run dvc repro features@{name} embed@{name}")
    columns = np.array(found, np.int64).T
    return Aligned(
        data,
        places=columns[0],
        frozen=rows_of(frozen.z, columns[1]),
        finetuned=rows_of(finetuned.z, columns[2]),
        products=columns[3],
        items=columns[4],
        splits=tuple(splits),
        missing=len(data.records) - len(found),
    )


def _rows(embeddings: Embeddings, name: str) -> dict[str, int]:
    ids = embeddings.photos["photo_id"].to_pylist()
    rows = {photo_id: row for row, photo_id in enumerate(ids)}
    if len(rows) < len(ids):
        twice = next(photo_id for row, photo_id in enumerate(ids) if rows[photo_id] != row)
        raise ContractError(f"embeddings of {name}: the photo {twice} stands twice; run features and embed again")
    return rows


OWN = "catalogue"
"""The benchmark that is the own catalogue; its training photos feed tag transfer."""

WordMatrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Words:
    """The vocabulary with its embeddings."""

    words: tuple[str, ...]
    """By word_id."""
    frequencies: Ints
    """(words,): training products with the word."""
    fitted: WordMatrix
    """W after fit_words, (words, embedding_dim)."""
    finetuned: WordMatrix
    """W after finetune."""
    fitted_bias: WordMatrix
    """(words, 1): b after fit_words, zeros where the training had none."""
    finetuned_bias: WordMatrix
    """b after finetune."""

    def ids(self) -> dict[str, int]:
        """word_id by word."""
        return {word: number for number, word in enumerate(self.words)}


@dataclass(frozen=True)
class Training:
    """The training photos of the own catalogue: they lend their words to photos like them."""

    photos: Aligned
    """The whole own catalogue ..."""
    rows: Ints
    """... and which of its photos are in train."""
    bags: Bags
    """The words of those, in the order of `rows`."""

    def products(self) -> int:
        """Training products, by which document frequencies become shares."""
        return len(np.unique(self.photos.products[self.rows]))


@dataclass(frozen=True)
class Inputs:
    """Everything that is scored."""

    photos: Aligned
    words: Words
    training: Training


@dataclass(frozen=True)
class Folders:
    """Where the stages before have written."""

    features: Path
    """One folder of frozen embeddings per benchmark."""
    embeddings: Path
    """One folder of fine-tuned embeddings per benchmark."""
    words: Path
    """The out of fit_words."""
    model: Path
    """The out of finetune."""


def read_inputs(name: str, data: EvalDataset, own: EvalDataset, folders: Folders) -> Inputs:
    """Read and join everything.

    Args:
        name: The benchmark's name.
        data: The benchmark.
        own: The own catalogue; not read when `name` is it.
        folders: Outs of the stages before.

    Raises:
        ContractError: A file is missing or broken.
        ModelError: The two models have not the same words, or another width than the embeddings.
    """
    catalogue = _aligned(OWN, data if name == OWN else own, folders)
    rows = catalogue.of_split("train")
    bags = bags_of(record.word_ids for record in catalogue.records(rows))
    words = _read_words(folders)
    dims = {"features": (catalogue.frozen, words.fitted), "embeddings": (catalogue.finetuned, words.finetuned)}
    for what, (z, matrix) in dims.items():
        if z.shape[1] != matrix.shape[1]:
            raise ModelError(f"{what} are {z.shape[1]} wide, W is {matrix.shape[1]}; they come from different models")
    photos = catalogue if name == OWN else _aligned(name, data, folders)
    return Inputs(photos, words, Training(catalogue, rows, bags))


def _aligned(name: str, data: EvalDataset, folders: Folders) -> Aligned:
    frozen = artefacts.read_embeddings(folders.features / name)
    return align(data, frozen, artefacts.read_embeddings(folders.embeddings / name), name)


def _read_words(folders: Folders) -> Words:
    vocabularies, matrices, biases = [], [], []
    for folder in (folders.words, folders.model):
        vocabulary = artefacts.read_words(folder / files.WORDS)
        matrix = artefacts.read_word_embeddings(folder / files.MODEL)
        if matrix.ndim != 2 or len(matrix) != len(vocabulary):
            raise ModelError(f"{folder}: W is {matrix.shape}, but its words.tsv has {len(vocabulary)} words")
        vocabularies.append(vocabulary)
        matrices.append(matrix)
        biases.append(artefacts.read_word_bias(folder / files.MODEL))
    words = tuple(vocabularies[1]["word"])
    if tuple(vocabularies[0]["word"]) != words:
        raise ModelError(f"{folders.words} and {folders.model} have different words; run dvc repro finetune")
    frequencies = vocabularies[1]["document_frequency"].to_numpy(np.int64)
    return Words(words, frequencies, *matrices, *biases)
