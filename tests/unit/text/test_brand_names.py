"""Names of brands and shops in a product's own text."""

from weft.text.brand_names import is_descriptive, match_positions


def test_a_name_of_two_words_is_found_only_as_a_phrase() -> None:
    text = ["red", "tape", "men", "red", "shoes", "with", "tape", "red", "tape"]
    assert match_positions(["red", "tape"], text) == {0, 1, 7, 8}


def test_a_final_s_is_ignored() -> None:
    assert match_positions(["levis"], ["levi", "jeans", "levis"]) == {0, 2}
    assert match_positions(["s"], ["s", "as"]) == {0}


def test_a_name_without_words_is_not_found() -> None:
    assert match_positions([], ["red"]) == set()


def test_a_name_longer_than_the_text_is_not_found() -> None:
    assert match_positions(["red", "tape"], ["red"]) == set()


def test_a_name_of_one_word_may_describe_the_product() -> None:
    assert is_descriptive(["orange"], [["bright", "orange"]])
    assert not is_descriptive(["orange"], [["red"], ["tops"]])
    assert not is_descriptive(["red", "tape"], [["red"]])
