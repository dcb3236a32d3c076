"""What one evaluation reads: a benchmark, embeddings before and after training, word embeddings of both stages."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import artefacts
from weft.benchmarks.record import EvalDataset
from weft.contracts import files
from weft.errors import ModelError
from weft.evaluation.aligned import Aligned, align
from weft.evaluation.bags import Bags, bags_of
from weft.evaluation.search import Ints

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
