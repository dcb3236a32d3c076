"""Both stages of training from artefact to artefact, with a real backbone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from run_contexts import in_folder
from stored_documents import write_documents
from torch import nn

from weft import artefacts, params, tables
from weft.bags import read_documents
from weft.contracts.tables import PREPARED_PHOTOS
from weft.errors import ContractError, ModelError
from weft.model.backbone import load_backbone
from weft.model.bundle import load_bundle, save_bundle
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.params import ModelParams
from weft.retrieval.embed import embed
from weft.training.finetune_stage import run_finetune
from weft.training.train_head_stage import run_train_head
from weft.training_summary import read_training_summary

pytestmark = pytest.mark.slow

BACKBONE, DIM = "shufflenet_v2_x0_5", 1_024
WORDS = ["red", "green", "blue", "black", "dress", "striped"]
MODEL = ModelParams(BACKBONE, "random", "last", "average", 0)
SPLITS = {"test": [], "train": [[n % 4, 4] for n in range(9)], "val": [[n % 4, 4] for n in range(4)]}


def ignore_report(record, cost):
    pass


class TrainingFolder:
    """A folder with the artefacts that training starts from."""

    def __init__(self, folder):
        self.folder, self.photos, self.words, self.features = (
            folder, folder / "prepared", folder / "words.tsv", folder / "features"
        )  # fmt: skip
        self.documents = self.photos / "documents.parquet"

    @property
    def inputs(self):
        return self.photos, self.documents, self.words

    def embed(self):
        backbone = load_backbone(BACKBONE, "random")
        model = Embedder(backbone.network, make_random_word_embeddings(1, backbone.dim, 0))

        def batches():
            for split in SPLITS:
                for table in tables.read_shards(self.photos / split, PREPARED_PHOTOS):
                    photos = [((r["photo_id"], r["product_id"], split), r["jpeg"]) for r in table.to_pylist()]
                    for keys, z in embed(photos, model, 32, 32, "cpu", 1):
                        yield [dict(zip(("photo_id", "product_id", "split"), key, strict=True)) for key in keys], z

        artefacts.write_embeddings(self.features, DIM, batches())


@pytest.fixture(scope="module")
def work(tmp_path_factory, write_prepared, write_words):
    work = TrainingFolder(tmp_path_factory.mktemp("work"))
    for split, bags in SPLITS.items():
        write_prepared(work.photos / split, bags)
    write_words(work.words, WORDS)
    work.embed()
    return work


@pytest.fixture
def settings(train_head_settings, finetune_settings):
    whole = params.load_params(Path(__file__).parents[3] / "params.yaml")
    return replace(
        whole,
        model=MODEL,
        prepare=replace(whole.prepare, height=32, width=32),
        training=train_head_settings().training,
        train_head=train_head_settings(epochs=2, optimizer={"name": "adamw", "head_lr": 0.002}).stage,
        finetune=finetune_settings(epochs=1, optimizer={"name": "adamw", "backbone_lr": 1e-4, "head_lr": 0.002}).stage,
    )


@pytest.fixture
def run_words(work, settings):
    def run(out, **changes):
        places = {"features": work.features, "documents": work.documents, "words": work.words} | changes
        run_train_head(
            *places.values(),
            settings.training,
            settings.train_head,
            in_folder(out.with_suffix(".state")),
            out,
            on_epoch_end=ignore_report,
        )
        return out

    return run


@pytest.fixture
def run_network(work, settings, run_words):
    def run(out, initial, words=work.words, epochs=1, initial_model=None):
        state = out.with_suffix(".state")
        inputs = work.photos, work.documents, words, initial
        chosen = replace(settings, finetune=replace(settings.finetune, epochs=epochs))
        options = {"on_epoch_end": ignore_report, "initial_model": initial_model}
        return run_finetune(*inputs, chosen, in_folder(state), out, **options)

    return run


def read_files(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_training_can_start_from_an_initial_model(tmp_path, run_words, run_network):
    head = run_words(tmp_path / "head")
    run_network(tmp_path / "earlier", head)
    earlier = load_bundle(tmp_path / "earlier").embedder
    with torch.no_grad():
        earlier.encoder.conv1[0].weight += 1
        earlier.words += 1
    # The earlier model has its words in another order, one that is gone, and lacks "black" and "striped".
    earlier.words = nn.Parameter(earlier.words[[4, 2, 5, 1, 0]])
    words = ["dress", "blue", "pink", "green", "red"]
    frame = pd.DataFrame({"word_id": range(5), "word": words, "document_frequency": 3, "count": 3})
    artefacts.write_words(tmp_path / "words.tsv", frame)
    save_bundle(tmp_path / "changed", earlier, MODEL, 32, 32, tmp_path / "words.tsv")
    run_network(tmp_path / "next", head, epochs=0, initial_model=tmp_path / "changed")
    started = load_bundle(tmp_path / "next").embedder
    assert torch.equal(started.encoder.conv1[0].weight, earlier.encoder.conv1[0].weight)
    assert torch.equal(started.words[[4, 2, 1, 0]], earlier.words[[0, 1, 3, 4]])
    # There are four known words, so each new word starts at the mean of all of them.
    for new_word in (3, 5):
        torch.testing.assert_close(started.words[new_word], earlier.words[[0, 1, 3, 4]].mean(dim=0))


def test_an_initial_model_of_another_backbone_is_refused(tmp_path, work, run_words, run_network):
    backbone = load_backbone("shufflenet_v2_x1_0", "random")
    other = Embedder(backbone.network, torch.zeros(len(WORDS), backbone.dim))
    save_bundle(tmp_path / "other", other, replace(MODEL, backbone="shufflenet_v2_x1_0"), 32, 32, work.words)
    with pytest.raises(ModelError, match=r"finetune\.initial = .*other: its backbone is not that of the section model"):
        run_network(tmp_path / "next", run_words(tmp_path / "head"), initial_model=tmp_path / "other")


def test_both_stages_write_the_same_bytes_twice(tmp_path, run_words, run_network):
    first, second = run_words(tmp_path / "a"), run_words(tmp_path / "b")
    assert set(read_files(first)) == {
        "model.safetensors", "words.tsv", "history.csv", "training.json", "word_predictability.tsv",
    }  # fmt: skip
    assert read_files(first) == read_files(second)
    assert run_network(tmp_path / "c", first) == run_network(tmp_path / "d", second)
    assert set(read_files(tmp_path / "c")) == {
        "model.safetensors", "config.json", "preprocess.json", "words.tsv", "digest.txt", "history.csv",
        "training.json", "word_predictability.tsv",
    }  # fmt: skip
    assert read_files(tmp_path / "c") == read_files(tmp_path / "d")
    bundle = load_bundle(tmp_path / "c")
    assert (bundle.words, bundle.height, bundle.width) == (WORDS, 32, 32)


def test_a_folded_projection_gives_a_bundle_with_the_z_of_the_backbone(tmp_path, settings, work, run_words):
    words, found = run_words(tmp_path / "words"), {}
    for fold in (False, True):
        out, state = tmp_path / f"network-{fold}", tmp_path / "state"
        changed = replace(
            settings,
            model=replace(settings.model, projection_dim=4),
            finetune=replace(settings.finetune, discard_projection_head=fold),
        )
        run_finetune(*work.inputs, words, changed, in_folder(state), out, on_epoch_end=ignore_report)
        found[fold] = load_bundle(out).embedder
    photos = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    z = {fold: embedder(photos) for fold, embedder in found.items()}
    assert (z[False].shape, z[True].shape) == ((2, 4), (2, DIM))
    torch.testing.assert_close(found[True].score(z[True]), found[False].score(z[False]), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("fold", [False, True])
def test_wise_ft_weights_lie_between_the_pretrained_and_the_trained_model(tmp_path, settings, work, run_words, fold):
    initial = run_words(tmp_path / "words")
    found = []
    for name, share, epochs in (("trained", 0.0, 1), ("first", 0.0, 0), ("mixed", 0.25, 1)):
        changed = replace(settings.finetune, discard_projection_head=fold, wise_ft_weight=share, epochs=epochs)
        given = replace(settings, model=replace(settings.model, projection_dim=4), finetune=changed)
        out, state = tmp_path / name, tmp_path / "state"
        run_finetune(*work.inputs, initial, given, in_folder(state), out, on_epoch_end=ignore_report)
        found.append(load_bundle(out).embedder.state_dict())
    for name, tensor in found[2].items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, 0.75 * found[0][name] + 0.25 * found[1][name])


def test_retrain_head_changes_only_w(tmp_path, settings, work, run_words):
    initial, found = run_words(tmp_path / "words"), []
    for refit in (False, True):
        training = replace(settings.training, seed=2)  # the initial W of train_head depends on the seed
        given = replace(settings, training=training, finetune=replace(settings.finetune, retrain_head=refit))
        state = tmp_path / "state"
        run_finetune(*work.inputs, initial, given, in_folder(state), tmp_path / f"{refit}", on_epoch_end=ignore_report)
        assert list(state.iterdir()) == []
        found.append(load_bundle(tmp_path / f"{refit}").embedder.state_dict())
    assert [name for name, tensor in found[0].items() if not torch.equal(tensor, found[1][name])] == ["words"]


def test_a_training_that_improves_nothing_says_so_and_keeps_the_untrained_weights(
    tmp_path, settings, work, run_words, capsys
):
    initial, state = run_words(tmp_path / "words"), tmp_path / "state"
    still = replace(settings.finetune.optimizer, backbone_lr=1e-30, head_lr=1e-30)
    given = replace(settings, finetune=replace(settings.finetune, optimizer=still, freeze_batch_norm=True))
    summary = run_finetune(*work.inputs, initial, given, in_folder(state), tmp_path / "out", on_epoch_end=ignore_report)
    assert (summary.kept_epoch, summary.epochs, summary.improved) == (0, 1, False)
    assert read_training_summary(tmp_path / "out" / "training.json") == summary
    assert "finetune: no epoch of 1 lowered val_loss" in capsys.readouterr().err


def test_a_finished_stage_deletes_its_state(tmp_path, run_words, run_network):
    run_network(tmp_path / "network", run_words(tmp_path / "words"))
    assert list((tmp_path / "words.state").iterdir()) == []
    assert list((tmp_path / "network.state").iterdir()) == []


def test_the_words_of_stage_one_are_readable_without_torch(tmp_path, run_words):
    matrix = artefacts.read_word_embeddings(run_words(tmp_path / "words") / "model.safetensors")
    assert matrix.shape == (len(WORDS), DIM)
    assert matrix.dtype == np.float32


def test_a_product_with_photos_but_no_document_is_an_error(tmp_path, run_words):
    documents = write_documents(tmp_path / "documents.parquet", {"alder/train-0000": [1]})
    with pytest.raises(ContractError, match=r"expected one for every product with photos, got none for 'alder/train-"):
        run_words(tmp_path / "words", documents=documents)
    assert not (tmp_path / "words").exists()


def test_documents_of_another_vocabulary_are_rejected(tmp_path, write_words, run_words):
    fewer = write_words(tmp_path / "words.tsv", WORDS[:4])
    with pytest.raises(ContractError, match=r"documents.parquet: expected word ids below 4, .* got 4; .* dvc repro"):
        run_words(tmp_path / "words", words=fewer)


def test_a_training_photo_whose_product_has_no_words_is_never_drawn(tmp_path, work, run_words):
    documents = read_documents(work.documents, len(WORDS))
    bags = {name: documents.bags[n].tolist() for name, n in documents.index_by_id.items()}
    bags["alder/train-0004"] = []
    other = write_documents(tmp_path / "documents.parquet", bags)
    out = run_words(tmp_path / "words", documents=other)
    assert (out / "history.csv").read_text() != (run_words(tmp_path / "all") / "history.csv").read_text()
    assert np.isfinite(artefacts.read_word_embeddings(out / "model.safetensors")).all()


def test_a_head_with_another_vocabulary_is_rejected(tmp_path, write_words, run_words, run_network):
    other = write_words(tmp_path / "other.tsv", [*WORDS, "tunic"])
    with pytest.raises(
        ModelError, match=r"expected W of shape \(7, 1024\) for .*other.tsv and shufflenet_v2_x0_5, got \(6, 1024\)"
    ):
        run_network(tmp_path / "network", run_words(tmp_path / "words"), words=other)
