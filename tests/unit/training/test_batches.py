import numpy as np
import pytest
import torch

from weft.data.samplers import Sampler
from weft.params import Augmentation
from weft.training.batches import derive_step_seed, epoch_batches, load_batches
from weft.training.targets import Targets


class RecordingPhotoStore:
    """Photos whose pixels encode their index, and record which photos were requested."""

    def __init__(self):
        self.requested = []

    def decode(self, photos):
        self.requested += photos.tolist()
        ramp = np.arange(48, dtype=np.uint8).reshape(1, 3, 4, 4)
        return np.ascontiguousarray(ramp + photos.astype(np.uint8)[:, None, None, None])


class PhotoBatch:
    """Photos alone: all that a feed looks at."""

    def __init__(self, *photos):
        self.photo_indices = np.array(photos)


AUGMENTATION = Augmentation(horizontal_flip=True, max_translate_px=1, min_crop_scale=0.5)
BATCHES = [PhotoBatch(0, 1, 2, 3, 4), PhotoBatch(5, 6, 7), PhotoBatch(8)]


def load(store, batches, workers):
    """Load batches whose targets have no words."""

    def prepare_targets(batch, generator):
        return Targets(*[torch.zeros(len(batch.photo_indices), 0)] * 3)

    return load_batches(store, batches, AUGMENTATION, prepare_targets, workers, "cpu")


def test_each_step_of_each_epoch_has_its_own_seed():
    seeds = {derive_step_seed(seed, epoch, step) for seed in range(4) for epoch in range(4) for step in range(50)}
    assert len(seeds) == 4 * 4 * 50
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_photos_of_finished_steps_are_not_decoded_again():
    store = RecordingPhotoStore()
    rest = [batch.train_batch for batch in load(store, epoch_batches(BATCHES, 1, 1, first_step=1), 1)]
    assert [step.step for step in rest] == [1, 2]
    assert store.requested == [5, 6, 7, 8]
    assert rest == list(epoch_batches(BATCHES, 1, 1))[1:]


@pytest.mark.parametrize("processes", [1, 2, 3, 4])
def test_parts_of_all_processes_form_the_batch_in_order(processes):
    shares = [list(epoch_batches(BATCHES, 1, 1, rank=n, world_size=processes)) for n in range(processes)]
    for same_step in zip(*shares, strict=True):
        whole = same_step[0].global_batch.photo_indices
        assert np.concatenate([step.photo_indices for step in same_step]).tolist() == whole.tolist()
        sizes = [len(step.photo_indices) for step in same_step]
        assert max(sizes) - min(sizes) <= 1
        assert len({step.seed for step in same_step}) == 1


def test_augmentation_does_not_depend_on_the_numbers_of_processes_and_parts():
    def photos(processes, accumulate=1):
        shares = [
            load(RecordingPhotoStore(), epoch_batches(BATCHES, 1, 1, 0, n, processes, accumulate), 2)
            for n in range(processes)
        ]
        parts = [np.concatenate([batch.pixels for batch in same_step]) for same_step in zip(*shares, strict=True)]
        return np.concatenate(parts)

    assert (photos(1) == photos(3)).all()
    assert (photos(1) == photos(1, accumulate=2)).all()


def test_the_steps_depend_only_on_seed_and_epoch(bags_of_words):
    def photos(seed, epoch):
        sampler = Sampler(bags_of_words, 6, "soft_targets", 0.5, seed)
        return [
            (step.photo_indices.tolist(), step.seed)
            for step in epoch_batches(sampler.sample_epoch(epoch, 4), seed, epoch)
        ]

    assert photos(1, 2) == photos(1, 2)
    assert photos(1, 2) != photos(1, 3)
    assert photos(1, 2) != photos(2, 2)


@pytest.fixture
def bags_of_words(cached):
    return cached(30, seed=1).bags
