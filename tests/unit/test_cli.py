"""The command as a program of its own; what its commands do is tested beside them."""

import subprocess
import sys
import textwrap

import pytest

from weft import cli

COMMANDS = ["embed", "tag", "search", "summary"]
HEAVY = ["torch", "numpy", "pandas", "pyarrow", "mlflow", "nltk", "PIL", "sklearn", "matplotlib"]


def run_python(code, *arguments, stdout=subprocess.PIPE):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)], ids=["weft", *COMMANDS])
def test_help_answers_without_heavy_imports(words):
    done = run_python(
        f"""
        import sys
        from weft import cli
        try:
            cli.main()
        except SystemExit as end:
            print("imported:", *(name for name in {HEAVY} if name in sys.modules))
            sys.exit(end.code)
        """,
        *words,
        "--help",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: weft " + " ".join(words))
    assert done.stdout.splitlines()[-1] == "imported:"
    assert done.stderr == ""


def test_help_names_every_command(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["weft", "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().out
    assert all(f"    {command} " in said for command in COMMANDS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["paint"], "invalid choice: 'paint'"),
        (["embed", "photo.jpg"], "the following arguments are required: -o/--out"),
        (["tag", "photo.jpg", "--top-k", "0"], "'0' is not a whole number of at least 1"),
        (["tag", "photo.jpg", "--top-k", "²"], "'²' is not a whole number of at least 1"),
        (["search"], "the following arguments are required: PHOTO|WORDS"),
    ],
)
def test_wrong_usage_is_status_2_and_named(capsys, monkeypatch, words, said):
    monkeypatch.setattr(sys, "argv", ["weft", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, err = capsys.readouterr()
    assert end.value.code == 2
    assert out == ""
    assert said in err.splitlines()[-1]


@pytest.mark.parametrize("lines", [1, 20_000], ids=["little", "much"])
def test_a_reader_that_has_seen_enough_is_no_error(lines):
    """`weft tag ... | head -1`: the pipe is closed before the last line, or before the first."""
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from weft import cli\n"
            f"cli._tag = lambda args: cli._print(['x' * 100] * {lines})\n"
            "sys.argv = ['weft', 'tag', 'source']; sys.stdin.read(); sys.exit(cli.main())",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with writer:
        writer.stdout.close()
        writer.stdin.close()
        assert writer.stderr.read() == ""
        assert writer.wait(timeout=60) == 0
