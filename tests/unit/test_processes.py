import pytest

from weft import progress
from weft.process_group import SINGLE_PROCESS, ProcessGroup, init_process_group


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


def test_a_single_process_is_the_main_process_and_never_waits():
    with init_process_group("cpu") as process_group:
        assert process_group == SINGLE_PROCESS == ProcessGroup(0, 1)
        assert process_group.is_main
        process_group.barrier()
        assert process_group.gather({"a": 1}) == [{"a": 1}]


def test_only_rank_0_is_the_main_process():
    assert [ProcessGroup(rank, 3).is_main for rank in range(3)] == [True, False, False]


def test_only_the_main_process_logs(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    progress.log_line("logged twice")
    assert list(progress.progress_bar([1, 2], "count")) == [1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("RANK", "0")
    progress.log_line("logged once")
    assert capsys.readouterr().err == "logged once\n"
