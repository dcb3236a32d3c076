"""The weight of each word in finetune, from how well photos predict it and how redundant it is.

Uncertainty coefficient (Theil): the share of the entropy H_k of word k, present or absent in a photo's text, that the
photo's score for k explains: I_k / H_k, I_k being their mutual information. It is 0 for a word that photos do not
predict and 1 for a word that they predict with certainty. It is stricter than the area under the ROC curve
(`visualness`): a rare word that ranks high among 2,000 photos but is wrong nine times of ten explains little. The
probability of k at a score is estimated on train, in bins of equally many photos, and evaluated on val.

Redundancy: how many words carry the same information as word k. A shop may describe a watch with fifty words (watch,
dial, case, strap ...) and its colour with one. Without a correction the embedding would learn mostly the fifty. The
redundancy sums the squared correlations phi between the presence of k and of each other word j in the same text:

    redundancy_k = 1 + sum over j of max(0, phi_kj^2 - 1 / photos)

1 / photos is the expected phi^2 of two independent words. A word that is independent of all others has redundancy 1; m
words that always occur together have m each, so that dividing by it gives them the weight of one word together.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import artefacts
from weft.bags import WordBags
from weft.contracts.arrays import Floats, Ints
from weft.errors import ContractError
from weft.params import Finetune, PredictabilityWordWeighting, ThresholdWordWeighting, UniformWordWeighting
from weft.training.visualness import MAX_SCORED_PHOTOS, PHOTOS_PER_CHUNK, Matrix
from weft.word_scores import log_partition, score_words

MIN_WORD_WEIGHT = 0.001
"""Weight of a word that photos do not predict at all; it is above 0, so that the word is still drawn sometimes."""
NUM_BINS = 16
"""Number of bins of scores in which the probability of a word is estimated."""
MAX_COUNTED_PHOTOS = 50_000
"""Maximum number of photos from which redundancy is computed; more photos hardly change the correlations."""
_PRIOR_PHOTOS = 2.0
"""Photos that are added to each bin with the overall frequency of the word, as a prior."""
_SCORED_WORDS_AT_ONCE = 512
_CORRELATED_WORDS_AT_ONCE = 512

EmbeddingMatrix = npt.NDArray[np.float16] | Matrix
PresenceMask = npt.NDArray[np.bool_]


def compute_word_weights(path: Path, settings: Finetune) -> Floats | None:
    """Return the weight of each word, (words,), at least 0; None if all words have the same weight.

    `settings.word_weighting` selects none (weight 1), threshold (1 or 0, by the shrunk Somers' D) or predictability
    (the uncertainty coefficient, at least MIN_WORD_WEIGHT). With `downweight_redundant_words` each weight is divided by
    the redundancy of the word.

    Args:
        path: The file word_predictability.tsv of stage 1.
        settings: The section finetune of params.yaml.

    Raises:
        ContractError: The file cannot be read, or no word was measured because val has no photos.
    """
    weighting = settings.word_weighting
    if isinstance(weighting, UniformWordWeighting) and not settings.downweight_redundant_words:
        return None
    table = artefacts.read_word_predictability(path)
    weights = np.ones(len(table))
    if not isinstance(weighting, UniformWordWeighting):
        somers_d_shrunk = table["somers_d_shrunk"].to_numpy(np.float64)
        if np.isnan(somers_d_shrunk).any():
            raise ContractError(
                f"{path}: expected numbers in somers_d_shrunk, got NaN: no photo of val has words; raise "
                "prepare.val_share or set finetune.word_weighting.name: none"
            )
        if isinstance(weighting, ThresholdWordWeighting):
            weights = (somers_d_shrunk >= weighting.min_predictability).astype(np.float64)
    if isinstance(weighting, PredictabilityWordWeighting):
        weights = np.maximum(table["uncertainty_coefficient"].to_numpy(np.float64), MIN_WORD_WEIGHT)
    if settings.downweight_redundant_words:
        weights = weights / table["redundancy"].to_numpy(np.float64)
    return weights


def measure_uncertainty_coefficients(
    train: tuple[EmbeddingMatrix, WordBags], val: tuple[EmbeddingMatrix, WordBags], words: Matrix, bias: Matrix
) -> Floats:
    """Return the uncertainty coefficient of each word, (words,), 0 to 1; all 0 if train or val has no words.

    Args:
        train: Embeddings of the training photos, (photos, embedding_dim), scaled as in stage 1, and their words.
        val: The embeddings and words of val.
        words: W, (words, embedding_dim).
        bias: (words, 1).
    """
    sampled_photos = [bags.sample_nonempty(MAX_SCORED_PHOTOS) for _, bags in (train, val)]
    coefficients = np.zeros(len(words))
    if not all(len(photos) for photos in sampled_photos):
        return coefficients
    log_partitions = [
        log_partition(z, photos, words, bias, PHOTOS_PER_CHUNK)
        for (z, _), photos in zip((train, val), sampled_photos, strict=True)
    ]
    for first in range(0, len(words), _SCORED_WORDS_AT_ONCE):
        part = slice(first, first + _SCORED_WORDS_AT_ONCE)
        scores, masks = [], []
        for (z, bags), photos, photo_log_partition in zip((train, val), sampled_photos, log_partitions, strict=True):
            scores.append(score_words(z, photos, words[part], bias[part], PHOTOS_PER_CHUNK) - photo_log_partition)
            masks.append(_presence_mask(bags, photos, range(len(words))[part]))
        coefficients[part] = uncertainty_coefficient(scores[0], masks[0], scores[1], masks[1])
    return coefficients


def uncertainty_coefficient(
    scores: Matrix, present: PresenceMask, val_scores: Matrix, val_present: PresenceMask
) -> Floats:
    """Return Theil's uncertainty coefficient of each word, (words,), 0 to 1, calibrated on train and measured on val.

    Args:
        scores: Scores of the training photos, (training photos, words).
        present: Whether the text of a training photo contains the word, (training photos, words).
        val_scores: Scores of the val photos, (val photos, words).
        val_present: Whether the text of a val photo contains the word, (val photos, words).
    """
    bin_edges = np.quantile(scores, np.linspace(0, 1, NUM_BINS + 1)[1:-1], axis=0)
    columns = np.arange(scores.shape[1])
    cells = (_bin_scores(scores, bin_edges) * len(columns) + columns).ravel()
    count = np.bincount(cells, minlength=NUM_BINS * len(columns)).reshape(NUM_BINS, -1)
    hits = np.bincount(cells, weights=present.ravel(), minlength=NUM_BINS * len(columns)).reshape(NUM_BINS, -1)
    floor = 1 / (len(scores) + _PRIOR_PHOTOS)
    word_shares = present.mean(axis=0).clip(floor, 1 - floor)
    bin_probabilities = ((hits + _PRIOR_PHOTOS * word_shares) / (count + _PRIOR_PHOTOS)).clip(1e-5, 1 - 1e-5)
    val_probabilities = bin_probabilities[_bin_scores(val_scores, bin_edges), columns]
    log_likelihood = _log_likelihood(val_present, val_probabilities)
    baseline_log_likelihood = _log_likelihood(val_present, np.broadcast_to(word_shares, val_probabilities.shape))
    result: Floats = np.clip((log_likelihood - baseline_log_likelihood) / -baseline_log_likelihood, 0.0, 1.0)
    return result


def _log_likelihood(present: PresenceMask, probability: Floats) -> Floats:
    """Return the mean log-likelihood of each word, (words,), in nats per photo."""
    value: Floats = np.where(present, np.log(probability), np.log1p(-probability)).mean(axis=0)
    return value


def _bin_scores(scores: Matrix, bin_edges: Matrix) -> Ints:
    """Return the bin of each score, 0 to NUM_BINS - 1, by the edges of its column, (NUM_BINS - 1, words)."""
    bins = np.zeros(scores.shape, np.int64)
    for edge in bin_edges:
        bins += scores > edge
    return bins


def _presence_mask(bags: WordBags, photos: Ints, words: range) -> PresenceMask:
    """Return whether each photo has each word of the range, (photos, words)."""
    sample = bags.take(photos)
    is_in_range = (sample.words >= words.start) & (sample.words < words.stop)
    present = np.zeros((len(photos), len(words)), bool)
    present[sample.owners()[is_in_range], sample.words[is_in_range] - words.start] = True
    return present


def measure_redundancy(bags: WordBags, vocabulary_size: int) -> Floats:
    """Return the redundancy of each word, (vocabulary_size,), at least 1; 1 for a word that no or every photo has.

    Args:
        bags: The words of the training photos; repeats of a word in one text are ignored.
        vocabulary_size: Number of words.
    """
    photos = bags.sample_nonempty(MAX_COUNTED_PHOTOS)
    present = bags.take(photos).unique().to_csr(vocabulary_size).tocsc()
    share = np.asarray(present.sum(axis=0), np.float64).ravel() / max(1, len(photos))
    deviation = np.sqrt(share * (1 - share))
    inverse = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    redundancy = np.ones(vocabulary_size)
    for first in range(0, vocabulary_size, _CORRELATED_WORDS_AT_ONCE):
        part = slice(first, first + _CORRELATED_WORDS_AT_ONCE)
        joint_share = (present[:, part].T @ present).toarray() / max(1, len(photos))
        phi = (joint_share - np.outer(share[part], share)) * np.outer(inverse[part], inverse)
        redundancy[part] += _sum_above_chance(phi, first, len(photos))
    return redundancy


def _sum_above_chance(phi: npt.NDArray[np.float64], first: int, photos: int) -> Floats:
    """Return the row sums of max(0, phi^2 - 1 / photos) without the word itself; row 0 is the word `first`."""
    squared = np.maximum(phi**2 - 1 / max(1, photos), 0.0)
    rows = np.arange(len(phi))
    squared[rows, first + rows] = 0.0
    total: Floats = squared.sum(axis=1)
    return total
