"""The command line itself; tests/unit/commands has the tests of the commands."""

import shlex
import subprocess
import sys
import textwrap
from importlib import metadata

import pytest

from weft import cli
from weft.commands.help_examples import EXAMPLES

COMMANDS = ["embed", "tag", "search", "summary"]
HEAVY = ["torch", "numpy", "pandas", "pyarrow", "mlflow", "nltk", "PIL", "sklearn", "matplotlib"]


def find_commands(parser):
    """Return the sub-parsers by the name of their command."""
    return next(action.choices for action in parser._actions if isinstance(action.choices, dict))


def run_python(code, *arguments, stdout=subprocess.PIPE):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)], ids=["weft", *COMMANDS])
def test_help_imports_no_heavy_library(words):
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


def test_version_is_that_of_the_package(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["weft", "--version"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    assert capsys.readouterr().out == f"weft {metadata.version('weft')}\n"


def test_help_lists_every_command(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["weft", "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    help_text = capsys.readouterr().out
    assert all(f"    {command} " in help_text for command in COMMANDS)


def test_weft_alone_prints_help(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["weft"])
    assert cli.main() == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: weft [-h]")
    assert err == ""


@pytest.mark.parametrize("command", sorted(find_commands(cli.build_parser())))
def test_help_ends_with_examples_that_the_parser_accepts(capsys, command):
    parser = cli.build_parser()
    with pytest.raises(SystemExit):
        parser.parse_args([command, "--help"])
    lines = capsys.readouterr().out.split("examples:\n")[1].splitlines()
    assert lines
    for line in lines:
        assert parser.parse_args(shlex.split(line)[1:]).run


def test_every_command_has_examples():
    assert set(find_commands(cli.build_parser())) <= set(EXAMPLES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["paint"], "invalid choice: 'paint'"),
        (["embed", "photo.jpg"], "the following arguments are required: -o/--out"),
        (["tag", "photo.jpg", "--top-k", "0"], "expected a whole number of at least 1, got '0'"),
        (["tag", "photo.jpg", "--top-k", "²"], "expected a whole number of at least 1, got '²'"),
        (["search"], "the following arguments are required: PHOTO|WORDS"),
    ],
)
def test_wrong_usage_has_exit_status_2_and_a_message(capsys, monkeypatch, arguments, message):
    monkeypatch.setattr(sys, "argv", ["weft", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, err = capsys.readouterr()
    assert end.value.code == 2
    assert out == ""
    assert message in err.splitlines()[-1]


@pytest.mark.parametrize("lines", [1, 20_000], ids=["little", "much"])
def test_a_closed_pipe_is_not_an_error(lines):
    """`weft tag ... | head -1`: the pipe is closed before the last line, or before the first."""
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from weft import cli\n"
            "from weft.commands import runners\n"
            f"runners.run_tag = lambda args: runners.print_lines(['x' * 100] * {lines})\n"
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
        assert writer.wait(timeout=300) == 0
