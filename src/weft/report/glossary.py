"""The wording of the report: names and meanings of metrics, rows and tables, and number formats."""

import re
from collections.abc import Sequence

from weft.contracts.tables import FINETUNED, FINETUNED_EQUAL_WORDS, FINETUNED_WHITENED, FROZEN

MAX_NAMED_SHOPS = 4

_METRICS: tuple[tuple[str, str, str], ...] = (
    (
        r"product_recall_at_(\d+)",
        r"product recall at \1",
        "share of the queries whose product is among the first k products; a product counts once, at its best photo",
    ),
    (
        r"recall_at_(\d+)",
        r"recall at \1",
        "for searches: share of the queries with at least one correct photo among the first k (hit rate); for words: "
        "share of the text's words among the k best predictions",
    ),
    (
        r"recall_all_at_(\d+)",
        r"recall of all at \1",
        "share of all other photos of a query's product that are among the first k",
    ),
    (
        r"map_at_r",
        "mAP at R",
        "mean average precision over the first R photos, where R is the number of correct photos",
    ),
    (
        r"precision_at_(\d+)",
        r"precision at \1",
        "share of the first k results that are correct: predicted words that are in the product's text, or photos "
        "whose product has the word in its text",
    ),
    (
        r"top_(\d+)_attribute_recall",
        r"top-\1 recall",
        "share of the photos' attributes that are among the k with the highest scores, pooled over all photos",
    ),
    (
        r"top_1_accuracy_with_rare_labels",
        "top-1 accuracy with rare labels",
        "the same photos, but labels of too few photos to be measured are candidates too",
    ),
    (
        r"top_(\d+)_accuracy",
        r"top-\1 accuracy",
        "share of photos whose label is among the k labels with the highest scores",
    ),
    (
        r"joint_precision_at_(\d+)",
        r"joint precision at \1",
        "share of the k nearest photos that have the same labels as the query in all label sets",
    ),
    (r"(\w+)_precision_at_(\d+)", r"\1 precision at \2", "share of the k nearest photos with the query's label"),
    (r"(\w+)_accuracy", r"\1 accuracy", "share of photos whose label is predicted correctly"),
)

_ROWS: tuple[tuple[str, str], ...] = (
    (r"frozen backbone", "the pretrained network without any training on this catalogue"),
    (
        r"frozen backbone \(kNN tags, k=\d+\)",
        "the pretrained network; a photo gets the words of the k most similar training photos",
    ),
    (
        r"head only",
        "the pretrained network with trained word embeddings on top; the photo vectors, and so the search results, do "
        "not change",
    ),
    (
        r"finetuned \(kNN tags, k=\d+\)",
        "the finetuned network; a photo gets the words of the k most similar training photos",
    ),
    (
        re.escape(FINETUNED_WHITENED),
        "the photo vectors of the finetuned network, whitened: a search for the very same item, not for what looks "
        "alike",
    ),
    (
        re.escape(FINETUNED_EQUAL_WORDS),
        "the finetuned network; in a query all words count the same, also those that photos do not show",
    ),
    (FINETUNED, "network and word embeddings trained together on the words of the shops"),
)

_TABLES: tuple[tuple[str, str], ...] = (
    (
        "retrieval_across_colours",
        "As above, but only photos of the same product in another colour are correct, and photos in the query's colour "
        "are left out.",
    ),
    ("retrieval", "Each query photo searches the gallery for other photos of its product, by cosine similarity."),
    ("tagging", "Words are predicted from a photo alone and compared with the words of the product's text."),
    (
        "text_to_photo",
        "A word searches photos of products that the model has not seen; a photo is correct if the product's text has "
        "the word.",
    ),
    (
        "text_to_product",
        "All words of a product that the model has not seen are one query, which searches the product's photos. Words "
        "that photos show well count more.",
    ),
    (
        "attributes/mean_of_types",
        "The mean over the attribute types, each ranked on its own: what most of the literature calls All.",
    ),
    (
        "attributes/all_at_once",
        "All attributes ranked in one list, which is harder: what Corbiere et al. (2017) call All.",
    ),
    ("attributes/", "The attributes of one type, ranked by the scores of their words; training used no labels."),
    ("zero_shot/", "The label whose words have the highest score is the prediction; training used no labels."),
    ("label_retrieval", "Each photo searches all others; its 10 nearest photos are correct if they have its label."),
    (
        "knn",
        "Each photo gets the most frequent label of its 5 nearest photos, which are never photos of its own group.",
    ),
    (
        "linear_probe",
        "A linear classifier on the photo vectors, trained with the benchmark's labels and scored on other photos.",
    ),
)

_READERS = {
    "catalogue": "The shops' own photos. Queries and tagged photos show products of the test split, which training "
    "never uses.",
    "inshop": "In-shop retrieval: each query photo searches the whole gallery for photos of the same product.",
    "deepfashion_attributes": "DeepFashion Category & Attribute: test photos with categories and attributes by human "
    "annotators.",
    "labelled_photos": "Labelled photos from another source, used only for evaluation.",
}

_CORRECT_PHOTOS = {
    "labelled_photos": "photos with the same labels",
    "deepfashion_attributes": "photos with the same labels",
}


def metric_name(metric: str) -> str:
    """Return the display name of a metric: "top-1 accuracy" for "top_1_accuracy"."""
    entry = _find_metric(metric)
    return (re.sub(entry[0], entry[1], metric) if entry else metric).replace("_", " ")


def metric_meanings(metrics: list[str]) -> list[tuple[str, str]]:
    """Return (name with k instead of its number, meaning) of each kind of known metric."""
    entries = [(metric, entry) for metric in metrics if (entry := _find_metric(metric))]
    return list({re.sub(r"\d+", "k", metric_name(metric)): entry[2] for metric, entry in entries}.items())


def _find_metric(metric: str) -> tuple[str, str, str] | None:
    return next((entry for entry in _METRICS if re.fullmatch(entry[0], metric)), None)


def row_meanings(rows: list[str]) -> list[tuple[str, str]]:
    """Return (row, meaning) of each known row among `rows`."""
    return [(row, meaning) for row in rows for pattern, meaning in _ROWS if re.fullmatch(pattern, row)]


def row_short_name(row: str) -> str:
    """Return what a row is called outside the tables: "before training" for the frozen backbone."""
    return {FROZEN: "before training", FINETUNED: "after training"}.get(row, row)


def table_title(table: str) -> str:
    """Return the display name of a table: "Zero shot: category" for "zero_shot/category"."""
    kind, _, name = table.partition("/")
    words = kind.replace("_", " ")
    return words[:1].upper() + words[1:] + (f": {name.replace('_', ' ')}" if name else "")


def table_meaning(table: str) -> str:
    """Return one sentence about what the table measures; empty for an unknown table."""
    return next((meaning for start, meaning in _TABLES if table.startswith(start)), "")


def reader_meaning(reader: str) -> str:
    """Return one or two sentences about the benchmark of a reader; empty for an unknown reader."""
    return _READERS.get(reader, "")


def correct_photo_meaning(reader: str) -> str:
    """Return what counts as a correct photo of a ranked list."""
    return _CORRECT_PHOTOS.get(reader, "other photos of the same product")


def percent(share: float | None) -> str:
    """Format a share in 0..1 in percent with one decimal; "-" where nothing was measured."""
    return "-" if share is None else f"{100 * share:.1f}"


def points(difference: float) -> str:
    """Format a difference of two shares in signed percentage points with one decimal."""
    rounded = round(100 * difference, 1)
    if rounded == 0:
        return "±0.0"
    return f"+{rounded:.1f}" if rounded > 0 else f"−{-rounded:.1f}"


def count(number: float) -> str:
    """Format a count with thousands separators: 12,612."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.3f}"


def join_shops(names: Sequence[str]) -> str:
    """Return the names of a few shops as in a sentence, or the number of many: "12 shops"."""
    return join_names(names) if len(names) <= MAX_NAMED_SHOPS else f"{len(names):,} shops"


def count_times(number: int) -> str:
    """Return "once" or "1,200 times"."""
    return "once" if number == 1 else f"{count(number)} times"


def join_names(names: Sequence[str]) -> str:
    """Join names as in a sentence: "alder, brunel and corso"."""
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
