"""The engine of one machine: results in order, the same for any number of processes, and clear errors."""

from pathlib import Path

import pytest
from engine_works import DieOnce, name_process, refuse_seven, square
from hypothesis import given, settings
from hypothesis import strategies as st

from weft import params
from weft.engine.map_shards import map_shards
from weft.errors import ContractError, EngineError, InputError
from weft.text import clean
from weft.text.clean import clean_products

CLEAN = params.Clean(
    fields=("title", "categories", "description", "colour", "attributes"), min_token_length=2, drop_off_topic_words=True
)


def read_outs(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@settings(max_examples=3)
@given(numbers=st.lists(st.integers(-50, 50), max_size=12), processes=st.integers(1, 3))
def test_results_come_in_the_order_of_the_shards(numbers: list[int], processes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEFT_WORKERS", str(processes))
        assert list(map_shards(square, numbers, "square")) == [number * number for number in numbers]


def test_one_shard_or_one_process_needs_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    one_shard = list(map_shards(name_process, [1], "name"))
    monkeypatch.setenv("WEFT_WORKERS", "1")
    assert len({*one_shard, *map_shards(name_process, [1, 2, 3], "name")}) == 1
    monkeypatch.setenv("WEFT_WORKERS", "2")
    assert not set(one_shard) & set(map_shards(name_process, [1, 2, 3], "name"))


def test_an_error_of_a_shard_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_WORKERS", "2")
    with pytest.raises(ContractError, match="row 7: expected a title"):
        list(map_shards(refuse_seven, range(20), "refuse"))


def test_a_killed_process_is_an_error_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_WORKERS", "2")
    with pytest.raises(
        EngineError,
        match=r"one of 2 processes was killed or could not start.*set WEFT_WORKERS to a number lower than 2",
    ):
        list(map_shards(DieOnce(tmp_path / "died"), range(20), "die"))


@pytest.mark.parametrize("engine", ["spark://host:1", "ray", "Local"])
def test_an_unknown_engine_is_refused(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_ENGINE", engine)
    with pytest.raises(InputError, match=f"WEFT_ENGINE={engine}: expected local or ray://HOST:PORT"):
        map_shards(square, [1], "square")


def test_clean_writes_the_same_bytes_with_any_number_of_processes(
    products: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean_products(products, tmp_path / "whole", CLEAN)
    monkeypatch.setattr(clean, "ROWS_PER_SHARD", 37)
    for processes in ("1", "2"):
        monkeypatch.setenv("WEFT_WORKERS", processes)
        clean_products(products, tmp_path / processes, CLEAN)
    whole, one, two = (read_outs(tmp_path / name) for name in ("whole", "1", "2"))
    assert one == two
    assert set(one) == {"products.parquet", "report.json", "dropped.tsv", "languages.json"}
    # Only the row groups of the table follow the shards.
    assert {**whole, "products.parquet": b""} == {**one, "products.parquet": b""}
    assert '"ko"' in one["languages.json"].decode()
