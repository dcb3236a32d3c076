"""The list of function words."""

from weft.text.tokenize import load_stop_words, tokenize

FASHION = """
top back full long high small open off out over under up down above below around half three two one plus
front short low wide deep crew boat round plain self
"""


def test_words_of_fashion_are_not_function_words() -> None:
    assert not load_stop_words() & set(FASHION.split())


def test_words_of_grammar_are_function_words() -> None:
    assert {"the", "a", "and", "with", "of", "is", "your", "don't", "you're", "which"} <= load_stop_words()


def test_every_line_is_a_token_as_the_tokeniser_writes_it() -> None:
    for word in load_stop_words():
        assert tokenize(word) == [word]
