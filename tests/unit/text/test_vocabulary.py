"""The vocabulary: counted on training products, chosen by document frequency."""

import random
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft import artefacts, params, tables
from weft.contracts.tables import CLEANED_PRODUCTS
from weft.errors import ContractError
from weft.splits import assign_split
from weft.text.boilerplate import DocumentFrequencies
from weft.text.vocabulary import build_vocabulary, count_documents

SHARES = (0.1, 0.2)
COUNTED_COLUMNS = (("shop", pa.string()), ("brand", pa.list_(pa.string())), ("tokens", pa.list_(pa.string())))


def _make_settings(max_size: int = 1_000, min_document_frequency: int = 1) -> params.Vocabulary:
    return params.Vocabulary(
        max_size=max_size,
        min_document_frequency=min_document_frequency,
        boilerplate_min_df=0.5,
        boilerplate_min_ratio=10.0,
        brand_min_share=0.5,
    )


def _write_texts(path: Path, texts: dict[str, list[str]]) -> Path:
    rows = [
        {
            "product_id": key,
            "shop": key.split("/")[0],
            "brand": [],
            "tokens": words,
            "in_short_fields": [True] * len(words),
        }
        for key, words in texts.items()
    ]
    tables.write_table(path, pa.Table.from_pylist(rows, schema=CLEANED_PRODUCTS.schema), CLEANED_PRODUCTS)
    return path


def _make_random_texts(products: int = 300) -> dict[str, list[str]]:
    rng = random.Random(5)
    words = [f"{first}{second}" for first in "abcdefghij" for second in "abcdefghij"]
    weights = [1 / (rank + 2) for rank in range(len(words))]
    return {f"alder/{n:03}": rng.choices(words, weights, k=rng.randrange(12)) for n in range(products)}


def _select_training(texts: dict[str, list[str]]) -> list[list[str]]:
    return [words for key, words in texts.items() if assign_split(key, *SHARES) == "train"]


def test_counting_equals_a_naive_implementation(tmp_path: Path) -> None:
    texts = _make_random_texts()
    build_vocabulary(_write_texts(tmp_path / "p.parquet", texts), tmp_path / "v", _make_settings(), *SHARES)
    words = artefacts.read_words(tmp_path / "v" / "words.tsv")
    training = _select_training(texts)
    frequency = Counter(word for tokens in training for word in set(tokens))
    count = Counter(word for tokens in training for word in tokens)
    naive = sorted(frequency, key=lambda word: (-frequency[word], word))
    assert words["word"].tolist() == naive
    assert words["document_frequency"].tolist() == [frequency[word] for word in naive]
    assert words["count"].tolist() == [count[word] for word in naive]


product_rows = st.lists(
    st.tuples(
        st.sampled_from(["alder", "brunel"]),
        st.lists(st.sampled_from(["nike", "red", "tape"]), max_size=2),
        st.lists(st.sampled_from(["red", "blue", "nike", "블랙"]), max_size=5),
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(product_rows, st.integers(0, 8))
def test_a_table_is_counted_as_its_products_one_by_one_wherever_it_is_cut(
    rows: list[tuple[str, list[str], list[str]]], cut: int
) -> None:
    one_by_one, merged = DocumentFrequencies(), DocumentFrequencies()
    for shop, brand, tokens in rows:
        one_by_one.add(shop, brand, tokens)
    table = pa.table(
        {name: pa.array([row[n] for row in rows], column_type) for n, (name, column_type) in enumerate(COUNTED_COLUMNS)}
    )
    for part in (table.slice(0, cut), table.slice(cut)):
        merged.merge(count_documents(part))
    for name in vars(one_by_one):
        assert getattr(merged, name) == getattr(one_by_one, name), name


def test_only_training_products_are_counted(tmp_path: Path) -> None:
    texts = {f"alder/{n}": [assign_split(f"alder/{n}", *SHARES)] for n in range(60)}
    texts |= {key: [*words, "red" if int(key.split("/")[1]) % 2 else "blue"] for key, words in texts.items()}
    assert {words[0] for words in texts.values()} == {"train", "val", "test"}
    counts = build_vocabulary(_write_texts(tmp_path / "p.parquet", texts), tmp_path / "v", _make_settings(), *SHARES)
    assert counts["training_products"] == len(_select_training(texts))
    for name in ("words.tsv", "dropped.tsv"):
        assert not {"val", "test"} & set(pd.read_csv(tmp_path / "v" / name, sep="\t")["word"])


def test_the_most_frequent_words_are_kept_and_ties_are_sorted_by_word(tmp_path: Path) -> None:
    texts = {f"alder/{n}": ["red", "blue"][: 1 + n % 2] + (["ash", "elm"] if n % 3 == 0 else []) for n in range(80)}
    counts = build_vocabulary(
        _write_texts(tmp_path / "p.parquet", texts), tmp_path / "v", _make_settings(max_size=2), *SHARES
    )
    dropped = pd.read_csv(tmp_path / "v" / "dropped.tsv", sep="\t")
    assert artefacts.read_words(tmp_path / "v" / "words.tsv")["word"].tolist() == ["blue", "ash"]
    assert dropped["word"].tolist() == ["red", "elm"]
    assert dropped["reason"].tolist() == ["in nearly all products", "beyond max_size"]
    assert counts["words"] == 2
    assert counts["dropped_beyond_max_size"] == 1


def test_every_counted_word_is_kept_or_dropped_with_its_reason(tmp_path: Path) -> None:
    texts = _make_random_texts()
    build_vocabulary(_write_texts(tmp_path / "p.parquet", texts), tmp_path / "v", _make_settings(50, 4), *SHARES)
    kept = artefacts.read_words(tmp_path / "v" / "words.tsv")["word"].tolist()
    dropped = pd.read_csv(tmp_path / "v" / "dropped.tsv", sep="\t", keep_default_na=False)
    assert sorted([*kept, *dropped["word"]]) == sorted({word for words in _select_training(texts) for word in words})
    assert (dropped["reason"].str.len() > 0).all()
    assert (dropped["detail"].str.len() > 0).all()
    order = list(zip(-dropped["document_frequency"], dropped["word"], strict=True))
    assert order == sorted(order)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    products = _write_texts(tmp_path / "p.parquet", _make_random_texts())
    for name in ("one", "two"):
        build_vocabulary(products, tmp_path / name, _make_settings(50, 4), *SHARES)
    for name in ("words.tsv", "dropped.tsv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_empty_vocabulary_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    products = _write_texts(tmp_path / "p.parquet", {"alder/1": ["red"], "alder/2": ["blue"]})
    with pytest.raises(ContractError, match=r"p\.parquet: no word of \d training products .*min_document_frequency"):
        build_vocabulary(products, tmp_path / "v", _make_settings(min_document_frequency=5), *SHARES)
    assert not (tmp_path / "v").exists()
