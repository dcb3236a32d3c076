"""How the report says things: names of metrics, rows and tables in words, numbers as people write them."""

import re
from collections.abc import Sequence

BASELINE = "frozen"
"""The row whose name begins so is what every gain is measured against."""
TRAINED = "after finetune"
"""The row of the finished model."""

_METRICS: tuple[tuple[str, str, str], ...] = (
    (
        r"recall_at_(\d+)",
        r"recall at \1",
        "a query counts when any of its first k photos shows the same item; also called hit rate",
    ),
    (
        r"hit_fraction_at_(\d+)",
        r"hit fraction at \1",
        "share of the other photos of a query's item found among its first k",
    ),
    (
        r"map_at_r",
        "mAP at R",
        "mean average precision over the first R photos, R being how many photos of the item there are to find",
    ),
    (r"precision_at_(\d+)", r"precision at \1", "share of the k words predicted first that the shop also uses"),
    (r"right_in_(\d+)", r"right in \1", "share of the first k photos whose product's text says the word"),
    (
        r"found_at_(\d+)",
        r"found at \1",
        "share of the shop's words of this kind that are among the k predicted first",
    ),
    (
        r"top_(\d+)_attribute_recall",
        r"top-\1 recall",
        "share of the attributes that photos have found among the k scored highest, pooled over photos",
    ),
    (r"top_(\d+)_accuracy", r"top-\1 accuracy", "a photo counts when its label is among the k labels scored highest"),
    (
        r"same_in_(\d+)",
        r"same in \1",
        "share of the k nearest photos that agree with the query in every label asked for",
    ),
    (r"same_(\w+)_in_(\d+)", r"same \1 in \2", "share of the k nearest photos with the query's label"),
    (r"(\w+)_accuracy", r"\1 accuracy", "share of photos whose label is told right"),
)

_ROWS: tuple[tuple[str, str], ...] = (
    (r"frozen backbone", "the ImageNet network, untouched"),
    (r"frozen backbone, .*", "the ImageNet network, untouched, with the words of the most similar training photos"),
    (r"after fit_words", "the same network with word embeddings fitted on top: same photo vectors, so same retrieval"),
    (
        r"after finetune, tags of \d+ neighbours",
        "the trained network, but with the words of the most similar training photos",
    ),
    (TRAINED, "network and word embeddings trained together on the shop's words"),
)

_TABLES: tuple[tuple[str, str], ...] = (
    (
        "retrieval_across_colours",
        "The same, but only photos of the product in another colour count, and those of its own colour are left out.",
    ),
    ("retrieval", "Each query photo searches the gallery for other photos of its item, by cosine similarity."),
    ("tags", "Words predicted from a photo alone, against the words of that product's own text."),
    ("text_to_photo", "A word looks for photos of never-seen products: right are those whose shop says it."),
    ("text_to_product", "All words of a never-seen product, as one query, look for its own photos."),
    (
        "attributes/mean_of_types",
        "The plain mean of the attribute types, each ranked by itself: what most of the literature calls All.",
    ),
    (
        "attributes/all_at_once",
        "All attributes ranked in one list, which is harder: what Corbiere et al. (2017) call All.",
    ),
    ("attributes/", "The attributes of one type, ranked by the scores of their words; no label was used in training."),
    ("labels/", "The label whose words score highest is the prediction; no label was used in training."),
    ("similar", "Each photo searches all others; counted are those of its 10 nearest that bear its label."),
    ("neighbours", "Each photo takes the label that most of its 5 nearest photos bear, none of them of its own group."),
    (
        "probe",
        "A linear classifier on the photo vectors, trained with the benchmark's labels on photos it is not scored on.",
    ),
)

_READERS = {
    "catalogue": "The shop's own photos. Queries and tagged photos show products of the test split, never trained on.",
    "inshop": "In-shop retrieval: each query photo searches the whole gallery for photos of the same item.",
    "deepfashion_attributes": "DeepFashion Category & Attribute: test photos by people's categories and attributes.",
    "labelled_photos": "Labelled photos from elsewhere, used for scoring only.",
}

_RIGHT = {"labelled_photos": "a photo with the same labels", "deepfashion_attributes": "a photo with the same labels"}


def metric_name(metric: str) -> str:
    """A metric's name for people: "top_1_accuracy" is "top-1 accuracy"."""
    known = _known(metric)
    return (re.sub(known[0], known[1], metric) if known else metric).replace("_", " ")


def metric_meanings(metrics: list[str]) -> list[tuple[str, str]]:
    """(Name with k for its number, meaning) of every known metric among `metrics`, each kind once."""
    known = [(found, metric) for metric in metrics if (found := _known(metric))]
    return list({re.sub(r"\d+", "k", metric_name(metric)): found[2] for found, metric in known}.items())


def _known(metric: str) -> tuple[str, str, str] | None:
    return next((known for known in _METRICS if re.fullmatch(known[0], metric)), None)


def row_meanings(rows: list[str]) -> list[tuple[str, str]]:
    """(Row, meaning) of every known row among `rows`."""
    return [(row, meaning) for row in rows for pattern, meaning in _ROWS if re.fullmatch(pattern, row)]


def table_title(table: str) -> str:
    """A table's name for people: "labels/category" is "Labels: category"."""
    kind, _, name = table.partition("/")
    words = kind.replace("_", " ")
    return words[:1].upper() + words[1:] + (f": {name.replace('_', ' ')}" if name else "")


def table_meaning(table: str) -> str:
    """One or two sentences on what the table measures; empty for an unknown one."""
    return next((meaning for start, meaning in _TABLES if table.startswith(start)), "")


def reader_meaning(reader: str) -> str:
    """One sentence on what kind of benchmark a reader reads; empty for an unknown one."""
    return _READERS.get(reader, "")


def right_meaning(reader: str) -> str:
    """What a right photo in a ranked list is."""
    return _RIGHT.get(reader, "another photo of the same item")


def percent(share: float | None) -> str:
    """A share in 0..1 in percent with one decimal, "-" where nothing was measured."""
    return "-" if share is None else f"{100 * share:.1f}"


def points(difference: float) -> str:
    """A difference of two shares in percentage points, signed, with one decimal."""
    rounded = round(100 * difference, 1)
    if rounded == 0:
        return "±0.0"
    return f"+{rounded:.1f}" if rounded > 0 else f"−{-rounded:.1f}"


def count(number: float) -> str:
    """A count with thousands apart: 12,612."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.3f}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "alder, brunel and corso"."""
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
