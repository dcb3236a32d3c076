import pytest

from weft.bags import build_word_bags

BAGS = [[], [0, 1], [1], [], [0, 1, 2, 2], [4], []]
"""The vocabulary has 6 words; no photo has the words 3 and 5, and photo 4 has word 2 twice."""


@pytest.fixture
def bags():
    return build_word_bags(BAGS)
