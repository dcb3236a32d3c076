import pytest

from weft import progress
from weft.processes import ALONE, Processes, joined


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


def test_one_process_alone_leads_and_waits_for_nobody():
    with joined("cpu") as processes:
        assert processes == ALONE == Processes(0, 1)
        assert processes.leads
        processes.wait()
        assert processes.collect({"a": 1}) == [{"a": 1}]


def test_only_the_first_of_several_leads():
    assert [Processes(rank, 3).leads for rank in range(3)] == [True, False, False]


def test_the_others_say_nothing(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    progress.say("heard twice")
    assert list(progress.track([1, 2], "count")) == [1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("RANK", "0")
    progress.say("heard once")
    assert capsys.readouterr().err == "heard once\n"
