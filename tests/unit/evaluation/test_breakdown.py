import numpy as np
import pytest
from aligned_photos import make_eval_photos, make_record

from weft import tables
from weft.contracts.tables import BREAKDOWN, SCORES
from weft.evaluation.outcome import Outcome
from weft.evaluation.results import BAND_NAMES, Facet, Scored, band_of, facet_of
from weft.evaluation.slices import write_breakdown, write_scores


def make_results(count=24):
    """Photos of one product each; blue ones succeed, and one in four has nothing to gain."""
    blue = np.arange(count) % 2 == 0
    possible = (np.arange(count) % 4 != 3).astype(float)
    scored = Scored(
        photos=np.arange(count),
        items=np.arange(count),
        gained={"base": {"m": 0.5 * possible}, "better": {"m": blue * possible}},
        possible={"m": possible},
        ranks={"better": np.where(blue, 1, 0)},
        facets={"colour": facet_of([("blue", "red")[number % 2] for number in range(count)])},
    )
    return Outcome(tables={"t": scored}), make_eval_photos(
        [make_record(f"p{n:02}") for n in range(count)], np.ones((count, 2))
    )


def test_a_table_is_told_apart_by_facet_with_paired_gains(tmp_path):
    write_breakdown(tmp_path / "b.parquet", make_results()[0], 200)
    rows = {(r["value"], r["model"]): r for r in tables.read_table(tmp_path / "b.parquet", BREAKDOWN).to_pylist()}
    assert set(rows) == {(value, model) for value in ("blue", "red") for model in ("base", "better")}
    assert (rows["blue", "better"]["share"], rows["red", "better"]["share"]) == (1, 0)
    assert (rows["blue", "better"]["gain"], rows["blue", "better"]["gain_low"]) == (0.5, 0.5)
    assert rows["blue", "base"]["gain"] is None
    # Six of the twelve red photos have nothing to gain and do not count.
    assert (rows["red", "better"]["observations"], rows["red", "better"]["items"]) == (6, 6)


def test_values_on_few_items_have_no_row(tmp_path):
    write_breakdown(tmp_path / "b.parquet", make_results(count=16)[0], 20)
    values = tables.read_table(tmp_path / "b.parquet", BREAKDOWN)["value"].to_pylist()
    # Eight red photos, of which four count.
    assert values == ["blue", "blue"]


def test_shares_can_be_made_again_from_the_scores_of_single_photos(tmp_path):
    made, photos = make_results()
    write_scores(tmp_path / "s.parquet", made, photos, ())
    rows = tables.read_table(tmp_path / "s.parquet", SCORES).to_pylist()
    for model, metrics in made.tables["t"].table().items():
        mine = [row for row in rows if row["model"] == model]
        again = sum(row["gained"][0] for row in mine) / sum(row["possible"][0] for row in mine)
        assert again == pytest.approx(metrics["m"])
    better = [row for row in rows if row["model"] == "better"]
    assert [row["rank"] for row in better[:2]] == [1, None]
    assert better[0]["asked"] == photos.record(0).photo_id


def test_words_as_queries_are_named_by_the_word(tmp_path):
    scored = Scored(np.array([1, 0]), np.array([1, 0]), {"base": {"m": np.array([1.0, 0])}}, of="words")
    photos = make_eval_photos([make_record("p")], np.ones((1, 2)))
    write_scores(tmp_path / "s.parquet", Outcome(tables={"t": scored}), photos, ("red", "dress"))
    rows = tables.read_table(tmp_path / "s.parquet", SCORES).to_pylist()
    assert [(row["asked"], row["product_id"], row["gained"]) for row in rows] == [
        ("dress", None, [1.0]),
        ("red", None, [0.0]),
    ]


def test_bands_of_words_go_by_the_share_of_products():
    bands = band_of(np.array([1_000, 101, 100, 11, 10, 2, 1]), 1_000)
    assert [BAND_NAMES[band] for band in bands] == [
        *["over 10 % of products"] * 2,
        *["1 to 10 %"] * 2,
        *["0.1 to 1 %"] * 2,
        "under 0.1 %",
    ]


def test_unknown_values_are_of_no_part():
    facet = facet_of(["a"] * 5 + [None] * 7 + ["b"])
    assert [(value, rows.tolist()) for value, rows in facet.parts()] == [("a", [0, 1, 2, 3, 4])]
    assert Facet(np.array([-1]), ()).parts() == []
