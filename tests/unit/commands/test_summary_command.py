import sys

import pytest

from weft import cli, tracking
from weft.commands.summary import format_summary
from weft.errors import InputError


@pytest.fixture
def reports(tmp_path):
    (tmp_path / "summary").mkdir()
    (tmp_path / "summary" / "results.md").write_text("| model | recall_at_1 |\n\n")
    return tmp_path


def test_results_report_and_comparison_are_printed(reports, monkeypatch, capsys):
    link = "http://127.0.0.1:5000/#/experiments/7/runs"
    monkeypatch.setattr(tracking, "get_comparison_url", lambda address: link)
    monkeypatch.setattr(sys, "argv", ["weft", "summary", "--reports", str(reports)])
    assert cli.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| model | recall_at_1 |"
    assert lines[-2] == f"Report:        {reports}/summary/index.html"
    assert lines[-1].startswith(f"Compare runs:  {link} ")


def test_without_runs_there_is_no_link(reports, monkeypatch):
    monkeypatch.setattr(tracking, "get_comparison_url", lambda address: "")
    assert format_summary(reports).splitlines()[-1].startswith("Report: ")


def test_the_path_of_an_audit_is_printed_if_there_is_one(reports, monkeypatch):
    monkeypatch.setattr(tracking, "get_comparison_url", lambda address: "")
    (reports / "audit").mkdir()
    (reports / "audit" / "index.html").write_text("page")
    assert format_summary(reports).splitlines()[-1] == f"Audit:         {reports}/audit/index.html"


def test_the_error_without_results_says_what_to_run(tmp_path):
    with pytest.raises(InputError, match=r"results\.md: no such file; run `make repro`"):
        format_summary(tmp_path)
