import json
from dataclasses import asdict, replace

import pytest

from weft.errors import ContractError
from weft.training_summary import TrainingSummary, read_training_summary, write_training_summary

BEFORE = {"val_loss": 5.38117, "val_map_at_r": 0.5588, "val_tag_precision": None}
AFTER = {"val_loss": 5.32, "val_map_at_r": 0.7, "val_tag_precision": None}
IMPROVED = TrainingSummary("finetune", "val_map_at_r", "val_map_at_r", 3, 4, True, BEFORE, AFTER)
UNTRAINED = replace(IMPROVED, kept_epoch=0, improved=False, kept=BEFORE)


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (
            IMPROVED,
            "finetune: kept epoch 3 of 4, the best by val_map_at_r 0.5588 before training, 0.7 kept",
        ),
        (
            UNTRAINED,
            "finetune: no epoch of 4 raised val_map_at_r from 0.5588, so the untrained weights of epoch 0 are kept and "
            "this stage changed nothing; train for more epochs (finetune.epochs) or with other learning rates "
            "(finetune.optimizer)",
        ),
        (
            replace(UNTRAINED, stage="train_head", keep_best_by="val_loss", kept_by="val_loss", epochs=1),
            "train_head: no epoch of 1 lowered val_loss from 5.381, so the untrained weights of epoch 0 are kept and "
            "this stage changed nothing; train for more epochs (train_head.epochs) or with other learning rates "
            "(train_head.optimizer)",
        ),
        (
            replace(UNTRAINED, epochs=0),
            "finetune: finetune.epochs is 0, so the weights are those before training",
        ),
        (
            replace(IMPROVED, kept_by="val_loss"),
            "finetune: val_map_at_r could not be measured on val, so the epoch is chosen by val_loss; kept epoch 3 of "
            "4, the best by val_loss 5.381 before training, 5.32 kept",
        ),
        (
            replace(IMPROVED, keep_best_by="last", kept_by="last", kept_epoch=4),
            "finetune: kept epoch 4, the last; val_loss 5.381 before training, 5.32 now, val_map_at_r 0.5588 before "
            "training, 0.7 now",
        ),
    ],
    ids=["improved", "untrained", "untrained_head", "no_epochs", "not_measured", "last"],
)
def test_a_summary_says_in_one_line_what_was_kept(summary, text):
    assert summary.describe() == text


def test_a_last_epoch_that_is_worse_than_no_training_says_so():
    summary = replace(UNTRAINED, keep_best_by="last", kept_by="last", kept_epoch=4, kept={**BEFORE, "val_loss": 6.0})
    assert "no val metric is better than before training" in summary.describe()


def test_a_written_summary_is_read_again(tmp_path):
    write_training_summary(tmp_path / "training.json", UNTRAINED)
    assert read_training_summary(tmp_path / "training.json") == UNTRAINED


@pytest.mark.parametrize(
    "changes",
    [{"kept_epoch": "0"}, {"improved": 1}, {"kept": {}}, {"kept": {**BEFORE, "val_loss": "low"}}, {"stage": None}],
    ids=["text_for_number", "number_for_bool", "no_metrics", "text_for_metric", "null_for_text"],
)
def test_a_summary_of_another_form_is_rejected(tmp_path, changes):
    path = tmp_path / "training.json"
    path.write_text(json.dumps(asdict(UNTRAINED) | changes))
    with pytest.raises(ContractError, match=rf"training.json: {next(iter(changes))}: got .*; run the training stage"):
        read_training_summary(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stage": "finetune"}'])
def test_a_file_that_is_no_summary_is_rejected(tmp_path, text):
    (tmp_path / "training.json").write_text(text)
    with pytest.raises(ContractError, match=r"training.json: .*run the training stage again"):
        read_training_summary(tmp_path / "training.json")


def test_the_tags_of_a_run_name_the_kept_epoch():
    assert UNTRAINED.to_tags() == {
        "finetune.kept_by": "val_map_at_r", "finetune.kept_epoch": "0", "finetune.improved": "false",
    }  # fmt: skip
