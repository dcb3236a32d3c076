"""How much each word is worth in finetune, by its visualness and its redundancy.

What photos explain of a word: the share of the uncertainty about it that they take away.

Whether the text of a photo says word k is uncertain by its entropy H_k; a photo's score for k takes a part of it away,
the information I_k. explained_k = I_k / H_k is Theil's uncertainty coefficient: 0 for a word that photos do not tell, 1
for one they tell for sure. Unlike the area under the ROC curve (`visualness`) it asks that a word be told well enough
to matter: a rare word that comes high among two thousand photos, but is wrong nine times of ten, explains little.

The probability of k at a score is counted on train in bins of equally many photos and measured on val, so that what is
explained is explained of photos that stage 1 has not seen.

A word's redundancy: how many words say the same as it.

A shop says in fifty words that a thing is a watch (watch, dial, case, strap, bezel ...) and in one that it is red. Each
of the fifty is visual, so that weighing words by visualness alone leaves the embedding to what is said fifty times.
Redundancy counts, for word k, the words j that occur where it does, each by the square of the correlation of the two
(phi, of their presence in photos' texts):

    redundancy_k = 1 + sum over j of max(0, phi_kj^2 - 1 / photos)

1 / photos is what two words that have nothing to do with each other come to by chance. A word that stands alone has 1;
m words that always occur together have m each, and m words worth 1 / m each are worth one.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import artefacts
from weft.data.bags import Doubles, Ints, WeightedBags
from weft.errors import ContractError
from weft.params import Finetune, PredictabilityWordWeighting, ThresholdWordWeighting, UniformWordWeighting
from weft.training.visualness import MAX_SCORED_PHOTOS, PHOTOS_PER_CHUNK, Matrix
from weft.word_scores import log_partition, score_words

MIN_WORD_WEIGHT = 0.001
"""What a word that photos explain nothing of is still worth, so that it is drawn now and then."""


def compute_word_weights(path: Path, settings: Finetune) -> Doubles | None:
    """(words,) worth of each word, at least 0; None when all are worth the same.

    `word_weighting` is none (1), threshold (1 or 0, by the shrunk Somers' D) or predictability (the uncertainty
    coefficient, at least MIN_WORD_WEIGHT). `downweight_redundant_words` divides the weight by the word's redundancy.

    Args:
        path: word_predictability.tsv of stage 1.
        settings: The section finetune.

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
                f"{path}: no word was measured, as no photo of val has words; raise prepare.val_share or set "
                "finetune.word_weighting.name: none"
            )
        if isinstance(weighting, ThresholdWordWeighting):
            weights = (somers_d_shrunk >= weighting.min_predictability).astype(np.float64)
    if isinstance(weighting, PredictabilityWordWeighting):
        weights = np.maximum(table["uncertainty_coefficient"].to_numpy(np.float64), MIN_WORD_WEIGHT)
    if settings.downweight_redundant_words:
        weights = weights / table["redundancy"].to_numpy(np.float64)
    return weights


NUM_BINS = 16
_PRIOR_PHOTOS = 2.0
"""Photos that each bin is given beforehand, at the word's share of all photos."""
_SCORED_WORDS_AT_ONCE = 512

EmbeddingMatrix = npt.NDArray[np.float16] | Matrix
PresenceMask = npt.NDArray[np.bool_]


def measure_uncertainty_coefficients(
    train: tuple[EmbeddingMatrix, WeightedBags], val: tuple[EmbeddingMatrix, WeightedBags], words: Matrix, bias: Matrix
) -> Doubles:
    """The share of each word's entropy that photos explain, (words,), 0 to 1; 0 where val has no photo with words.

    Args:
        train: Embeddings (photos, embedding_dim) as stage 1 scores them, and their words.
        val: The same of photos it has not seen.
        words: W, (words, embedding_dim).
        bias: (words, 1).
    """
    sampled_photos = [_subsample_photos(bags) for _, bags in (train, val)]
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
) -> Doubles:
    """Theil's coefficient of each column, (words,): calibrated on the first two, measured on the others.

    Args:
        scores: (training photos, words).
        present: Whether the text says the word, of the same shape.
        val_scores: (val photos, words).
        val_present: Of the same shape.
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
    result: Doubles = np.clip((log_likelihood - baseline_log_likelihood) / -baseline_log_likelihood, 0.0, 1.0)
    return result


def _log_likelihood(present: PresenceMask, probability: Doubles) -> Doubles:
    value: Doubles = np.where(present, np.log(probability), np.log1p(-probability)).mean(axis=0)
    return value


def _bin_scores(scores: Matrix, bin_edges: Matrix) -> Ints:
    bins = np.zeros(scores.shape, np.int64)
    for edge in bin_edges:
        bins += scores > edge
    return bins


def _subsample_photos(bags: WeightedBags) -> Ints:
    photos = np.flatnonzero(bags.sizes)
    return photos[:: max(1, -(-len(photos) // MAX_SCORED_PHOTOS))]


def _presence_mask(bags: WeightedBags, photos: Ints, words: range) -> PresenceMask:
    indices, is_word = bags.padded_indices(photos)
    ids = np.where(is_word, bags.words[indices], -1)
    row, column = np.nonzero((ids >= words.start) & (ids < words.stop))
    present = np.zeros((len(photos), len(words)), bool)
    present[row, ids[row, column] - words.start] = True
    return present


MAX_COUNTED_PHOTOS = 50_000
"""More photos than these move no correlation that matters."""
_CORRELATED_WORDS_AT_ONCE = 512


def measure_redundancy(bags: WeightedBags, vocabulary_size: int) -> Doubles:
    """Redundancy of all words, (vocabulary_size,), at least 1; 1 for a word of no photo or of all.

    Args:
        bags: Words of training photos; how often a photo's text says a word does not matter.
        vocabulary_size: Words in the vocabulary.
    """
    from scipy.sparse import csc_array

    photos = np.flatnonzero(bags.sizes)
    photos = photos[:: max(1, -(-len(photos) // MAX_COUNTED_PHOTOS))]
    indices, is_word = bags.padded_indices(photos)
    row, word = np.nonzero(is_word)[0], bags.words[indices[is_word]]
    present = csc_array((np.ones(len(row), np.float32), (row, word)), shape=(len(photos), vocabulary_size))
    present.data[:] = 1.0  # repeats of a word in one text were added up
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


def _sum_above_chance(phi: npt.NDArray[np.float64], first: int, photos: int) -> Doubles:
    """Row sums of phi^2 above what chance gives, the word itself left out."""
    squared = np.maximum(phi**2 - 1 / max(1, photos), 0.0)
    rows = np.arange(len(phi))
    squared[rows, first + rows] = 0.0
    total: Doubles = squared.sum(axis=1)
    return total
