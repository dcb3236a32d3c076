"""W trained once more on the final z: the encoder stays the same, and W is that of stage 1 on this encoder."""

import pytest
import torch
from run_contexts import in_folder

from weft.bags import read_documents
from weft.data.photo_store import PhotoStore, read_product_ids
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.training.finetune_stage import retrain_head
from weft.training.stored_photos import StoredPhotos
from weft.training.train_head import CachedEmbeddings, train_head

VOCABULARY = 5
BAGS = {"train": [[n % 4, 4] for n in range(70)], "val": [[n % 4, 4] for n in range(6)]}
IN_SHORT_FIELDS = [True, False]


class ColourEncoder(torch.nn.Module):
    """Mean and spread of each channel: an encoder without anything to learn."""

    def forward(self, x):
        return torch.cat([x.mean((2, 3)), x.std((2, 3))], 1)


@pytest.fixture
def photos(tmp_path, write_prepared):
    for split, bags in BAGS.items():
        write_prepared(tmp_path / "prepared" / split, bags, in_short_fields=[IN_SHORT_FIELDS] * len(bags))
    return tmp_path / "prepared"


@pytest.fixture
def documents(photos):
    return read_documents(photos / "documents.parquet", VOCABULARY)


@pytest.fixture
def splits(tmp_path, photos, documents):
    """Return both splits with all words weighing the same, as finetune trains on them."""
    products = {split: documents.find(read_product_ids(photos / split)) for split in BAGS}
    return {
        split: StoredPhotos(
            PhotoStore(photos / split, tmp_path / f"{split}.arrow"),
            documents.training_bags(products[split], count_repeated_words=True),
            products[split],
        )
        for split in BAGS
    }


def _make_model(bias=None):
    return Embedder(ColourEncoder(), make_random_word_embeddings(VOCABULARY, 6, seed=3, scale=1.0), bias=bias)


def _naive_retrain(model, splits, documents, settings, state):
    """All photos through the encoder at once, then stage 1."""
    cached = []
    for stored in splits.values():
        with torch.no_grad():
            z = model(torch.from_numpy(stored.store.decode(range(len(stored.store))))).half().numpy()
        bags = documents.training_bags(stored.products, True, settings.stage.description_weight)
        cached.append(CachedEmbeddings(z, bags, stored.products))
    return train_head(*cached, VOCABULARY, *settings, in_folder(state), on_epoch_end=lambda record, cost: None)[0]


@pytest.mark.parametrize("description_weight", [1.0, 0.25])
def test_retrained_w_equals_stage_one_on_the_finetuned_z(
    tmp_path, train_head_settings, splits, documents, description_weight
):
    stage_1 = train_head_settings(description_weight=description_weight)
    model = _make_model()
    expected = _naive_retrain(model, splits, documents, stage_1, tmp_path / "naive")
    retrain_head(model, splits, documents, *stage_1, in_folder(tmp_path / "state"))
    torch.testing.assert_close(model.words.data, expected["words"])
    assert not (tmp_path / "state").exists()


def test_words_of_the_description_alone_score_lower_with_a_lower_weight(
    tmp_path, train_head_settings, splits, documents
):
    """Word 4 is in every description and in no short field."""
    scores = []
    for description_weight in (1.0, 0.1):
        model = _make_model()
        stage_1 = train_head_settings(description_weight=description_weight, epochs=3)
        retrain_head(model, splits, documents, *stage_1, in_folder(tmp_path / "state"))
        z = model(torch.from_numpy(splits["val"].store.decode(range(6)))).detach()
        predicted = model.score(z).detach()
        scores.append(float((predicted[:, 4] - predicted[:, :4].amax(1)).mean()))
    assert scores[1] < scores[0]


@pytest.mark.parametrize("word_bias", [True, False])
def test_retrain_head_replaces_the_bias_as_configured(tmp_path, train_head_settings, splits, documents, word_bias):
    model = _make_model(bias=None if word_bias else torch.ones(VOCABULARY, 1))
    stage_1 = train_head_settings(logits={"name": "dot_product", "word_bias": word_bias})
    retrain_head(model, splits, documents, *stage_1, in_folder(tmp_path / "state"))
    assert (model.bias is not None) == word_bias
    assert ("bias" in model.state_dict()) == word_bias
