"""The engine of several machines gives the bytes of one process, also when a machine is lost, and clear errors.

Two raylets on loopback stand for two machines.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_works import DieOnce, refuse_seven, square

from weft import params
from weft.engine import ray_cluster
from weft.engine.map_shards import map_shards
from weft.errors import ContractError, EngineError
from weft.text import clean
from weft.text.clean import clean_products

CLEAN = params.Clean(
    fields=("title", "categories", "description", "colour", "attributes"), min_token_length=2, drop_off_topic_words=True
)
MISSING = "ray is an extra of 79 MB: pip install 'weft[cluster]'"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Start a cluster of two machines with one core each."""
    pytest.importorskip("ray", reason=MISSING)
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), *sys.path]))
        memory = {"object_store_memory": 100_000_000, "include_dashboard": False}
        started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **memory})
        started.add_node(num_cpus=1, **memory)
        yield started
        import ray

        ray.shutdown()
        started.shutdown()


@pytest.fixture
def ray_engine(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    engine = f"ray://{cluster.address}"
    monkeypatch.setenv("WEFT_ENGINE", engine)
    return engine


@pytest.mark.slow
def test_results_come_in_the_order_of_the_shards(ray_engine: str) -> None:
    assert list(map_shards(square, range(30), "square")) == [number * number for number in range(30)]


@pytest.mark.slow
def test_an_error_of_a_shard_is_raised_as_it_is(ray_engine: str) -> None:
    with pytest.raises(ContractError, match="row 7: expected a title") as raised:
        list(map_shards(refuse_seven, range(20), "refuse"))
    assert "Traceback" not in str(raised.value)


@pytest.mark.slow
def test_a_killed_process_costs_its_shard_again(ray_engine: str, tmp_path: Path) -> None:
    assert list(map_shards(DieOnce(tmp_path / "died"), range(6), "die")) == list(range(6))
    assert (tmp_path / "died").exists()


@pytest.mark.slow
def test_other_code_of_weft_on_a_machine_is_refused(ray_engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "hash_code", lambda: "another")
    with pytest.raises(EngineError, match="has other code of Weft than this one"):
        list(map_shards(square, [1, 2], "square"))


@pytest.mark.slow
def test_clean_writes_the_bytes_of_one_process_although_a_machine_is_killed(
    ray_engine: str, cluster: Any, products: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean, "ROWS_PER_SHARD", 10)
    lost = cluster.add_node(num_cpus=2, object_store_memory=100_000_000, include_dashboard=False)
    raylet = lost.all_processes["raylet"][0].process.pid
    killed = threading.Event()

    def kill_in_the_last_pass() -> None:
        while not list(tmp_path.glob(".cluster.*/*.parquet")):
            time.sleep(0.01)
        os.kill(raylet, signal.SIGKILL)
        killed.set()

    threading.Thread(target=kill_in_the_last_pass, daemon=True).start()
    clean_products(products, tmp_path / "cluster", CLEAN)
    monkeypatch.setenv("WEFT_ENGINE", "local")
    monkeypatch.setenv("WEFT_WORKERS", "1")
    clean_products(products, tmp_path / "one", CLEAN)
    assert killed.is_set()
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "cluster" / file.name).read_bytes()


def test_a_lost_machine_is_logged_once(capsys: pytest.CaptureFixture[str]) -> None:
    class FakeRay:
        alive = 3

        def nodes(self) -> list[dict[str, bool]]:
            return [{"Alive": number < self.alive} for number in range(3)]

    ray: Any = FakeRay()
    machines = ray_cluster.Machines(ray)
    machines.report_lost()
    ray.alive = 1
    machines.report_lost()
    machines.report_lost()
    assert capsys.readouterr().err == "ray: 2 of 3 machines lost; their shards are worked on again\n"


@pytest.mark.parametrize("address", ["host", ":6379", "host:", "host:0", "host:65536", "host:port"])
def test_an_address_without_host_and_port_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_ENGINE", f"ray://{address}")
    with pytest.raises(EngineError, match=f"ray://{address}: expected ray://HOST:PORT"):
        list(map_shards(square, [1], "square"))


def test_an_address_without_a_cluster_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason=MISSING)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("WEFT_ENGINE", f"ray://127.0.0.1:{unused.getsockname()[1]}")
    with pytest.raises(EngineError, match=r"cannot connect: .*start the cluster with `ray start --head`"):
        list(map_shards(square, [1], "square"))


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setenv("WEFT_ENGINE", "ray://127.0.0.1:6379")
    with pytest.raises(EngineError, match=r"the package ray is not installed: pip install 'weft\[cluster\]'"):
        list(map_shards(square, [1], "square"))
