import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from weft.photos import duplicates
from weft.photos.decode import decode
from weft.photos.duplicates import (
    HASH_BYTES,
    MAX_COLOUR_DIFFERENCE,
    Fingerprints,
    Indices,
    compute_fingerprint,
    connected_components,
    find_duplicate_groups,
    find_duplicate_pairs,
)
from weft.photos.resize import letterbox


def find_all_pairs(fingerprints: Fingerprints, distance: int) -> Indices:
    """The naive twin: every pair compared bit by bit."""
    pairs = []
    for j in range(len(fingerprints)):
        for i in range(j):
            bits = np.unpackbits(fingerprints[i, :HASH_BYTES] ^ fingerprints[j, :HASH_BYTES]).sum()
            gap = np.abs(fingerprints[i, HASH_BYTES:].astype(int) - fingerprints[j, HASH_BYTES:]).max()
            if bits <= distance and gap <= MAX_COLOUR_DIFFERENCE:
                pairs.append((i, j))
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def make_related_fingerprints(count: int, seed: int) -> Fingerprints:
    """Fingerprints that are a few bits and a few grey levels from one another, so that every limit is met."""
    draw = np.random.default_rng(seed)
    made = draw.integers(0, 256, (3, 224), np.uint8)[draw.integers(0, 3, count)]
    for row in made:
        for bit in draw.integers(0, 256, draw.integers(0, 12)):
            row[bit // 8] ^= 1 << (bit % 8)
        place = HASH_BYTES + draw.integers(192)
        row[place] = np.clip(int(row[place]) + draw.integers(-9, 10), 0, 255)
    return made


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 10_000), st.integers(0, 16))
def test_bands_find_exactly_the_pairs_that_comparing_all_finds(count: int, seed: int, distance: int) -> None:
    fingerprints = make_related_fingerprints(count, seed)
    expected = find_all_pairs(fingerprints, distance)
    assert np.array_equal(find_duplicate_pairs(fingerprints, distance), expected)
    assert np.array_equal(find_duplicate_groups(fingerprints, distance), connected_components(count, expected))


def test_ten_thousand_equal_photos_are_one_group_at_once() -> None:
    fingerprints = np.repeat(make_related_fingerprints(1, 1), 10_000, axis=0)
    assert (find_duplicate_groups(fingerprints, 4) == 0).all()


def test_a_chain_of_near_copies_is_one_group_however_few_pairs_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_MAX_PAIRS", 10)
    fingerprints = make_related_fingerprints(60, 4)
    pairs = find_all_pairs(fingerprints, 8)
    assert len(pairs) > 10
    assert np.array_equal(find_duplicate_groups(fingerprints, 8), connected_components(60, pairs))


def test_fingerprints_of_equal_sums_are_compared_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    class Zeros:
        def integers(self, low: int, high: int, size: int, dtype: type) -> np.ndarray:
            return np.zeros(size, dtype)

    monkeypatch.setattr(duplicates.np.random, "default_rng", lambda seed: Zeros())
    one, other = np.zeros((2, 224), np.uint8)
    other[:] = 200
    assert find_duplicate_groups(np.stack([one, other, one, other]), 4).tolist() == [0, 1, 0, 1]


def test_a_group_bears_the_index_of_its_first_photo() -> None:
    one, other = np.zeros((2, 224), np.uint8)
    other[:HASH_BYTES] = 255
    assert find_duplicate_groups(np.stack([other, one, other, one, one]), 4).tolist() == [0, 1, 0, 1, 1]


def test_connections_go_through_others() -> None:
    assert connected_components(5, np.array([[3, 4], [1, 3]])).tolist() == [0, 1, 2, 1, 1]


def draw_shirt(colour: str, badge: str = "white") -> Image.Image:
    image = Image.new("RGB", (300, 400), "white")
    draw = ImageDraw.Draw(image)
    draw.polygon(
        [(90, 60), (210, 60), (270, 150), (230, 180), (220, 350), (80, 350), (70, 180), (30, 150)], fill=colour
    )
    draw.ellipse((125, 150, 175, 200), fill=badge)
    return image


def fingerprint_copy(image: Image.Image, quality: int, scale: float = 1.0) -> Fingerprints:
    out = io.BytesIO()
    image.resize((round(300 * scale), round(400 * scale))).save(out, "JPEG", quality=quality)
    return compute_fingerprint(letterbox(decode(out.getvalue(), 128, 96), 128, 96))


@pytest.mark.parametrize(("quality", "scale"), [(60, 1.0), (85, 0.5), (90, 2.0)])
def test_a_photo_encoded_again_or_resized_is_a_duplicate(quality: int, scale: float) -> None:
    fingerprints = np.stack(
        [fingerprint_copy(draw_shirt("navy"), 92), fingerprint_copy(draw_shirt("navy"), quality, scale)]
    )
    assert find_duplicate_groups(fingerprints, 8).tolist() == [0, 0]


@pytest.mark.parametrize("other", ["black", "darkgreen", "purple", "maroon"])
def test_the_same_cut_in_another_colour_is_no_duplicate(other: str) -> None:
    fingerprints = np.stack([fingerprint_copy(draw_shirt("navy"), 92), fingerprint_copy(draw_shirt(other), 92)])
    assert find_duplicate_groups(fingerprints, 16).tolist() == [0, 1]
