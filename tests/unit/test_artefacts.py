import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from weft import artefacts
from weft.errors import ContractError

COLUMNS = "word_id\tword\tdocument_frequency\tcount\n"


def make_photo_rows(count, first=0):
    return [
        {"photo_id": f"alder/{n}#0", "product_id": f"alder/{n}", "split": "train"} for n in range(first, first + count)
    ]


def make_word_table(words):
    return pd.DataFrame({"word_id": range(len(words)), "word": words, "document_frequency": 3, "count": 4})


def test_embeddings_are_stored_as_float16(tmp_path):
    z = np.random.default_rng(0).normal(0, 3, (7, 5)).astype(np.float32)
    count = artefacts.write_embeddings(tmp_path / "e", 5, [(make_photo_rows(4), z[:4]), (make_photo_rows(3, 4), z[4:])])
    read = artefacts.read_embeddings(tmp_path / "e")
    assert count == 7
    assert read.z.dtype == np.float16
    assert isinstance(read.z, np.memmap)
    assert (np.asarray(read.z) == z.astype(np.float16)).all()
    assert read.photos["photo_id"].to_pylist() == [f"alder/{n}#0" for n in range(7)]
    assert read.photos["row"].to_pylist() == list(range(7))


def test_embeddings_beyond_float16_are_clipped_to_its_largest_number(tmp_path):
    artefacts.write_embeddings(tmp_path / "e", 2, [(make_photo_rows(1), np.array([[1e9, -1e9]], np.float32))])
    assert artefacts.read_embeddings(tmp_path / "e").z.tolist() == [[65_504.0, -65_504.0]]


def test_equal_embeddings_are_equal_bytes(tmp_path):
    for name in ("a", "b"):
        artefacts.write_embeddings(tmp_path / name, 2, [(make_photo_rows(3), np.ones((3, 2), np.float32))])
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    assert sorted(file.name for file in (tmp_path / "a").iterdir()) == [
        "digest.txt",
        "embeddings.npy",
        "photos.parquet",
    ]


def test_no_photos_give_no_embeddings(tmp_path):
    assert artefacts.write_embeddings(tmp_path / "e", 4, []) == 0
    assert artefacts.read_embeddings(tmp_path / "e").z.shape == (0, 4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_embedding_that_is_not_finite_is_refused_with_its_photo(tmp_path, bad):
    z = np.ones((3, 2), np.float32)
    z[1, 0] = bad
    with pytest.raises(ContractError, match="the embedding of alder/1#0 is not finite; the model has diverged"):
        artefacts.write_embeddings(tmp_path / "e", 2, [(make_photo_rows(3), z)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(3, 3), (2, 2)])
def test_a_batch_of_another_shape_is_refused(tmp_path, shape):
    with pytest.raises(ContractError, match=r"expected a batch of shape \(3, 2\), got "):
        artefacts.write_embeddings(tmp_path / "e", 2, [(make_photo_rows(3), np.ones(shape, np.float32))])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((4, 2), np.float16), r"expected float16 \(3, embedding_dim\), got float16 \(4, 2\)"),
        (np.ones((3, 2), np.float32), r"expected float16 .*, got float32 \(3, 2\)"),
        (np.ones(3, np.float16), r"expected float16 .*, got float16 \(3,\)"),
        (np.array([{}, {}, {}]), "not a readable matrix"),
    ],
    ids=["rows", "type", "shape", "pickle"],
)
def test_a_matrix_that_does_not_fit_its_photos_is_refused(tmp_path, matrix, message):
    artefacts.write_embeddings(tmp_path / "e", 2, [(make_photo_rows(3), np.ones((3, 2), np.float32))])
    np.save(tmp_path / "e" / "embeddings.npy", matrix)
    with pytest.raises(ContractError, match=rf"embeddings\.npy: {message}"):
        artefacts.read_embeddings(tmp_path / "e")


@pytest.mark.parametrize("data", [b"", b"words", b"\x93NUMPY\x01\x00"])
def test_a_damaged_matrix_is_named(tmp_path, data):
    artefacts.write_embeddings(tmp_path / "e", 2, [(make_photo_rows(3), np.ones((3, 2), np.float32))])
    (tmp_path / "e" / "embeddings.npy").write_bytes(data)
    with pytest.raises(ContractError, match=r"embeddings\.npy: not a readable matrix"):
        artefacts.read_embeddings(tmp_path / "e")


def test_the_error_of_missing_embeddings_says_what_to_run(tmp_path):
    with pytest.raises(ContractError, match=r"photos\.parquet: no such file or folder, expected embedded photos; run"):
        artefacts.read_embeddings(tmp_path / "e")


AMBIGUOUS_WORDS = [
    "null",
    "nan",
    "NA",
    "None",
    "true",
    "1950s",
    "007",
    "inf",
    "t-shirt",
    "café",
    'o"neill',
    "l'été",
    "#1",
]


def test_words_that_look_like_other_values_are_read_back(tmp_path):
    artefacts.write_words(tmp_path / "words.tsv", make_word_table(AMBIGUOUS_WORDS))
    assert artefacts.read_words(tmp_path / "words.tsv")["word"].tolist() == AMBIGUOUS_WORDS


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Zs", "Zl", "Zp", "Cc", "Cs"]), min_size=1), min_size=1, unique=True
    )
)
def test_any_words_without_blanks_are_read_back(tmp_path, words):
    artefacts.write_words(tmp_path / "words.tsv", make_word_table(words))
    assert artefacts.read_words(tmp_path / "words.tsv")["word"].tolist() == words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (COLUMNS + "0\tred\t3\t4\n1\tred\t2\t2\n", "the word 'red' is repeated"),
        (COLUMNS + "1\tred\t3\t4\n", "word_id is not 0, 1, 2 ... in order"),
        (COLUMNS + "0\tred\t3\t4\n2\tblue\t3\t4\n", "word_id is not 0, 1, 2"),
        (COLUMNS + "zero\tred\t3\t4\n", "word_id is not 0, 1, 2"),
        (COLUMNS, "no words; lower vocabulary.min_document_frequency or crawl more"),
        ("word\tword_id\n", r"expected the columns \['word_id', 'word', .*, got \['word', 'word_id'\]"),
        (COLUMNS + "0\tred\t3\t4\t5\t6\n1\n", r"not a readable words\.tsv|word_id|columns"),
        ("", r"not a readable words\.tsv"),
    ],
    ids=["twice", "from_one", "gap", "no_number", "empty", "columns", "ragged", "nothing"],
)
def test_a_broken_word_list_is_refused(tmp_path, text, message):
    (tmp_path / "words.tsv").write_text(text)
    with pytest.raises(ContractError, match=rf"words\.tsv: .*({message})"):
        artefacts.read_words(tmp_path / "words.tsv")


def test_an_unreadable_or_missing_word_list_is_named(tmp_path):
    (tmp_path / "words.tsv").write_bytes(b"\xff\xfe\x00")
    for name in ("words.tsv", "none.tsv"):
        with pytest.raises(ContractError, match=rf"{name}: not a readable words\.tsv: .*run the stage vocabulary"):
            artefacts.read_words(tmp_path / name)


def test_word_embeddings_are_read_without_torch(tmp_path):
    words = np.arange(6, dtype=np.float32).reshape(3, 2)
    save_file({"words": words, "encoder.0.weight": np.ones(2, np.float32)}, tmp_path / "model.safetensors")
    assert (artefacts.read_word_embeddings(tmp_path / "model.safetensors") == words).all()


def test_a_file_without_word_embeddings_is_named(tmp_path):
    save_file({"encoder": np.ones(2, np.float32)}, tmp_path / "other.safetensors")
    (tmp_path / "damaged.safetensors").write_bytes(b"nothing")
    for name in ("other", "damaged", "missing"):
        with pytest.raises(ContractError, match=rf"{name}\.safetensors: no word embeddings to read"):
            artefacts.read_word_embeddings(tmp_path / f"{name}.safetensors")
