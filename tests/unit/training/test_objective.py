"""What the settings make of a batch: which loss, which words it touches, what validation measures."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from weft.bags import build_word_bags
from weft.data.samplers import Batch, Sampler
from weft.device_prefetch import map_tensors
from weft.loss.bag_similarity import bag_similarity_loss
from weft.loss.binary_cross_entropy import binary_cross_entropy
from weft.loss.contrastive import contrastive
from weft.loss.full_softmax import full_softmax
from weft.model.embedder import Embedder
from weft.params import BagSimilarity
from weft.training.objective import Objective, build_sampler, export_head_weights

VOCABULARY, DIM = 12, 5
BAGS = [[0, 1], [2, 2, 3], [4], [0, 5, 6], [], [1, 7]]
LOGITS = {
    "full_softmax": "dot_product",
    "sampled_softmax": "dot_product",
    "binary_cross_entropy": "dot_product",
    "contrastive": "cosine",
}
"""The logits that each loss is tested with."""


@pytest.fixture
def model():
    random = torch.Generator().manual_seed(0)
    words, bias = torch.randn(VOCABULARY, DIM, generator=random), torch.randn(VOCABULARY, 1, generator=random)
    return Embedder(torch.nn.Identity(), words, bias=bias)


@pytest.fixture
def z():
    return torch.randn(5, DIM, generator=torch.Generator().manual_seed(1)).requires_grad_()


@pytest.fixture
def batch():
    return next(iter_eval_batches(5))


def iter_eval_batches(batch_size):
    """All photos with all their words."""
    bags = build_word_bags(BAGS)
    return Sampler(bags, VOCABULARY, "soft_targets", 0.0, seed=1).eval_batches(bags, batch_size)


def target_tensors(batch):
    return torch.from_numpy(batch.targets), torch.from_numpy(batch.weights)


@pytest.fixture
def objective_of(train_head_settings):
    def objective(device="cpu", **changes):
        training = train_head_settings(**changes).training
        word_counts = build_word_bags(BAGS).count_words(VOCABULARY)
        return Objective(training.loss, training.logits, word_counts, device=device)

    return objective


def compute_loss(objective, z, model, batch, seed=1):
    targets = objective.prepare(batch, torch.Generator().manual_seed(seed))
    return objective(z, model, map_tensors(targets, lambda tensor: tensor.to(z.device)))


def validate(objective, z, model, batch):
    return objective.validate([(z, objective.prepare_validation(batch))], model)


def test_a_photo_without_a_target_of_positive_weight_raises_an_error(objective_of, batch):
    with pytest.raises(ValueError, match="at least one target of positive weight per photo"):
        objective_of().prepare(replace(batch, weights=np.zeros_like(batch.weights)))


def test_each_name_selects_its_loss(objective_of, z, model, batch):
    targets, weights = target_tensors(batch)
    true_words = torch.from_numpy(batch.true_words)
    expected = {
        "full_softmax": full_softmax(z, model.words, targets, weights, model.bias),
        "binary_cross_entropy": binary_cross_entropy(z, model.words, targets, weights, true_words, model.bias),
        "contrastive": contrastive(z, normalize(model.words, dim=1), targets, weights, 0.5),
    }
    for loss, expected_loss in expected.items():
        torch.testing.assert_close(
            compute_loss(objective_of(loss=loss, logits=LOGITS[loss]), z, model, batch), expected_loss
        )


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("mask", [True, False])
def test_sampled_softmax_with_many_negatives_equals_full_softmax(objective_of, z, model, batch, shared, mask):
    objective = objective_of(
        loss={
            "name": "sampled_softmax",
            "num_negatives": 100_000,
            "logq_correction": True,
            "negative_distribution": "unigram",
            "share_negatives_in_batch": shared,
            "remove_accidental_hits": mask,
        }
    )
    targets, weights = target_tensors(batch)
    expected = full_softmax(z, model.words, targets, weights, model.bias)
    if mask:
        scores = z @ model.words.T + model.bias.T
        positive = scores.gather(1, targets)
        own = torch.zeros(5, VOCABULARY, dtype=torch.bool).scatter(1, targets, True)
        others = scores.masked_fill(own, -math.inf).logsumexp(1, keepdim=True)
        expected = (weights * (torch.logaddexp(positive, others) - positive)).sum(1).mean()
    torch.testing.assert_close(compute_loss(objective, z, model, batch), expected, rtol=0.01, atol=0.01)


@pytest.mark.parametrize(
    "loss",
    [{"name": "sampled_softmax", "num_negatives": 2, "share_negatives_in_batch": True}, {"name": "contrastive"}],
    ids=lambda loss: loss["name"],
)
def test_the_gradient_of_w_is_sparse_where_a_step_touches_few_words(objective_of, z, model, batch, loss):
    compute_loss(objective_of(loss=loss, logits=LOGITS[loss["name"]]), z, model, batch).backward()
    assert model.words.grad.is_sparse
    touched = set(model.words.grad.coalesce().indices()[0].tolist())
    words_in_bags = {word for bag in BAGS for word in bag}
    assert words_in_bags <= touched
    assert len(touched) <= len(words_in_bags) + 2
    assert model.bias.grad is None or model.bias.grad.is_sparse


@pytest.mark.parametrize("shared", [True, False])
def test_the_sparse_gradient_equals_the_dense_one(objective_of, z, model, batch, shared, monkeypatch):
    """The dense twin: the same loss over all of W, its rows gathered by plain indexing."""
    objective = objective_of(
        loss={
            "name": "sampled_softmax",
            "num_negatives": 4,
            "logq_correction": True,
            "share_negatives_in_batch": shared,
        }
    )
    compute_loss(objective, z, model, batch).backward()
    own, of_bias, of_z = model.words.grad.to_dense(), model.bias.grad.to_dense(), z.grad.clone()
    model.words.grad, model.bias.grad, z.grad = None, None, None
    monkeypatch.setattr("weft.loss.sparse_rows.embedding", lambda ids, words, sparse: words[ids])
    compute_loss(objective, z, model, batch).backward()
    assert not model.words.grad.is_sparse
    torch.testing.assert_close(own, model.words.grad)
    torch.testing.assert_close(of_bias, model.bias.grad)
    torch.testing.assert_close(of_z, z.grad)


def test_a_model_without_a_bias_is_scored_without_a_bias(objective_of, z, model, batch):
    model.bias = None
    for loss in ("full_softmax", "sampled_softmax", "binary_cross_entropy"):
        compute_loss(objective_of(loss=loss), z, model, batch).backward()
    assert [name for name, _ in model.named_parameters()] == ["words"]


@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax", "binary_cross_entropy", "contrastive"])
def test_cosine_logits_do_not_depend_on_the_norms_of_z_and_w(objective_of, z, model, batch, loss):
    objective = objective_of(loss=loss, logits="cosine")
    once = compute_loss(objective, z, model, batch)
    model.words.data *= torch.linspace(1, 9, VOCABULARY)[:, None]
    torch.testing.assert_close(compute_loss(objective, 7 * z, model, batch), once)


def test_cosine_logits_are_cosines_divided_by_the_temperature(objective_of, z, model, batch):
    objective = objective_of(logits={"name": "cosine", "temperature": 0.25})
    model.bias = None
    cosines = torch.stack([torch.cosine_similarity(photo[None], model.words) for photo in z])
    targets, weights = target_tensors(batch)
    log_softmax = (cosines / 0.25).log_softmax(1).gather(1, targets)
    torch.testing.assert_close(compute_loss(objective, z, model, batch), -(weights * log_softmax).sum(1).mean())


def test_exported_words_give_the_trained_scores_as_dot_products(train_head_settings, z, model):
    settings = train_head_settings(logits={"name": "cosine", "temperature": 0.25})
    finished = export_head_weights(model.words.detach(), settings.training.logits)
    cosines = torch.stack([torch.cosine_similarity(photo[None], model.words) for photo in z])
    torch.testing.assert_close(normalize(z, dim=1) @ finished.T, cosines / 0.25)
    assert export_head_weights(model.words, train_head_settings().training.logits) is model.words


@pytest.mark.parametrize(
    "loss",
    [{"name": "full_softmax"}, {"name": "sampled_softmax", "logq_correction": True}],
    ids=lambda loss: loss["name"],
)
def test_validation_uses_full_softmax_for_full_and_corrected_sampled_softmax(objective_of, z, model, loss):
    embedded = [(z[2 * n : 2 * n + 2], batch) for n, batch in enumerate(iter_eval_batches(2))]
    objective = objective_of(loss=loss)
    prepared = [(z, objective.prepare_validation(batch)) for z, batch in embedded]
    expected = full_softmax(z, model.words, *target_tensors(next(iter_eval_batches(5))), model.bias).item()
    assert objective.validate(prepared, model) == pytest.approx(expected, rel=1e-5)
    assert math.isnan(objective.validate([], model))


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "contrastive"])
def test_validation_of_other_losses_uses_the_training_loss(objective_of, z, model, batch, loss):
    objective = objective_of(loss=loss, logits=LOGITS[loss])
    assert validate(objective, z, model, batch) == pytest.approx(compute_loss(objective, z, model, batch).item())


def test_validation_without_correction_uses_the_same_negatives_each_time(objective_of, z, model, batch):
    objective = objective_of(loss="sampled_softmax")
    first = validate(objective, z, model, batch)
    assert validate(objective, z, model, batch) == first
    assert first != pytest.approx(validate(objective_of(loss="full_softmax"), z, model, batch))


@pytest.mark.parametrize(
    "loss",
    [
        {"name": "full_softmax"},
        {
            "name": "sampled_softmax",
            "share_negatives_in_batch": True,
            "num_negatives": 6,
            "logq_correction": True,
        },
        {"name": "binary_cross_entropy"},
    ],
    ids=lambda loss: loss["name"],
)
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_soft_targets_are_the_exact_expectation_of_sampled_words(train_head_settings, z, model, loss, alpha):
    """Every word of every photo drawn once, with the same negatives, each loss weighed by the word's chance."""
    training = train_head_settings(loss=loss, sampling={"inverse_frequency_exponent": alpha}).training
    sampler = build_sampler(build_word_bags(BAGS), VOCABULARY, training)
    objective = Objective(training.loss, training.logits, build_word_bags(BAGS).count_words(VOCABULARY))
    batch = next(sampler.sample_epoch(1, 5))
    for photo in range(5):
        alone, mean = Batch(*(getattr(batch, field.name)[photo, None] for field in fields(batch))), 0.0
        for word, chance in zip(alone.targets[0], alone.weights[0], strict=True):
            drawn = replace(alone, targets=np.array([[word]]), weights=np.ones((1, 1), np.float32))
            mean += float(chance) * compute_loss(objective, z[photo, None], model, drawn).item()
        assert compute_loss(objective, z[photo, None], model, alone).item() == pytest.approx(mean, rel=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax", "binary_cross_entropy", "contrastive"])
def test_losses_on_a_gpu_equal_those_on_a_cpu(objective_of, z, model, batch, loss):
    changes = {"logq_correction": True, "remove_accidental_hits": True} if loss == "sampled_softmax" else {}
    objective = objective_of(loss={"name": loss, **changes}, logits=LOGITS[loss], device="cuda")
    expected = compute_loss(objective, z, model, batch)
    torch.testing.assert_close(
        compute_loss(objective, z.cuda(), model.cuda(), batch).cpu(), expected, rtol=1e-4, atol=1e-4
    )


def test_bag_similarity_adds_its_weighted_loss(z, model, batch, train_head_settings):
    training, word_counts = train_head_settings().training, build_word_bags(BAGS).count_words(VOCABULARY)
    plain = compute_loss(Objective(training.loss, training.logits, word_counts), z, model, batch)
    bag_similarity = BagSimilarity(weight=2.0, temperature=0.3)
    both = compute_loss(Objective(training.loss, training.logits, word_counts, bag_similarity), z, model, batch)
    alone = bag_similarity_loss(z, *target_tensors(batch), VOCABULARY, 0.3)
    assert both.item() == pytest.approx(plain.item() + 2 * alone.item(), rel=1e-5)
