import pytest

from weft import progress
from weft.process_group import SINGLE_PROCESS, ProcessGroup, init_process_group


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


def test_one_process_alone_leads_and_waits_for_nobody():
    with init_process_group("cpu") as processes:
        assert processes == SINGLE_PROCESS == ProcessGroup(0, 1)
        assert processes.is_main
        processes.barrier()
        assert processes.gather({"a": 1}) == [{"a": 1}]


def test_only_the_first_of_several_leads():
    assert [ProcessGroup(rank, 3).is_main for rank in range(3)] == [True, False, False]


def test_the_others_say_nothing(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    progress.log_line("heard twice")
    assert list(progress.progress_bar([1, 2], "count")) == [1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("RANK", "0")
    progress.log_line("heard once")
    assert capsys.readouterr().err == "heard once\n"
