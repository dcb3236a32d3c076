"""The inputs of one evaluation: a benchmark, embeddings before and after training, word embeddings of both stages."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from weft import artefacts
from weft.artefacts import Embeddings
from weft.bags import WordBags, read_documents
from weft.contracts import files
from weft.contracts.arrays import Ints, Matrix, Scores
from weft.datasets.base import EvalDataset, PhotoRecord
from weft.errors import ContractError, ModelError
from weft.evaluation.knn import take_rows
from weft.whitening import Whitening, read_whitening

CATALOGUE = "catalogue"
"""The benchmark that is the shop's own catalogue; its training photos are the source of kNN tag transfer."""

_RECORDS_PER_BATCH = 1_000
"""Consecutive records are read in batches of this size, which keeps memory small."""


@dataclass(frozen=True)
class EvalPhotos:
    """The photos of a benchmark that have embeddings before and after training, in the order of its records."""

    dataset: EvalDataset
    record_indices: Ints
    """(photos,): each photo's index in `dataset.records`."""
    frozen: Matrix
    """(photos, embedding_dim): z of the pretrained backbone."""
    finetuned: Matrix
    """(photos, embedding_dim): z of the fine-tuned model."""
    products: Ints
    """(photos,): the product of each photo as an index into `product_ids`."""
    product_ids: tuple[str, ...]
    """(products,): in order of appearance."""
    cluster_ids: Ints
    """(photos,): the cluster of the bootstrap: the photo's sender where the benchmark knows senders
    (`PhotoRecord.group`), else its product."""
    splits: tuple[str, ...]
    """(photos,)."""
    num_missing: int
    """Photos of the benchmark without embeddings, because they could not be decoded."""
    whitening: Whitening | None = None
    """The whitening of `finetuned` that the stage embed fitted; None where none could be fitted."""

    def __len__(self) -> int:
        return len(self.record_indices)

    def get_record(self, row: int) -> PhotoRecord:
        """Return the record of one photo."""
        return self.dataset.records[int(self.record_indices[row])]

    def iter_records(self, rows: Ints) -> Iterator[PhotoRecord]:
        """Yield the records of some photos, in the order of `rows`."""
        for start in range(0, len(rows), _RECORDS_PER_BATCH):
            indices = self.record_indices[rows[start : start + _RECORDS_PER_BATCH]]
            if (np.diff(indices) == 1).all():
                yield from self.dataset.records[int(indices[0]) : int(indices[-1]) + 1]
            else:
                yield from (self.dataset.records[int(index)] for index in indices)

    def iter_all_records(self) -> Iterator[PhotoRecord]:
        """Yield the record of every photo."""
        return self.iter_records(np.arange(len(self)))

    def get_split_rows(self, split: str) -> Ints:
        """Return the rows of one split, ascending."""
        return np.array([row for row, name in enumerate(self.splits) if name == split], np.int64)


def join_embeddings(dataset: EvalDataset, frozen: Embeddings, finetuned: Embeddings, name: str) -> EvalPhotos:
    """Join the records of a benchmark with both embeddings by photo_id; photos that lack one of them are only counted.

    Args:
        dataset: The benchmark.
        frozen: Embeddings by the pretrained backbone.
        finetuned: Embeddings by the fine-tuned model.
        name: The benchmark's name, for errors.

    Raises:
        ContractError: Two embeddings have the same photo_id, or no photo has embeddings.
    """
    frozen_rows, finetuned_rows = (_map_ids_to_rows(embeddings, name) for embeddings in (frozen, finetuned))
    joined: list[tuple[int, int, int, int, int]] = []
    splits: list[str] = []
    product_numbers: dict[str, int] = {}
    cluster_numbers: dict[tuple[bool, str], int] = {}
    for index, record in enumerate(dataset.records):
        frozen_row, finetuned_row = frozen_rows.get(record.photo_id), finetuned_rows.get(record.photo_id)
        if frozen_row is None or finetuned_row is None:
            continue
        product = product_numbers.setdefault(record.product_id, len(product_numbers))
        key = (True, record.product_id) if record.group is None else (False, record.group)
        cluster = cluster_numbers.setdefault(key, len(cluster_numbers))
        joined.append((index, frozen_row, finetuned_row, product, cluster))
        splits.append(record.split)
    if not joined:
        raise ContractError(f"{name}: none of its photos has embeddings; run dvc repro features@{name} embed@{name}")
    columns = np.array(joined, np.int64).T
    return EvalPhotos(
        dataset,
        record_indices=columns[0],
        frozen=take_rows(frozen.z, columns[1]),
        finetuned=take_rows(finetuned.z, columns[2]),
        products=columns[3],
        product_ids=tuple(product_numbers),
        cluster_ids=columns[4],
        splits=tuple(splits),
        num_missing=len(dataset.records) - len(joined),
    )


def _map_ids_to_rows(embeddings: Embeddings, name: str) -> dict[str, int]:
    photo_ids = embeddings.photos["photo_id"].to_pylist()
    rows = {photo_id: row for row, photo_id in enumerate(photo_ids)}
    if len(rows) < len(photo_ids):
        duplicate = next(photo_id for row, photo_id in enumerate(photo_ids) if rows[photo_id] != row)
        raise ContractError(
            f"embeddings of {name}: expected each photo once, got {duplicate} twice; run features and embed again"
        )
    return rows


@dataclass(frozen=True)
class WordEmbeddings:
    """The vocabulary with the word embeddings of both training stages."""

    words: tuple[str, ...]
    """By word_id."""
    document_frequencies: Ints
    """(words,): training products whose text contains the word."""
    head_w: Scores
    """W after train_head, (words, embedding_dim)."""
    finetuned_w: Scores
    """W after finetune, (words, embedding_dim)."""
    head_bias: Scores
    """b after train_head, (words, 1), zeros where it was trained without a bias."""
    finetuned_bias: Scores
    """b after finetune, (words, 1)."""
    query_weights: Scores
    """(words,): the weight of each word in a text query, 0 to 1."""
    loss: str = ""
    """The name of the loss that trained W; empty where the model folder does not say it."""

    def map_words_to_ids(self) -> dict[str, int]:
        """Return word_id by word."""
        return {word: word_id for word_id, word in enumerate(self.words)}


@dataclass(frozen=True)
class TaggedPhotos:
    """The photos of one split of the shop's own catalogue whose product has a word of the vocabulary."""

    photos: EvalPhotos
    """All photos of the catalogue."""
    rows: Ints
    """(tagged photos,): rows of `photos`."""
    bags: WordBags
    """The words of the tagged photos, each word once, in the order of `rows`."""

    def count_products(self) -> int:
        """Return the number of products; for train it turns document frequencies into shares."""
        return len(np.unique(self.photos.products[self.rows]))


@dataclass(frozen=True)
class EvalInputs:
    """Everything that the tasks of a benchmark read."""

    photos: EvalPhotos
    words: WordEmbeddings
    train_set: TaggedPhotos
    """The source of kNN tag transfer."""
    test_set: TaggedPhotos
    """The photos of the own catalogue on which words are scored."""


@dataclass(frozen=True)
class InputFolders:
    """The outputs of earlier stages."""

    documents: Path
    """The words of the products, documents.parquet."""
    features: Path
    """One folder of frozen embeddings per benchmark."""
    embeddings: Path
    """One folder of fine-tuned embeddings per benchmark."""
    words: Path
    """The output of train_head."""
    model: Path
    """The output of finetune."""


def read_inputs(name: str, dataset: EvalDataset, catalogue: EvalDataset, folders: InputFolders) -> EvalInputs:
    """Read and join all inputs.

    Args:
        name: The benchmark's name.
        dataset: The benchmark.
        catalogue: The shop's own catalogue; not read when `name` is CATALOGUE.
        folders: The outputs of earlier stages.

    Raises:
        ContractError: A file is missing or invalid, or a product of the catalogue has no document.
        ModelError: The two models have different words, or W and the embeddings have different dimensions.
    """
    catalogue_photos = _read_photos(CATALOGUE, dataset if name == CATALOGUE else catalogue, folders)
    words = _read_word_embeddings(folders)
    pairs = {
        "features": (catalogue_photos.frozen, words.head_w),
        "embeddings": (catalogue_photos.finetuned, words.finetuned_w),
    }
    for source, (z, w) in pairs.items():
        if z.shape[1] != w.shape[1]:
            raise ModelError(
                f"{source}: expected {w.shape[1]} dimensions like W, got {z.shape[1]}; they come from different models"
            )
    documents = read_documents(folders.documents, len(words.words))
    product_bags = documents.bags.take(documents.find(catalogue_photos.product_ids)).unique()
    photos = catalogue_photos if name == CATALOGUE else _read_photos(name, dataset, folders)
    train_set, test_set = (select_tagged_photos(catalogue_photos, product_bags, split) for split in ("train", "test"))
    return EvalInputs(photos, words, train_set, test_set)


def select_tagged_photos(photos: EvalPhotos, product_bags: WordBags, split: str) -> TaggedPhotos:
    """Return the photos of one split whose product has a word.

    Args:
        photos: The photos of the catalogue.
        product_bags: The words of each product of `photos.product_ids`, each word once.
        split: "train", "val" or "test".
    """
    rows = photos.get_split_rows(split)
    rows = rows[product_bags.sizes[photos.products[rows]] > 0]
    return TaggedPhotos(photos, rows, product_bags.take(photos.products[rows]))


def _read_photos(name: str, dataset: EvalDataset, folders: InputFolders) -> EvalPhotos:
    frozen = artefacts.read_embeddings(folders.features / name)
    finetuned = artefacts.read_embeddings(folders.embeddings / name)
    whitening = read_whitening(folders.embeddings / name, finetuned.z.shape[1])
    return replace(join_embeddings(dataset, frozen, finetuned, name), whitening=whitening)


def _read_word_embeddings(folders: InputFolders) -> WordEmbeddings:
    vocabularies, matrices = [], []
    for folder in (folders.words, folders.model):
        vocabulary = artefacts.read_words(folder / files.WORDS)
        w = artefacts.read_word_embeddings(folder / files.MODEL)
        if w.ndim != 2 or len(w) != len(vocabulary):
            raise ModelError(f"{folder}: W is {w.shape}, but its words.tsv has {len(vocabulary)} words")
        vocabularies.append(vocabulary)
        matrices.append(w)
    words = tuple(vocabularies[1]["word"])
    if tuple(vocabularies[0]["word"]) != words:
        raise ModelError(f"{folders.words} and {folders.model} have different words; run dvc repro finetune")
    document_frequencies = vocabularies[1]["document_frequency"].to_numpy(np.int64)
    query_weights = artefacts.read_query_weights(folders.model, words)
    return WordEmbeddings(
        words=words,
        document_frequencies=document_frequencies,
        head_w=matrices[0],
        finetuned_w=matrices[1],
        head_bias=artefacts.read_word_bias(folders.words / files.MODEL),
        finetuned_bias=artefacts.read_word_bias(folders.model / files.MODEL),
        query_weights=query_weights,
        loss=artefacts.read_loss(folders.model),
    )
