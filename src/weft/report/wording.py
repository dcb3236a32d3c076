"""How the report says things: names of metrics, rows and tables in words, numbers as people write them."""

import re

BASELINE = "frozen"
"""The row whose name begins so is what every gain is measured against."""

_METRICS: tuple[tuple[str, str, str], ...] = (
    (
        r"recall_at_(\d+)",
        r"recall at \1",
        "a query counts when any of its first k photos is right; also called hit rate",
    ),
    (r"hit_fraction_at_(\d+)", r"hit fraction at \1", "share of a query's right photos found among its first k"),
    (
        r"map_at_r",
        "mAP at R",
        "mean average precision over the first R photos, R being how many are right; 100 is perfect",
    ),
    (r"precision_at_(\d+)", r"precision at \1", "share of the k words predicted first that the shop also uses"),
    (r"top_(\d+)_accuracy", r"top-\1 accuracy", "a photo counts when its label is among the k labels scored highest"),
    (
        r"same_in_(\d+)",
        r"same in \1",
        "share of the k nearest photos that agree with the query in every label asked for",
    ),
)

_ROWS: tuple[tuple[str, str], ...] = (
    ("frozen", "the ImageNet network, untouched; predicts the words of the most similar training photos"),
    ("after fit_words", "the same network with word embeddings fitted on top: same photo vectors, so same retrieval"),
    ("after finetune", "network and word embeddings trained together on the shop's words"),
)

_TABLES: tuple[tuple[str, str], ...] = (
    ("retrieval", "Each query photo searches all others by cosine similarity. Right is a photo of the same item."),
    ("tags", "Words predicted from a photo alone, against the words of that product's own text."),
    ("labels/", "The label whose words score highest is the prediction; no label was used in training."),
)

_READERS = {
    "catalogue": "The shop's own photos: products held out as the test split, none of them seen in training.",
    "inshop": "In-shop retrieval: each query photo searches the whole gallery for photos of the same item.",
    "labelled_photos": "Labelled photos from elsewhere, used for scoring only.",
}


def metric_name(metric: str) -> str:
    """A metric's name for people: "top_1_accuracy" is "top-1 accuracy"."""
    for pattern, name, _ in _METRICS:
        if re.fullmatch(pattern, metric):
            return re.sub(pattern, name, metric)
    return metric.replace("_", " ")


def metric_meanings(metrics: list[str]) -> list[tuple[str, str]]:
    """(Name with k for the number, meaning) of every known metric among `metrics`, each kind once."""
    meanings: list[tuple[str, str]] = []
    for pattern, name, meaning in _METRICS:
        if any(re.fullmatch(pattern, metric) for metric in metrics):
            meanings.append((name.replace(r"\1", "k"), meaning))
    return meanings


def row_meanings(rows: list[str]) -> list[tuple[str, str]]:
    """(Row, meaning) of every known row among `rows`."""
    return [(row, meaning) for row in rows for start, meaning in _ROWS if row.startswith(start)]


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


def percent(share: float | None) -> str:
    """A share in 0..1 in percent with one decimal, "-" where nothing was measured."""
    return "-" if share is None else f"{100 * share:.1f}"


def points(share: float, baseline: float) -> str:
    """The difference of two shares in percentage points, signed, as the rounded percents differ."""
    difference = round(round(100 * share, 1) - round(100 * baseline, 1), 1)
    if difference == 0:
        return "±0.0"
    return f"+{difference:.1f}" if difference > 0 else f"−{-difference:.1f}"


def count(number: float) -> str:
    """A count with thousands apart: 12,612."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.3f}"
