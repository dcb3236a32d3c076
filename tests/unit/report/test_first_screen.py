import re

import pytest

from weft.report.build import write_report

pytestmark = pytest.mark.slow

RETRIEVAL = {"frozen backbone": {"recall_at_10": 0.734}, "finetuned": {"recall_at_10": 0.967}}
TEXT_TO_PRODUCT = {"head only": {"recall_at_10": 0.589}, "finetuned": {"recall_at_10": 0.434}}
LOSS = {"finetuned": {"head only": {"recall_at_10": [-0.155, -0.24, -0.078]}}}


def read_first_screen(inputs) -> str:
    """Return the text of the page before the section about search."""
    write_report(["catalogue"], inputs.report_inputs, inputs.folder / "out")
    page = (inputs.folder / "out" / "index.html").read_text(encoding="utf-8")
    page = page[page.index("<header>") : page.index('<section id="search">')]
    return " ".join(re.sub(r"<[^>]+>", "", re.sub(r"<template>.*?</template>", "", page, flags=re.DOTALL)).split())


def test_the_first_screen_says_what_the_search_does_in_plain_words(inputs):
    inputs.add(metrics={"reader": "catalogue", "tables": {"retrieval": RETRIEVAL}})
    text = read_first_screen(inputs)
    assert "the right product is among the first ten 97 times of 100 (73 before training)" in text
    assert "1,300 photos of 320 products" in text
    assert "400 photos of 110 other products" in text
    assert "Worse after training" not in text


def test_a_result_that_got_worse_comes_first(inputs):
    tables = {"retrieval": RETRIEVAL, "text_to_product": TEXT_TO_PRODUCT}
    inputs.add(metrics={"reader": "catalogue", "tables": tables, "differences": {"text_to_product": LOSS}})
    text = read_first_screen(inputs)
    loss = "a photo of this product is among the first ten 43 times of 100 (59 before the image network"
    assert text.index("Worse after training") < text.index(loss) < text.index("the right product is")
    assert "is catalogue, text to product, recall at 10: 58.9 to 43.4 (−15.5) ▼" in text


def test_the_first_screen_shows_trusted_words_and_doubtful_texts(filled):
    text = read_first_screen(filled)
    trusted = "It can be trusted with 1 word as tags, which it gives to products from their photos alone."
    assert f"{trusted} Of 100 such tags, 75 are in the shop’s own text. denim" in text
    assert "1 product of 450 has a doubtful text: once the photos contradict a word, once the text lacks a word" in text


def test_without_mismatches_no_product_is_doubtful(inputs):
    inputs.add()
    assert "No product has a text that its photos put in doubt" in read_first_screen(inputs)


def test_the_strips_show_the_photos_of_the_finetuned_model(filled):
    write_report(["catalogue"], filled.report_inputs, filled.folder / "out")
    page = (filled.folder / "out" / "index.html").read_text(encoding="utf-8")
    strips = page[page.index('<div class="strips">') : page.index('<section id="search">')]
    assert 'aria-label="Nearest 1, right: Red shirt"' in strips
    assert 'aria-label="Nearest 1, not right: Red shirt"' not in strips


def test_an_untrained_network_that_was_kept_is_the_first_thing_said(inputs):
    inputs.add()
    inputs.add_training_summary(kept_epoch=0, improved=False)
    text = read_first_screen(inputs)
    assert "Training did not help: no epoch was better than the network before training" in text
    assert text.index("Training did not help") < text.index("Shown a photo")
    summary = (inputs.folder / "out" / "results.md").read_text(encoding="utf-8")
    assert summary.startswith("# Results\n\n**Training did not help: no epoch was better")


def test_a_kept_network_that_is_no_better_is_said(inputs):
    inputs.add()
    inputs.add_training_summary(kept_epoch=2, improved=False)
    assert "no better on the products set aside for checking" in read_first_screen(inputs)
