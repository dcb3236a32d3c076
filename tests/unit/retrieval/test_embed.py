import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from weft import artefacts
from weft.datasets.base import PhotoRecord
from weft.errors import InputError, ParamsError, PhotoError
from weft.model.backbone import load_backbone
from weft.model.embed_stream import PendingEmbeddings
from weft.model.embedder import Embedder
from weft.retrieval import embed as module
from weft.retrieval.embed import embed
from weft.retrieval.embed_dataset import embed_dataset


class MeanColour(nn.Module):
    """The mean of each channel as z; it records the shapes of its batches."""

    def __init__(self):
        super().__init__()
        self.weight, self.batches = nn.Parameter(torch.zeros(1)), []

    def forward(self, photos):
        assert not self.training
        assert photos.dtype == torch.uint8
        self.batches.append(tuple(photos.shape))
        return photos.float().mean((2, 3))


class StubBenchmark:
    """A benchmark with the given photos."""

    def __init__(self, photos):
        self.records = [PhotoRecord(f"a/{n}#0", f"a/{n}", "test", {}, None) for n, _ in photos]
        self._photos = photos

    def photos(self):
        return ((self.records[n], photo) for n, photo in self._photos)


@pytest.fixture(autouse=True)
def batches_of_four(monkeypatch):
    monkeypatch.setattr(module, "BATCH_SIZE", 4)


@pytest.fixture
def photos(make_jpeg):
    return [(n, make_jpeg(["red", "green", "blue"][n % 3], seed=n)) for n in range(10)]


def run_embed(photos, **changes):
    model = MeanColour().train()
    return list(embed(photos, model, 32, 24, "cpu", workers=3, **changes)), model


def test_order_is_kept_and_batches_are_whole(photos):
    batches, model = run_embed(photos)
    assert [keys for keys, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert model.batches == [(4, 3, 32, 24), (4, 3, 32, 24), (2, 3, 32, 24)]
    z = np.concatenate([z for _, z in batches])
    assert z.dtype == np.float32
    assert z.argmax(1).tolist() == [n % 3 for n in range(10)]


def test_the_number_of_workers_changes_no_result(photos):
    one = list(embed(photos, MeanColour(), 32, 24, "cpu", workers=1))
    for (keys, z), (expected, same) in zip(run_embed(photos)[0], one, strict=True):
        assert keys == expected
        assert (z == same).all()


def test_batches_shrink_when_the_memory_runs_out(photos):
    class LittleMemory(MeanColour):
        def forward(self, photos):
            if len(photos) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().forward(photos)

    model = LittleMemory()
    batches = list(embed(photos, model, 32, 24, "cpu", workers=1))
    assert model.batches == [(1, 3, 32, 24)] * 10
    for (_, z), (_, expected) in zip(batches, run_embed(photos)[0], strict=True):
        np.testing.assert_allclose(z, expected, rtol=1e-6)


def test_embeddings_that_float16_cannot_hold_are_an_error():
    z = torch.tensor([[1.0, torch.inf]])
    assert PendingEmbeddings(z, None, "bfloat16").wait().shape == (1, 2)
    with pytest.raises(InputError, match=r"got infinity or NaN.*set WEFT_EMBED_DTYPE=float32"):
        PendingEmbeddings(z, None, "float16").wait()


def test_photos_that_cannot_be_decoded_are_skipped_and_listed(photos):
    photos[2], photos[9] = (2, b"no photo"), (9, b"")
    skipped = []
    batches, _ = run_embed(photos, skipped=skipped)
    assert [keys for keys, _ in batches] == [[0, 1, 3], [4, 5, 6, 7], [8]]
    assert [(key, error.reason) for key, error in skipped] == [(2, "cannot be decoded"), (9, "cannot be decoded")]


def test_without_a_list_the_first_broken_photo_raises(photos):
    photos[2] = (2, b"no photo")
    with pytest.raises(PhotoError, match="cannot be decoded"):
        run_embed(photos)


def test_a_stream_is_not_read_far_ahead(make_jpeg):
    read, photo = [], make_jpeg()

    def source():
        for n in range(400):
            read.append(n)
            yield n, photo

    batches, done = embed(source(), MeanColour(), 32, 32, "cpu", workers=2), 0
    assert read == []
    for keys, _ in batches:
        done += len(keys)
        assert len(read) <= done + 2 * 8 + 1 + 4  # a thread stacks the next batch of four
    assert len(read) == done == 400


def test_no_photos_give_no_batches():
    assert run_embed([])[0] == []


def test_all_photos_of_a_benchmark_are_embedded_and_skipped_ones_counted(tmp_path, photos, capsys):
    photos[4] = (4, b"<html>")
    counts = embed_dataset(StubBenchmark(photos), MeanColour(), 3, 32, 32, "cpu", 2, tmp_path / "e")
    assert counts == {"photos": 9, "refused": 1}
    assert "skipped a/4#0: cannot be decoded: expected a photo, got an HTML page" in capsys.readouterr().err
    embedded = artefacts.read_embeddings(tmp_path / "e").photos
    assert embedded["photo_id"].to_pylist() == [f"a/{n}#0" for n in range(10) if n != 4]


class ThreadedProcessGroup:
    """A process group of threads, which share their values in a list."""

    def __init__(self, rank, count, barrier, shared_values):
        self.rank, self.world_size, self.is_main = rank, count, rank == 0
        self._barrier, self._shared_values = barrier, shared_values

    def gather(self, value):
        self._shared_values[self.rank] = value
        self._barrier.wait(5)
        gathered = list(self._shared_values) if self.is_main else []
        self._barrier.wait(5)
        return gathered


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("num_photos", [0, 1, 4, 9, 13, 24])
def test_any_number_of_processes_writes_the_same_artefact(tmp_path, make_jpeg, count, num_photos):
    photos = [(n, make_jpeg(["red", "green", "blue"][n % 3], seed=n)) for n in range(num_photos)]
    for broken in {2, 4, 5, 6, 7} & set(range(num_photos)):  # 4 to 7 are a whole batch
        photos[broken] = (broken, b"no photo")
    alone = embed_dataset(StubBenchmark(photos), MeanColour(), 3, 32, 24, "cpu", 1, tmp_path / "alone")
    barrier, shared_values = threading.Barrier(count), [None] * count
    process_groups = [ThreadedProcessGroup(rank, count, barrier, shared_values) for rank in range(count)]

    def work(process_group):
        return embed_dataset(
            StubBenchmark(photos), MeanColour(), 3, 32, 24, "cpu", 1, tmp_path / "shared", process_group=process_group
        )

    with ThreadPoolExecutor(count) as pool:
        assert next(iter(pool.map(work, process_groups))) == alone
    for file in (tmp_path / "alone").iterdir():
        assert (tmp_path / "shared" / file.name).read_bytes() == file.read_bytes()


def test_the_out_of_memory_error_says_what_to_lower(tmp_path, photos):
    class Greedy(MeanColour):
        def forward(self, photos):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    with pytest.raises(ParamsError, match=r"not enough memory: lower prepare.height = 32 and prepare.width = 24"):
        embed_dataset(StubBenchmark(photos), Greedy(), 3, 32, 24, "cpu", 1, tmp_path / "e")
    assert not (tmp_path / "e").exists()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_embeddings_of_a_gpu_have_the_direction_of_those_of_a_cpu(photos, monkeypatch, dtype):
    monkeypatch.setenv("WEFT_EMBED_DTYPE", dtype)
    monkeypatch.setattr(module, "GPU_BATCH_SIZE", 4)
    ends = []
    for device in ("cuda", "cpu"):
        backbone = load_backbone("mobilenet_v2", "imagenet")
        model = Embedder(backbone.network, torch.zeros(1, backbone.dim), backbone.normalisation)
        ends.append(np.concatenate([z for _, z in embed(photos, model, 128, 96, device, workers=2)]))
    cosines = (ends[0] * ends[1]).sum(1) / np.linalg.norm(ends[0], axis=1) / np.linalg.norm(ends[1], axis=1)
    assert cosines.min() > 0.9995
