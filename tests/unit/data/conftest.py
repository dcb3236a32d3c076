import pytest

from weft.data.bags import build_weighted_bags

BAGS = [[], [0, 1], [1], [], [0, 1, 2, 2], [4], []]
"""Of a vocabulary of 6 words; nobody carries 3 and 5, and photo 4 says word 2 twice."""


@pytest.fixture
def bags():
    return build_weighted_bags(BAGS)
