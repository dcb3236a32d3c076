import numpy as np
import pandas as pd
import pytest

from weft import artefacts
from weft.errors import ContractError

WORDS = ("red", "members", "dress")


def write_predictability(folder, somers_d_shrunk, words=WORDS):
    columns = dict.fromkeys(artefacts.WORD_PREDICTABILITY_COLUMNS, 1.0) | {
        "word_id": range(len(words)),
        "word": words,
        "document_frequency": 5,
        "val_photos": 5,
        "somers_d_shrunk": somers_d_shrunk,
    }
    frame = pd.DataFrame(columns, index=range(len(words)))
    artefacts.write_word_predictability(folder / "word_predictability.tsv", frame)


def test_the_weight_of_a_word_is_how_well_photos_show_it_and_never_negative(tmp_path):
    write_predictability(tmp_path, [0.9, -0.1, 0.5])
    np.testing.assert_allclose(artefacts.read_query_weights(tmp_path, WORDS), [0.9, 0, 0.5])


def test_all_words_weigh_the_same_without_the_file_or_where_val_measured_no_word(tmp_path):
    assert artefacts.read_query_weights(tmp_path, WORDS).tolist() == [1, 1, 1]
    write_predictability(tmp_path, [np.nan] * 3)
    assert artefacts.read_query_weights(tmp_path, WORDS).tolist() == [1, 1, 1]


def test_weights_of_another_vocabulary_are_an_error(tmp_path):
    write_predictability(tmp_path, [0.5, 0.5, 0.5], words=("red", "dress", "members"))
    with pytest.raises(ContractError, match=r"word_predictability\.tsv: expected the words of words\.tsv"):
        artefacts.read_query_weights(tmp_path, WORDS)
