"""No step reads a value from the device: the CPU would wait for the GPU, and the GPU for the next step.

On a CPU the operations whose result or shape depends on values are counted, with the code that only a GPU takes. On a
GPU, PyTorch itself raises an error at every such wait.
"""

from functools import partial

import numpy as np
import pytest
import torch
from run_contexts import in_folder
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from weft.loss.sparse_rows import RowSubset
from weft.model.embed_stream import BatchEmbedder
from weft.training import objective as objective_module
from weft.training import optimizers
from weft.training.batches import epoch_batches, load_batches
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.objective import Objective, build_sampler
from weft.training.stored_embeddings import StoredEmbeddings
from weft.training.train_head import HeadLoader, HeadStep
from weft.training.train_state import build_train_state, train_step

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")],
    ),
]
LOSSES = {
    "full_softmax": {},
    "binary_cross_entropy": {"loss": "binary_cross_entropy", "logits": {"name": "dot_product", "word_bias": True}},
    "contrastive": {"loss": "contrastive", "logits": {"name": "cosine", "temperature": 1.0}},
    "sampled_softmax": {
        "loss": {
            "name": "sampled_softmax",
            "num_negatives": 3,
            "logq_correction": True,
            "remove_accidental_hits": True,
        }
    },
    "negatives_per_photo": {"loss": {"name": "sampled_softmax", "share_negatives_in_batch": False}},
}


class CallCounter(TorchFunctionMode):
    """Records the methods that copy a tensor to the CPU."""

    def __init__(self, waits):
        super().__init__()
        self.waits = waits

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") in ("tolist", "cpu", "numpy"):
            self.waits.append(func.__name__)
        return func(*args, **(kwargs or {}))


class WaitCounter(TorchDispatchMode):
    """Records the operations whose result or shape depends on values."""

    def __init__(self, waits):
        super().__init__()
        self.waits = waits

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        depends_on_values = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape} & set(func.tags)
        is_index = func._schema.name in ("aten::index", "aten::index_put", "aten::index_put_")
        if is_index:
            depends_on_values = any(index is not None and index.dtype == torch.bool for index in args[1])
        if depends_on_values or func._schema.name == "aten::_coalesce":
            self.waits.append(func._schema.name)
        return func(*args, **(kwargs or {}))


@pytest.fixture
def find_waits(monkeypatch):
    """Return a function that runs a step and returns the names of the operations that wait for the device."""

    def run(step, device):
        if device == "cpu":
            monkeypatch.setattr(objective_module, "RowSubset", partial(RowSubset, pad=True))
            monkeypatch.setattr(
                optimizers, "_coalesce_rows", lambda g: optimizers.sum_repeated_rows(g._indices()[0], g._values())
            )
            waits = []
            with CallCounter(waits), WaitCounter(waits):
                step()
            return waits
        step()  # The first call loads libraries.
        torch.cuda.set_sync_debug_mode("error")
        try:
            step()
        finally:
            torch.cuda.set_sync_debug_mode("default")
        return []

    return run


def test_the_counter_sees_what_makes_the_cpu_wait(find_waits):
    values = torch.tensor([1.0, 0.0, 2.0])
    for step in (
        lambda: float(values.sum()),
        lambda: values.tolist(),
        lambda: bool((values > 0).any()),
        lambda: values[values > 0],
        lambda: values.nonzero(),
        lambda: values.unique(),
    ):
        assert find_waits(step, "cpu")
    assert not find_waits(lambda: values[torch.tensor([2, 0])], "cpu")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_of_train_head_does_not_wait(tmp_path, cached, train_head_settings, find_waits, device, loss, optimizer):
    training, settings = train_head_settings(optimizer=optimizer, **LOSSES[loss])
    train, context = cached(30, seed=1), in_folder(tmp_path, device=device)
    bias = torch.zeros(6, 1) if training.logits.word_bias else None
    model = objective_module.Embedder(torch.nn.Identity(), torch.randn(6, 8), bias=bias).to(device)
    objective = Objective(training.loss, training.logits, train.bags.count_words(6), device=device)
    sampler = build_sampler(train.bags, 6, training)
    optimizer = build_optimizer([(model.head_parameters(), 0.1)], settings.optimizer)
    step = HeadStep(model, objective, optimizer, LRSchedule(optimizer, settings.lr_schedule, 1, 8), context)
    loader = HeadLoader(StoredEmbeddings(train.z, device, on_device=True), sampler, objective, 1, context)
    batches = loader.iter_epoch(1, 4)
    assert find_waits(lambda: step(*next(batches)), device) == []


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_of_finetune_does_not_wait(tmp_path, train, toy, finetune_settings, find_waits, device, loss):
    training, settings = finetune_settings(batch_size=8, ema_decay=0.9, **LOSSES[loss])
    model, context = toy(), in_folder(tmp_path, device=device)
    if training.logits.word_bias:
        model.bias = torch.nn.Parameter(torch.zeros(6, 1))
    sampler = build_sampler(train.bags, 6, training)
    objective = Objective(
        training.loss, training.logits, train.bags.count_words(6), settings.bag_similarity, device=device
    )
    train_state = build_train_state(model, settings, 4, context)
    train_state.start_training()
    steps = epoch_batches(sampler.sample_epoch(1, 8), 1, 1, accumulate=2)
    batches = load_batches(train.store, steps, settings.augmentation, objective.prepare, 1, device)

    def step():
        for _ in range(2):  # both parts of a step
            train_step(train_state, objective, next(batches))

    assert find_waits(step, device) == []


@pytest.mark.parametrize("device", DEVICES)
def test_a_step_of_embedding_does_not_wait(toy, find_waits, device):
    embedder = BatchEmbedder(toy(), device)
    pixels = torch.zeros(4, 3, 32, 32, dtype=torch.uint8, device=device)
    assert find_waits(lambda: embedder.start(pixels), device) == []
    assert np.isfinite(embedder.start(pixels).wait()).all()
