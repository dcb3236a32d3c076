import re
import xml.etree.ElementTree as ET

import pytest

from weft.errors import ContractError
from weft.report.charts import loss_curve
from weft.report.pipeline import read_history

HEADER = "epoch,train_loss,val_loss,learning_rate"


def read_history_text(tmp_path, text):
    path = tmp_path / "history.csv"
    path.write_text(text, encoding="utf-8")
    return read_history("finetune", path)


def test_unknown_columns_follow_the_known_ones(tmp_path):
    history = read_history_text(tmp_path, "seconds,epoch,train_loss,val_loss,learning_rate\n9,1,6.5,,0.1\n")
    assert history.columns == ("epoch", "train_loss", "val_loss", "learning_rate", "seconds")
    assert history.rows == ((1.0, 6.5, None, 0.1, 9.0),)


def test_the_model_before_training_has_only_a_val_loss(tmp_path):
    history = read_history_text(tmp_path, f"{HEADER}\n0,,8.1,0.1\n1,6.5,6.4,0.1\n")
    assert history.column("train_loss") == [None, 6.5]
    assert loss_curve(history).count("<use") > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the column epoch"),
        ("epoch,train_loss\n1,2\n", "lacks the column val_loss, learning_rate"),
        (f"{HEADER}\n", "expected at least one epoch, got none"),
        (f"{HEADER}\n1,2,3\n", "line 2: expected 4 cells, got 3"),
        (f"{HEADER}\n,2,3,4\n", "line 2: epoch: expected a finite number, got ''"),
        (f"{HEADER}\n1,nan,3,4\n", "line 2: train_loss: expected a finite number, got 'nan'"),
        (f"{HEADER}\n1,2,3,fast\n", "line 2: learning_rate: expected a finite number, got 'fast'"),
    ],
)
def test_a_broken_history_names_the_line(tmp_path, text, message):
    with pytest.raises(ContractError, match=re.escape(message)):
        read_history_text(tmp_path, text)


def test_a_chart_is_deterministic_and_well_formed(tmp_path):
    history = read_history_text(tmp_path, f"{HEADER}\n1,6.5,6.4,0.1\n2,6.0,6.1,0.1\n")
    curve = loss_curve(history)
    assert curve == loss_curve(history)
    assert ET.fromstring(curve).tag == "svg"
    assert not re.search(r"#0102|<style|DejaVu|//", curve)
    assert {"train", "val", "epoch", "loss (lower is better)"} <= {t.text for t in ET.fromstring(curve).iter("text")}


def test_a_chart_without_val_losses_draws_only_train(tmp_path):
    curve = loss_curve(read_history_text(tmp_path, f"{HEADER}\n1,6.5,,0.1\n"))
    assert "val" not in {t.text for t in ET.fromstring(curve).iter("text")}


def test_two_charts_share_no_id(tmp_path):
    history = read_history_text(tmp_path, f"{HEADER}\n1,6.5,6.4,0.1\n")
    other = type(history)("train_head", history.columns, history.rows)
    ids = [set(re.findall(r'\sid="([^"]*)"', loss_curve(h))) for h in (history, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
