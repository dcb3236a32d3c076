import numpy as np
import pytest
from naive_nearest import naive_nearest
from tiny_catalogue import make_tiny_catalogue


@pytest.fixture
def search():
    return naive_nearest


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def tiny_catalogue(tmp_path, rng):
    return make_tiny_catalogue(tmp_path, rng)
