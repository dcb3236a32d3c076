import subprocess
import sys
import threading

import pytest

from weft.commands.verdicts import export_verdicts
from weft.errors import ContractError, InputError
from weft.serve.verdict_store import VerdictStore
from weft.tagging.verdicts import JudgedCase, Verdict, read_verdicts, write_verdicts

CASE = JudgedCase("contradicted", "alder/1", "red", "blue")
TAG = JudgedCase("tag", "alder/1", "red")
EARLY, LATE = "2026-11-28T13:00:00Z", "2026-11-28T14:00:00Z"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "var" / "verdicts.sqlite"


@pytest.fixture
def store(path):
    store = VerdictStore(path, lambda: EARLY)
    yield store
    store.close()


def test_a_verdict_is_there_after_the_store_is_opened_again(store, path):
    store.judge(CASE, True)
    store.judge(TAG, False)
    again = VerdictStore(path)
    assert again.read() == {CASE: Verdict(True, EARLY), TAG: Verdict(False, EARLY)}
    again.close()


def test_the_last_verdict_on_a_case_counts_and_can_be_withdrawn(store):
    store.judge(CASE, True)
    store.judge(CASE, False)
    assert store.read() == {CASE: Verdict(False, EARLY)}
    store.judge(CASE, None)
    assert store.read() == {}


def test_a_verdict_that_was_answered_to_survives_a_kill(path):
    code = """
import os, sys
from pathlib import Path
from weft.serve.verdict_store import VerdictStore
from weft.tagging.verdicts import JudgedCase
VerdictStore(Path(sys.argv[1]), lambda: "2026-11-28T13:00:00Z").judge(JudgedCase("tag", "alder/1", "red"), True)
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    store = VerdictStore(path)
    assert store.read() == {TAG: Verdict(True, EARLY)}
    store.close()


def test_of_two_verdicts_on_one_case_the_newer_stays(store):
    store.judge(CASE, True)
    store.judge(TAG, None)
    store.merge({CASE: Verdict(False, LATE), TAG: Verdict(True, "2026-01-01T00:00:00Z")})
    assert store.read() == {CASE: Verdict(False, LATE)}


def test_threads_share_a_store(store):
    cases = [JudgedCase("tag", f"alder/{n}", "red") for n in range(40)]
    threads = [threading.Thread(target=store.judge, args=(case, True)) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(store.read()) == set(cases)


def test_a_file_that_is_no_store_is_an_error(tmp_path):
    (tmp_path / "other").write_text("no database at all, " * 100)
    with pytest.raises(ContractError, match="not a store of verdicts"):
        VerdictStore(tmp_path / "other")


def test_a_store_of_a_newer_version_is_an_error(store, path):
    store._database.execute("PRAGMA user_version = 99")
    with pytest.raises(ContractError, match="a newer version of Weft"):
        VerdictStore(path)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--verdict-store"):
        VerdictStore(tmp_path / "file" / "verdicts.sqlite")


def test_verdicts_are_written_together_with_those_of_the_file(store, path, tmp_path):
    out, other = tmp_path / "verdicts.tsv", JudgedCase("missing", "alder/2", "red")
    write_verdicts(out, {other: Verdict(False, EARLY), TAG: Verdict(True, "2026-01-01T00:00:00Z")})
    store.judge(CASE, True)
    store.judge(TAG, None)
    assert export_verdicts(path, out) == f"2 verdicts written to {out}: 1 accepted, 1 rejected"
    assert read_verdicts(out) == {CASE: Verdict(True, EARLY), other: Verdict(False, EARLY)}


def test_without_a_store_there_is_nothing_to_write(tmp_path):
    with pytest.raises(InputError, match="`weft serve` makes it"):
        export_verdicts(tmp_path / "none.sqlite", tmp_path / "verdicts.tsv")
    assert list(tmp_path.iterdir()) == []
