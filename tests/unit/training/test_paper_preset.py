"""presets/paper.yaml as it is: ResNet50, batch 20, rate 0.1, plateau, both stages, over a shop of 200 products.

Only two things are not the paper's: weights are random, as no network is at hand, and photos are of 32 x 32 px with one
epoch of finetune, as a test has seconds and not a GPU's days.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from run_contexts import in_folder
from stored_documents import write_documents

from weft import artefacts, params, tables
from weft.contracts.tables import PREPARED_PHOTOS
from weft.demo import catalogue, text_generation
from weft.demo.photos import render_image
from weft.model.backbone import load_backbone
from weft.model.bundle import load_bundle
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.photos.resize import encode_jpeg
from weft.retrieval.embed import embed
from weft.text.tokenize import tokenize_words
from weft.training.finetune_stage import run_finetune
from weft.training.train_head_stage import run_train_head

SIDE = 32
PRESET = params.load_params(Path(__file__).parents[3] / "presets" / "paper.yaml")


def test_the_preset_has_the_settings_of_the_paper():
    assert PRESET.training.targets == "sampled_word"
    assert PRESET.training.loss.name == "sampled_softmax"
    assert PRESET.training.logits == params.DotProductLogits(name="dot_product", word_bias=False)
    for stage in (PRESET.train_head, PRESET.finetune):
        assert (stage.batch_size, stage.epochs, stage.early_stopping_patience) == (20, 20, 0)
        assert stage.lr_schedule == params.PlateauSchedule(name="plateau", patience=10, warmup_epochs=0.0)
        optimizer = stage.optimizer
        assert (optimizer.name, optimizer.head_lr, optimizer.momentum, optimizer.weight_decay) == ("sgd", 0.1, 0.0, 0.0)
    assert PRESET.model == params.ModelParams("resnet50", "imagenet", "last", "average", 0)
    assert PRESET.vocabulary.max_size == 30_000
    finetune = PRESET.finetune
    assert (finetune.optimizer.backbone_lr, finetune.optimizer.layerwise_lr_decay) == (0.1, 1.0)
    assert (finetune.ema_decay, finetune.frozen_modules) == (0.0, ())


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """200 products: their prepared photos, vocabulary, and z of the backbone."""
    folder = tmp_path_factory.mktemp("paper")
    products = list(catalogue.generate_products(seed=1, count=200))
    token_lists = [
        tokenize_words(f"{text.title} {text_generation.strip_tags(text.description_html)}")
        for text in map(text_generation.generate_text, products)
    ]
    counts = Counter(word for words in token_lists for word in set(words))
    vocabulary = [word for word, _ in counts.most_common(PRESET.vocabulary.max_size)]
    ids = {word: number for number, word in enumerate(vocabulary)}
    rows = [
        {
            "product_id": f"a/{n:04}",
            "position": 0,
            "photo_id": f"a/{n:04}#0",
            "colour": None,
            "jpeg": encode_jpeg(np.asarray(render_image(product, "front").convert("RGB").resize((SIDE, SIDE))), 92),
        }
        for n, product in enumerate(products)
    ]
    write_documents(
        folder / "documents.parquet",
        {f"a/{n:04}": sorted(ids[word] for word in words) for n, words in enumerate(token_lists)},
    )
    splits = {"test": [], "train": rows[:160], "val": rows[160:]}
    for split, split_rows in splits.items():
        tables.write_shards(folder / "prepared" / split, split_rows, PREPARED_PHOTOS, 100)
    return folder, vocabulary, splits


@pytest.mark.slow
@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda",
            marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")],
        ),
    ],
)
def test_both_stages_of_the_paper_run(tmp_path, shop, write_words, device):
    folder, vocabulary, splits = shop
    words = write_words(tmp_path / "words.tsv", vocabulary)
    settings = replace(
        PRESET,
        model=replace(PRESET.model, weights="random"),
        prepare=replace(PRESET.prepare, height=SIDE, width=SIDE),
        finetune=replace(PRESET.finetune, epochs=1),
    )
    backbone = load_backbone("resnet50", "random")
    frozen = Embedder(backbone.network, make_random_word_embeddings(1, backbone.dim, 0), backbone.normalisation)

    def batches():
        for split, rows in splits.items():
            photos = [((row["photo_id"], row["product_id"], split), row["jpeg"]) for row in rows]
            for keys, z in embed(photos, frozen, SIDE, SIDE, device, 1):
                yield [dict(zip(("photo_id", "product_id", "split"), key, strict=True)) for key in keys], z

    artefacts.write_embeddings(tmp_path / "features", backbone.dim, batches())
    first, second = [], []
    run_train_head(
        tmp_path / "features",
        folder / "documents.parquet",
        words,
        settings.training,
        settings.train_head,
        in_folder(tmp_path / "state_1", device=device),
        tmp_path / "words",
        on_epoch_end=lambda record, cost: first.append(record),
    )
    assert [record.epoch for record in first] == list(range(21))
    assert all(np.isfinite(record.train_loss) for record in first[1:])
    run_finetune(
        folder / "prepared",
        folder / "documents.parquet",
        words,
        tmp_path / "words",
        settings,
        in_folder(tmp_path / "state_2", device=device),
        tmp_path / "embedder",
        on_epoch_end=lambda record, cost: second.append(record),
    )
    assert [record.epoch for record in second] == [0, 1]
    bundle = load_bundle(tmp_path / "embedder")
    assert bundle.embedder.words.shape == (len(vocabulary), 2_048)
    assert bundle.words == vocabulary
