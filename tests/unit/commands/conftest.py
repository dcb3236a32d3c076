import json
import sys

import numpy as np
import pytest

from weft import artefacts, cli
from weft.model.bundle import load_bundle
from weft.retrieval.embed import embed


@pytest.fixture
def weft(monkeypatch, capsys, bundle):
    """Runs the command as a person would; gives (status, lines on standard output, standard error)."""

    def run(command, *arguments, model=bundle):
        monkeypatch.setattr(sys, "argv", ["weft", command, *map(str, arguments), "--model", str(model)])
        status = cli.main()
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return run


@pytest.fixture
def refused(weft):
    """The one line that a command answers bad input with."""

    def run(command, *arguments, **options):
        status, lines, err = weft(command, *arguments, **options)
        assert status == 2
        assert lines == []
        assert err.count("\n") == 1, err
        assert err.startswith("error: ")
        return err

    return run


@pytest.fixture
def photos(tmp_path, jpeg):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for n, name in enumerate(["a.jpg", "b.jpg", "deep/c.jpg"]):
        (folder / name).write_bytes(jpeg(["red", "green", "blue"][n], seed=n))
    return folder


@pytest.fixture
def embed_naively(bundle):
    """z of photos one at a time."""
    model = load_bundle(bundle)

    def run(*photos):
        z = [
            next(embed([(0, photo)], model.embedder, model.height, model.width, "cpu", workers=1))[1]
            for photo in photos
        ]
        return np.concatenate(z)

    return run


@pytest.fixture
def w(bundle):
    return artefacts.read_word_embeddings(bundle / "model.safetensors")


@pytest.fixture
def parsed():
    return lambda lines: [json.loads(line) for line in lines]
