"""The list of stop words."""

from weft.text.tokenize import load_stop_words, tokenize

FASHION = """
top back full long high small open off out over under up down above below around half three two one plus
front short low wide deep crew boat round plain self
"""


def test_words_of_fashion_are_not_stop_words() -> None:
    assert not load_stop_words() & set(FASHION.split())


def test_function_words_are_stop_words() -> None:
    assert {"the", "a", "and", "with", "of", "is", "your", "don't", "you're", "which"} <= load_stop_words()


def test_every_stop_word_is_a_token_of_the_tokeniser() -> None:
    for word in load_stop_words():
        assert tokenize(word) == [word]
