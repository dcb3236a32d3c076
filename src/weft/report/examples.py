"""The examples of a benchmark: ranked lists and tagged photos of all models, and the thumbnails of the page."""

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weft.contracts import files
from weft.contracts.tables import EXAMPLES, FROZEN
from weft.errors import ContractError
from weft.report.readers import iter_rows

MAX_THUMBNAIL_SIDE = 256
"""Pixels; the page shows photos at about 100 CSS pixels, and a screen has up to 3 device pixels for each."""
_JPEG_QUALITY = 80
MAX_HITS = 8
"""Two rows of four on a phone, one row on a desktop screen."""
MAX_TEXT_WORDS = 24


@dataclass(frozen=True)
class Thumbnail:
    """One photo of the page."""

    name: str
    """The id of its <symbol>, which every place that shows the photo refers to."""
    width: int
    height: int
    data: str
    """A data URI."""


@dataclass
class ThumbnailCache:
    """The photos of a page, each stored once."""

    _by_digest: dict[str, Thumbnail] = field(default_factory=dict)

    def add(self, jpeg: bytes, source: str) -> Thumbnail:
        """Return the thumbnail of a photo; equal bytes give the same thumbnail.

        Args:
            jpeg: The bytes of the file.
            source: Where they come from, for the error.

        Raises:
            ContractError: The bytes are not a photo.
        """
        digest = hashlib.sha256(jpeg).hexdigest()
        if digest not in self._by_digest:
            width, height, small = _scale_down(jpeg, source)
            data = "data:image/jpeg;base64," + base64.b64encode(small).decode("ascii")
            self._by_digest[digest] = Thumbnail(f"photo-{len(self._by_digest) + 1}", width, height, data)
        return self._by_digest[digest]

    @property
    def photos(self) -> tuple[Thumbnail, ...]:
        """All thumbnails, in the order in which they were added."""
        return tuple(self._by_digest.values())


def _scale_down(jpeg: bytes, source: str) -> tuple[int, int, bytes]:
    """Return width and height in pixels and the bytes; a JPEG that is small enough keeps its bytes."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg)) as photo:
            file_format = photo.format
            photo.draft("RGB", (MAX_THUMBNAIL_SIDE, MAX_THUMBNAIL_SIDE))
            photo.load()
            if file_format == "JPEG" and max(photo.size) <= MAX_THUMBNAIL_SIDE:
                return photo.width, photo.height, jpeg
            small = photo.convert("RGB")
    # Pillow's format plugins raise many exceptions on broken files, SyntaxError and struct.error among them.
    except Exception as error:
        raise ContractError(f"{source}: the photo cannot be decoded: {error}; run the stage evaluate again") from error
    small.thumbnail((MAX_THUMBNAIL_SIDE, MAX_THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=_JPEG_QUALITY, optimize=True)
    return small.width, small.height, buffer.getvalue()


@dataclass(frozen=True)
class RankedPhoto:
    """One photo of a ranked list."""

    rank: int
    photo: Thumbnail
    product_id: str
    score: float | None
    """Cosine similarity to the query."""
    is_correct: bool


@dataclass(frozen=True)
class RankedExample:
    """One query and the nearest photos by each model."""

    query: Thumbnail
    product_id: str
    ranked_lists: tuple[tuple[str, tuple[RankedPhoto, ...]], ...]
    """(Model, its nearest photos, best first); the frozen backbone comes first."""


@dataclass(frozen=True)
class TaggedExample:
    """One photo, the words of its text and the predictions of each model."""

    photo: Thumbnail
    product_id: str
    true_words: tuple[str, ...]
    """The words of the product's text, or the labels by human annotators."""
    predictions: tuple[tuple[str, tuple[str, ...]], ...]
    """(Model, its words, best first); the frozen backbone comes first."""

    @property
    def correct_predictions(self) -> frozenset[str]:
        """Words predicted by any model that equal a true label or one of its words."""
        known = {word for label in self.true_words for word in _label_and_words(label)}
        return frozenset(word for _, words in self.predictions for word in words if word.casefold() in known)

    @property
    def found_words(self) -> frozenset[str]:
        """True labels of which the last model predicts at least one word."""
        predicted = {word.casefold() for word in self.predictions[-1][1]}
        return frozenset(label for label in self.true_words if predicted.intersection(_label_and_words(label)))

    @property
    def shown_words(self) -> tuple[str, ...]:
        """At most MAX_TEXT_WORDS true words, the found ones first."""
        return tuple(sorted(self.true_words, key=lambda word: word not in self.found_words)[:MAX_TEXT_WORDS])

    @property
    def n_hidden(self) -> int:
        """The number of true words that are not shown."""
        return len(self.true_words) - len(self.shown_words)


@dataclass(frozen=True)
class Examples:
    """The examples of one benchmark.

    In each group the first half are the hardest for the finetuned model; the second half is a regular sample of all
    others.
    """

    ranked: tuple[RankedExample, ...]
    tagged: tuple[TaggedExample, ...]

    def product_ids(self) -> set[str]:
        """Return the products of all photos."""
        ids = {example.product_id for example in self.ranked} | {example.product_id for example in self.tagged}
        ids |= {hit.product_id for example in self.ranked for _, hits in example.ranked_lists for hit in hits}
        return ids

    @property
    def hardest_ranked(self) -> tuple[RankedExample, ...]:
        """The queries with the worst ranked lists."""
        return self.ranked[: (len(self.ranked) + 1) // 2]

    @property
    def typical_ranked(self) -> tuple[RankedExample, ...]:
        """A sample of the other queries."""
        return self.ranked[(len(self.ranked) + 1) // 2 :]

    @property
    def hardest_tagged(self) -> tuple[TaggedExample, ...]:
        """The photos with the worst predictions."""
        return self.tagged[: (len(self.tagged) + 1) // 2]

    @property
    def typical_tagged(self) -> tuple[TaggedExample, ...]:
        """A sample of the other photos."""
        return self.tagged[(len(self.tagged) + 1) // 2 :]


def read_examples(folder: Path, models: Sequence[str], thumbnails: ThumbnailCache) -> Examples:
    """Read `folder`/examples.parquet, written by the stage evaluate.

    Args:
        folder: The benchmark's report folder.
        models: The rows of the results tables, in the order in which models are shown.
        thumbnails: Receives the photos.

    Raises:
        ContractError: The file is missing, breaks its contract, or holds a photo that cannot be decoded.
    """
    path = folder / files.EXAMPLES
    groups: dict[tuple[str, int], dict[str, list[dict[str, Any]]]] = {}
    for row in _iter_shown_rows(path, thumbnails):
        groups.setdefault((row["kind"], row["example"]), {}).setdefault(row["model"], []).append(row)
    position = {model: number for number, model in enumerate(models)}
    ranked, tagged = [], []
    for (kind, _), by_model in sorted(groups.items(), key=lambda group: group[0]):
        ordered = sorted(
            by_model.items(),
            key=lambda item: (not item[0].startswith(FROZEN), position.get(item[0], len(position)), item[0]),
        )
        if kind == "retrieval":
            ranked.append(_ranked_example(ordered))
        else:
            tagged.append(_tagged_example(ordered))
    return Examples(tuple(ranked), tuple(tagged))


def _iter_shown_rows(path: Path, thumbnails: ThumbnailCache) -> Iterator[dict[str, Any]]:
    """Yield the rows that are shown, a few hundred at a time, with their thumbnail in place of the photo's bytes."""
    with_query: set[tuple[str, str, int]] = set()
    for number, row in enumerate(iter_rows(path, EXAMPLES, f"evaluate@{path.parent.name}")):
        source = f"{path}, row {number} ({row['photo_id']})"
        if row["rank"] == 0:
            with_query.add((row["kind"], row["model"], row["example"]))
        elif (row["kind"], row["model"], row["example"]) not in with_query:
            raise ContractError(f"{source}: the example has no rank 0, which is its query")
        if row["rank"] <= MAX_HITS:
            row["photo"] = thumbnails.add(row.pop("jpeg"), source)
            yield row


def _label_and_words(label: str) -> set[str]:
    """Return the label and its words in lower case: "Navy Blue" gives also "navy" and "blue"."""
    return {text.casefold() for text in (label, *label.split())}


def _ranked_example(models: list[tuple[str, list[dict[str, Any]]]]) -> RankedExample:
    query = models[0][1][0]
    ranked_lists = tuple((model, tuple(_hit(row) for row in rows if row["rank"] > 0)) for model, rows in models)
    return RankedExample(query["photo"], query["product_id"], ranked_lists)


def _hit(row: dict[str, Any]) -> RankedPhoto:
    return RankedPhoto(row["rank"], row["photo"], row["product_id"], row["score"], bool(row["correct"]))


def _tagged_example(models: list[tuple[str, list[dict[str, Any]]]]) -> TaggedExample:
    first = models[0][1][0]
    predictions = tuple((model, tuple(rows[0]["predicted"])) for model, rows in models)
    return TaggedExample(first["photo"], first["product_id"], tuple(first["truth"]), predictions)
