import numpy as np
import pandas as pd
import pytest

from weft import artefacts
from weft.bags import build_word_bags
from weft.errors import ContractError
from weft.training import visualness
from weft.training.visualness import measure_visualness, somers_d
from weft.training.word_weights import compute_word_weights

WORDS = 6


def naive_somers_d(scores, carriers):
    """Every photo with the word against every one without; a tie is half won."""
    others = [n for n in range(len(scores)) if n not in set(carriers)]
    won = sum((scores[a] > scores[b]) + 0.5 * (scores[a] == scores[b]) for a in carriers for b in others)
    return 2 * won / len(carriers) / len(others) - 1


def make_case(photos, seed=0):
    """Word 0 is shown by its photos, word 1 half so, word 2 not at all; 3 is one photo's, 4 all photos', 5 none's."""
    random = np.random.default_rng(seed)
    shown = random.random((photos, 3)) < [0.4, 0.3, 0.5]
    z = np.zeros((photos, WORDS))
    z[:, 0] = 3 * shown[:, 0] + random.normal(0, 0.3, photos)
    z[:, 1] = shown[:, 1] + random.normal(0, 0.8, photos)
    z[:, 2] = random.normal(0, 1, photos)
    bags = [[*np.flatnonzero(row).tolist(), 4] for row in shown]
    bags[3] = sorted({*bags[3], 3})
    return (
        z.astype(np.float16),
        build_word_bags(bags),
        np.eye(WORDS, dtype=np.float32),
        np.zeros((WORDS, 1), np.float32),
    )


def test_somers_d_counts_pairs():
    scores = np.array([0.1, 0.9, 0.4, 0.4, 0.2, 0.9, -1.0], np.float32)
    for carriers in ([1], [0, 6], [2, 1], [3, 4, 5], [0, 1, 2, 3, 4, 5]):
        assert somers_d(scores, np.array(carriers)) == pytest.approx(naive_somers_d(scores.tolist(), carriers))


def test_words_are_ordered_by_how_well_photos_predict_them():
    found = measure_visualness(*make_case(400))
    assert found.somers_d[0] > 0.95
    assert 0.2 < found.somers_d[1] < 0.8
    assert abs(found.somers_d[2]) < 0.15
    assert np.isnan(found.somers_d[4:]).all()
    assert found.val_photo_counts.tolist()[3:] == [1, 400, 0]


def test_measure_visualness_equals_a_naive_implementation(monkeypatch):
    monkeypatch.setattr(visualness, "PHOTOS_PER_CHUNK", 7)
    monkeypatch.setattr(visualness, "_WORDS_AT_ONCE", 2)
    z, bags, words, bias = make_case(60)
    bias = np.linspace(-1, 1, WORDS, dtype=np.float32)[:, None]
    found = measure_visualness(z, bags, words, bias)
    seen = np.flatnonzero(bags.sizes)
    scores = z[seen].astype(np.float64) @ words.T + bias.T
    scores -= np.log(np.exp(scores).sum(1, keepdims=True))
    for word in range(4):
        carriers = [place for place, photo in enumerate(seen) if word in bags[photo]]
        assert found.val_photo_counts[word] == len(carriers)
        assert found.somers_d[word] == pytest.approx(naive_somers_d(scores[:, word].tolist(), carriers), abs=1e-4)


def test_visualness_does_not_depend_on_the_frequency_of_a_word():
    """Photos that say nothing of a word have visualness 0 whether one in fifty or half of them carry it."""
    random = np.random.default_rng(1)
    for share in (0.02, 0.1, 0.5):
        z = random.normal(0, 1, (5_000, WORDS)).astype(np.float16)
        bags = build_word_bags([[0] if has_word else [1] for has_word in random.random(5_000) < share])
        found = measure_visualness(z, bags, np.eye(WORDS, dtype=np.float32), np.zeros((WORDS, 1), np.float32))
        assert abs(found.somers_d[0]) < 0.13


def test_a_word_repeated_in_one_text_counts_once():
    z, bags, words, bias = make_case(60)
    twice = build_word_bags([np.sort(np.repeat(bags[n], 2)) for n in range(60)])
    once = measure_visualness(z, bags, words, bias)
    again = measure_visualness(z, twice, words, bias)
    assert once.val_photo_counts.tolist() == again.val_photo_counts.tolist()
    np.testing.assert_array_equal(once.somers_d, again.somers_d)


def test_words_with_fewer_photos_are_shrunk_more_to_the_mean():
    random = np.random.default_rng(0)
    carriers = [2, 4, 8, 16, 32, 64, 128, 256]
    bags = [[] for _ in range(512)]
    for word, count in enumerate(carriers):
        for photo in random.choice(512, count, replace=False):
            bags[photo].append(word)
    shown = np.array([[2.0 * (w in bag) * (w % 2) for w in range(8)] for bag in bags])
    z = (shown + random.normal(0, 0.5, (512, 8))).astype(np.float16)
    found = measure_visualness(z, build_word_bags(bags), np.eye(8, dtype=np.float32), np.zeros((8, 1), np.float32))
    kept = np.abs(found.somers_d_shrunk - found.somers_d_shrunk.mean()) / np.abs(
        found.somers_d - found.somers_d_shrunk.mean()
    )
    assert (found.somers_d_shrunk >= found.somers_d.min() - 1e-9).all()
    assert kept[1] < kept[7]
    assert kept[0] < kept[6]
    assert found.somers_d_shrunk[7] == pytest.approx(found.somers_d[7], abs=0.05)


def test_words_without_photos_get_the_mean_of_the_others():
    found = measure_visualness(*make_case(400))
    assert found.somers_d_shrunk[5] == pytest.approx(found.somers_d_shrunk[3], abs=0.2)
    assert found.somers_d[2] < found.somers_d_shrunk[5] < found.somers_d[0]


def test_without_val_photos_visualness_is_nan():
    _, _, words, bias = make_case(10)
    found = measure_visualness(np.zeros((0, WORDS), np.float16), build_word_bags([]), words, bias)
    assert np.isnan(found.somers_d).all()
    assert np.isnan(found.somers_d_shrunk).all()


def test_at_most_the_maximum_number_of_photos_is_scored(monkeypatch):
    monkeypatch.setattr(visualness, "MAX_SCORED_PHOTOS", 100)
    found = measure_visualness(*make_case(400))
    assert found.val_photo_counts[4] == 100
    assert found.somers_d[0] > 0.9


@pytest.fixture
def table(tmp_path):
    frame = pd.DataFrame(
        {
            "word_id": range(4),
            "word": ["null", "nan", "red", "style"],
            "document_frequency": [9, 8, 7, 6],
            "val_photos": [3, 0, 2, 2],
            "somers_d": [0.9, np.nan, 0.75, -0.3],
            "somers_d_shrunk": [0.8, 0.5, 0.7, -0.1],
            "uncertainty_coefficient": [0.6, 0.2, 0.4, 0.0],
            "redundancy": [1.0, 2.0, 4.0, 1.5],
        }
    )
    artefacts.write_word_predictability(tmp_path / "word_predictability.tsv", frame)
    return tmp_path / "word_predictability.tsv", frame


def test_the_table_is_read_back_unchanged(table):
    path, frame = table
    pd.testing.assert_frame_equal(artefacts.read_word_predictability(path), frame, check_dtype=False)
    assert path.read_text().splitlines()[2] == "1\tnan\t8\t0\t\t0.5000\t0.2000\t2.0000"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0\tnull\t9\t3\t0.9\t\t0.1\t1.0", "some have none"),
        ("7\tnull\t9\t3\t0.9\t0.8\t0.1\t1.0", "expected word_id 0"),
        ("0\tnull\t9\t3\t1.9\t0.8\t0.1\t1.0", "coefficients from -1 to 1"),
        ("0\tnull\t9\t3\thigh\t0.8\t0.1\t1.0", "could not convert"),
    ],
)
def test_a_broken_table_is_rejected(table, line, expected):
    path, _ = table
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], line, *lines[2:]]) + "\n")
    with pytest.raises(ContractError, match=expected):
        artefacts.read_word_predictability(path)


def test_each_word_weighting_gives_its_weights(table, finetune_settings):
    path, _ = table
    assert compute_word_weights(path, finetune_settings().stage) is None
    assert compute_word_weights(path, finetune_settings(word_weighting="predictability").stage) == pytest.approx(
        [0.6, 0.2, 0.4, 0.001]
    )
    assert compute_word_weights(path, finetune_settings(downweight_redundant_words=True).stage) == pytest.approx(
        [1, 1 / 2, 1 / 4, 1 / 1.5]
    )
    both = compute_word_weights(
        path, finetune_settings(word_weighting="predictability", downweight_redundant_words=True).stage
    )
    assert both == pytest.approx([0.6, 0.2 / 2, 0.4 / 4, 0.001 / 1.5])
    dropped = compute_word_weights(
        path, finetune_settings(word_weighting={"name": "threshold", "min_predictability": 0.6}).stage
    )
    assert dropped.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_a_table_without_measured_words_is_rejected(table, finetune_settings):
    path, frame = table
    artefacts.write_word_predictability(path, frame.assign(somers_d_shrunk=np.nan))
    with pytest.raises(ContractError, match=r"raise prepare\.val_share or set finetune\.word_weighting\.name: none"):
        compute_word_weights(path, finetune_settings(word_weighting="predictability").stage)
