"""The examples that evaluate chose for a benchmark: query strips and tagged photos, the models side by side.

The photos of the page: small, each stored once however often it is shown.
"""

import base64
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weft import tables
from weft.contracts import files
from weft.contracts.tables import EXAMPLES
from weft.errors import ContractError
from weft.report.glossary import BASELINE
from weft.report.readers import missing

LONGEST_SIDE = 256
"""Pixels; larger photos are scaled down, since the page shows them at about 100 and screens have up to 3 for one."""
_JPEG_QUALITY = 80


@dataclass(frozen=True)
class Thumbnail:
    """One photo as the page holds it."""

    name: str
    """The id of its <symbol>: every place that shows the photo refers to it."""
    width: int
    height: int
    data: str
    """A data URI."""


@dataclass
class Album:
    """Collects the photos of a page."""

    _kept: dict[str, Thumbnail] = field(default_factory=dict)

    def add(self, jpeg: bytes, place: str) -> Thumbnail:
        """Keep a photo, or find it again.

        Args:
            jpeg: The bytes of the file.
            place: Where they come from, for the error.

        Raises:
            ContractError: The bytes are no photo.
        """
        digest = hashlib.sha256(jpeg).hexdigest()
        if digest not in self._kept:
            width, height, small = _thumbnail(jpeg, place)
            data = "data:image/jpeg;base64," + base64.b64encode(small).decode("ascii")
            self._kept[digest] = Thumbnail(f"photo-{len(self._kept) + 1}", width, height, data)
        return self._kept[digest]

    @property
    def photos(self) -> tuple[Thumbnail, ...]:
        """All photos, in the order in which they were first added."""
        return tuple(self._kept.values())


def _thumbnail(jpeg: bytes, place: str) -> tuple[int, int, bytes]:
    """Width, height in pixels and bytes; a JPEG that is small enough keeps its bytes."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg)) as photo:
            kind = photo.format
            photo.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            photo.load()
            if kind == "JPEG" and max(photo.size) <= LONGEST_SIDE:
                return photo.width, photo.height, jpeg
            small = photo.convert("RGB")
    # Pillow raises whatever the broken format's plugin meets, SyntaxError and struct.error among it.
    except Exception as error:
        raise ContractError(f"{place}: the photo cannot be decoded: {error}; run the stage evaluate again") from error
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=_JPEG_QUALITY, optimize=True)
    return small.width, small.height, buffer.getvalue()


NEAREST_SHOWN = 8
"""Two rows of four on a phone, one row on a desk."""
SHOP_WORDS_SHOWN = 24


@dataclass(frozen=True)
class Hit:
    """One photo of a ranked list."""

    rank: int
    photo: Thumbnail
    product_id: str
    score: float | None
    """Cosine similarity to the query."""
    correct: bool


@dataclass(frozen=True)
class Strip:
    """One query and what each model holds to be nearest."""

    query: Thumbnail
    product_id: str
    ranked: tuple[tuple[str, tuple[Hit, ...]], ...]
    """(Model, its nearest photos, best first), the untrained model first."""


@dataclass(frozen=True)
class Tagged:
    """One photo, what its shop says of it and what each model predicts."""

    photo: Thumbnail
    product_id: str
    truth: tuple[str, ...]
    """The words of the shop's text, or the labels that people gave."""
    predicted: tuple[tuple[str, tuple[str, ...]], ...]
    """(Model, its words, best first), the untrained model first."""

    @property
    def agreed(self) -> frozenset[str]:
        """The predicted words, of any model, that the truth has: as an entry, or as one word of an entry."""
        known = {piece for entry in self.truth for piece in _pieces(entry)}
        return frozenset(word for _, words in self.predicted for word in words if word.casefold() in known)

    @property
    def found(self) -> frozenset[str]:
        """The entries of the truth of which the last model predicts at least a word."""
        words = {word.casefold() for word in self.predicted[-1][1]}
        return frozenset(entry for entry in self.truth if words.intersection(_pieces(entry)))

    @property
    def shop_words(self) -> tuple[str, ...]:
        """The shop's words as shown: the found ones first, at most SHOP_WORDS_SHOWN."""
        return tuple(sorted(self.truth, key=lambda word: word not in self.found)[:SHOP_WORDS_SHOWN])

    @property
    def more(self) -> int:
        """How many of the shop's words are not shown."""
        return len(self.truth) - len(self.shop_words)


@dataclass(frozen=True)
class Examples:
    """All examples of one benchmark."""

    strips: tuple[Strip, ...]
    """The first half are those the trained model does worst on, the rest are spread evenly over the others."""
    tagged: tuple[Tagged, ...]
    """Likewise."""

    @property
    def hard_strips(self) -> tuple[Strip, ...]:
        """Those it does worst on."""
        return self.strips[: (len(self.strips) + 1) // 2]

    @property
    def usual_strips(self) -> tuple[Strip, ...]:
        """The others."""
        return self.strips[(len(self.strips) + 1) // 2 :]

    @property
    def hard_tagged(self) -> tuple[Tagged, ...]:
        """Those it does worst on."""
        return self.tagged[: (len(self.tagged) + 1) // 2]

    @property
    def usual_tagged(self) -> tuple[Tagged, ...]:
        """The others."""
        return self.tagged[(len(self.tagged) + 1) // 2 :]


def read_examples(folder: Path, rows: Sequence[str], album: Album) -> Examples:
    """Read `folder`/examples.parquet, written by the stage evaluate.

    Args:
        folder: The benchmark's folder of reports.
        rows: The rows of the results tables, which is the order in which models are shown.
        album: Takes the photos.

    Raises:
        ContractError: The file is missing, breaks its contract, or holds a photo that cannot be decoded.
    """
    path = folder / files.EXAMPLES
    if not path.exists():
        raise missing(path, f"evaluate@{folder.name}")
    groups: dict[tuple[str, int], dict[str, list[dict[str, Any]]]] = {}
    started: set[tuple[str, str, int]] = set()
    for number, row in enumerate(tables.read_table(path, EXAMPLES).to_pylist()):
        row["place"] = f"{path}, row {number} ({row['photo_id']})"
        if row["rank"] == 0:
            started.add((row["kind"], row["model"], row["example"]))
        elif (row["kind"], row["model"], row["example"]) not in started:
            raise ContractError(f"{row['place']}: the example has no rank 0, which is its query")
        groups.setdefault((row["kind"], row["example"]), {}).setdefault(row["model"], []).append(row)
    place = {row: number for number, row in enumerate(rows)}
    strips, tagged = [], []
    for (kind, _), by_model in sorted(groups.items(), key=lambda group: group[0]):
        models = sorted(by_model.items(), key=lambda item: (_stage(item[0]), place.get(item[0], len(place)), item[0]))
        if kind == "retrieval":
            strips.append(_strip(models, album))
        else:
            tagged.append(_tagged(models, album))
    return Examples(tuple(strips), tuple(tagged))


def _stage(model: str) -> bool:
    """The untrained network comes first, whatever else the tables begin with."""
    return not model.startswith(BASELINE)


def _pieces(entry: str) -> set[str]:
    """A label may be several words: "Navy Blue" is also navy, and blue."""
    return {piece.casefold() for piece in (entry, *entry.split())}


def _strip(models: list[tuple[str, list[dict[str, Any]]]], album: Album) -> Strip:
    query = models[0][1][0]
    ranked = tuple((model, tuple(_hit(row, album) for row in _nearest(rows))) for model, rows in models)
    return Strip(album.add(query["jpeg"], query["place"]), query["product_id"], ranked)


def _nearest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["rank"] > 0][:NEAREST_SHOWN]


def _hit(row: dict[str, Any], album: Album) -> Hit:
    photo = album.add(row["jpeg"], row["place"])
    return Hit(row["rank"], photo, row["product_id"], row["score"], bool(row["correct"]))


def _tagged(models: list[tuple[str, list[dict[str, Any]]]], album: Album) -> Tagged:
    first = models[0][1][0]
    predicted = tuple((model, tuple(rows[0]["predicted"])) for model, rows in models)
    photo = album.add(first["jpeg"], first["place"])
    return Tagged(photo, first["product_id"], tuple(first["truth"]), predicted)
