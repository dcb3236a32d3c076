"""Names of brands and shops in a product's own text."""

from weft.text.names import is_also_a_word, places_of


def test_a_name_of_two_words_is_found_only_as_a_phrase() -> None:
    text = ["red", "tape", "men", "red", "shoes", "with", "tape", "red", "tape"]
    assert places_of(["red", "tape"], text) == {0, 1, 7, 8}


def test_a_final_s_counts_for_nothing() -> None:
    assert places_of(["levis"], ["levi", "jeans", "levis"]) == {0, 2}
    assert places_of(["s"], ["s", "as"]) == {0}


def test_a_name_of_no_words_is_nowhere() -> None:
    assert places_of([], ["red"]) == set()


def test_a_name_longer_than_the_text_is_nowhere() -> None:
    assert places_of(["red", "tape"], ["red"]) == set()


def test_a_name_that_describes_the_product_is_a_word() -> None:
    assert is_also_a_word(["orange"], [["bright", "orange"]])
    assert not is_also_a_word(["orange"], [["red"], ["tops"]])
    assert not is_also_a_word(["red", "tape"], [["red"]])
