import pytest
import torch

from weft.training.augment import augment


@pytest.fixture
def photos():
    return torch.randint(256, (8, 3, 6, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def naive_augment(photos, flip, shift, generator):
    """Pixel by pixel, with the same draws."""
    batch, channels, height, width = photos.shape
    moves = torch.randint(-shift, shift + 1, (2, batch, 1), generator=generator)[..., 0].tolist()
    mirrored = (torch.rand(batch, 1, generator=generator) < 0.5)[:, 0].tolist() if flip else [False] * batch
    result = torch.empty_like(photos)
    for n in range(batch):
        for y in range(height):
            for x in range(width):
                from_y = min(max(y + moves[0][n], 0), height - 1)
                seen_x = width - 1 - x if mirrored[n] else x
                from_x = min(max(seen_x + moves[1][n], 0), width - 1)
                for channel in range(channels):
                    result[n, channel, y, x] = photos[n, channel, from_y, from_x]
    return result


@pytest.mark.parametrize(("flip", "shift"), [(True, 0), (False, 2), (True, 2), (True, 7)])
def test_equals_its_naive_twin(photos, flip, shift):
    done = augment(photos, flip, shift, torch.Generator().manual_seed(4))
    assert done.equal(naive_augment(photos, flip, shift, torch.Generator().manual_seed(4)))
    assert done.dtype == torch.uint8
    assert not done.equal(photos)


def test_nothing_changes_and_nothing_is_drawn_when_off(photos):
    generator = torch.Generator().manual_seed(4)
    before = generator.get_state()
    assert augment(photos, flip=False, shift=0, generator=generator).equal(photos)
    assert generator.get_state().equal(before)


def test_about_half_are_mirrored():
    photos = torch.arange(4, dtype=torch.uint8).view(1, 1, 1, 4).expand(1_000, 3, 1, 4)
    done = augment(photos, flip=True, shift=0, generator=torch.Generator().manual_seed(1))
    assert 420 < int((done[:, 0, 0, 0] == 3).sum()) < 580


def test_uncovered_borders_repeat_the_edge():
    photos = torch.arange(1, 6, dtype=torch.uint8).view(1, 1, 1, 5).expand(200, 3, 4, 5)
    rows = {tuple(row) for row in augment(photos, False, 2, torch.Generator().manual_seed(1))[:, 0, 0].tolist()}
    assert rows == {(1, 1, 1, 2, 3), (1, 1, 2, 3, 4), (1, 2, 3, 4, 5), (2, 3, 4, 5, 5), (3, 4, 5, 5, 5)}


def test_the_photos_given_stay_as_they_were(photos):
    before = photos.clone()
    augment(photos, True, 2, torch.Generator().manual_seed(4))
    assert photos.equal(before)
