"""`weft tokens` prints the words that clean finds in each line of a text file."""

import io
import json
import sys

import pytest

from weft import cli


@pytest.fixture
def tokens(monkeypatch, capsys):
    """Runs `weft tokens`; returns (exit status, the value of each line, standard error)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["weft", "tokens", *map(str, arguments)])
        status = cli.main()
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err

    return run


@pytest.fixture
def titles(tmp_path):
    path = tmp_path / "titles.txt"
    path.write_text("블랙 원피스\n" * 5 + "블랙원피스를 무료배송 2팩\n\n", encoding="utf-8")
    return path


def test_each_line_gives_one_list_and_all_lines_are_the_texts_of_one_shop(tokens, titles):
    status, lines, err = tokens(titles)
    assert status == 0, err
    assert lines[4:] == [["블랙", "원피스"], ["블랙", "원피스"], []]
    assert "read as Korean (ko)" in err


def test_explain_gives_each_dropped_token_its_reason_and_each_cut_piece_its_tokens(tokens, titles):
    _, lines, _ = tokens("--language", "ko", "--explain", titles)
    assert lines[5] == {
        "tokens": ["블랙", "원피스"],
        "dropped": [
            {"token": "무료배송", "reason": "commerce stop word"},
            {"token": "2", "reason": "number"},
            {"token": "팩", "reason": "commerce stop word"},
        ],
        "cut": [{"piece": "블랙원피스를", "tokens": ["블랙", "원피스"]}],
    }


def test_a_dash_reads_standard_input_and_only_a_line_feed_ends_a_line(tokens, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"red\rdress\nblue &amp; green\xff\n")))
    _, lines, _ = tokens("--language", "en", "-")
    assert lines == [["red", "dress"], ["blue", "green"]]


def test_a_file_that_is_missing_is_one_line_and_status_2(tokens, tmp_path):
    status, lines, err = tokens(tmp_path / "none.txt")
    assert (status, lines) == (2, [])
    assert "cannot be read: No such file or directory" in err
