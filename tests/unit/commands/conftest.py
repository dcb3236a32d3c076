import json
import sys

import pytest
import torch

from weft import artefacts, cli
from weft.model.bundle import load_bundle
from weft.model.fuse_batch_norm import fuse_batch_norm
from weft.photos.prefetch import decode_and_letterbox


@pytest.fixture
def weft(monkeypatch, capsys, saved_model):
    """Runs a command as its users do; returns (exit status, lines of standard output, standard error)."""

    def run(command, *arguments, model=saved_model):
        monkeypatch.setattr(sys, "argv", ["weft", command, *map(str, arguments), "--model", str(model)])
        status = cli.main()
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return run


@pytest.fixture
def refused(weft):
    """Runs a command with unusable input; returns its one line of standard error."""

    def run(command, *arguments, **options):
        status, lines, err = weft(command, *arguments, **options)
        assert status == 2
        assert lines == []
        assert err.count("\n") == 1, err
        assert err.startswith("error: ")
        return err

    return run


@pytest.fixture
def photos(tmp_path, make_jpeg):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for n, name in enumerate(["a.jpg", "b.jpg", "deep/c.jpg"]):
        (folder / name).write_bytes(make_jpeg(["red", "green", "blue"][n], seed=n))
    return folder


@pytest.fixture(scope="session")
def embed_naively(saved_model):
    """Embeds photos one at a time."""
    model = load_bundle(saved_model)
    embedder = fuse_batch_norm(model.embedder)

    def run(*photos):
        decoded = decode_and_letterbox(enumerate(photos), model.height, model.width, 1)
        with torch.inference_mode():
            z = [embedder(torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())) for _, pixels in decoded]
        return torch.cat(z).numpy()

    return run


@pytest.fixture
def w(saved_model):
    return artefacts.read_word_embeddings(saved_model / "model.safetensors")


@pytest.fixture
def parsed():
    return lambda lines: [json.loads(line) for line in lines]
