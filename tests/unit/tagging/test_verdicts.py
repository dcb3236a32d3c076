import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft import params, tables
from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS, JUDGED_TAGS, MISMATCHES
from weft.errors import ContractError, InputError
from weft.tagging import audit as audit_module
from weft.tagging.audit import audit
from weft.tagging.calibrate import calibrate
from weft.tagging.verdicts import JudgedCase, JudgedWords, Verdict, format_verdicts, read_verdicts, write_verdicts

HEADER = "kind\tproduct_id\tpredicted_word\ttext_word\tverdict\tjudged_at\n"
LINE = "contradicted\talder/1\tred\tblue\taccepted\t2026-11-28T13:40:00Z\n"
TIME = "2026-11-28T13:40:00Z"
TEXTS = st.text(st.characters(exclude_characters="\t\n\r\0", codec="utf-8"), min_size=1).filter(str.strip)


@pytest.fixture
def run_audit(monkeypatch, settings, search, tmp_path):
    """Audits a shop, with verdicts; returns the counts and the doubtful words of each mismatch."""
    monkeypatch.setattr(audit_module, "draw_mismatch_sheet", lambda rows: b"sheet")  # photos here are not JPEGs

    def run(shop, verdicts):
        inputs = shop.inputs
        if not inputs.calibration.exists():
            shop.write()
            calibrate(inputs.documents, inputs.embeddings, inputs.model, settings, inputs.calibration)
        counts = audit(inputs, params.Audit(5, 1), search, tmp_path / "audit", verdicts=verdicts)
        rows = tables.read_table(tmp_path / "audit" / files.MISMATCHES, MISMATCHES).to_pylist()
        return counts, [(row["product_id"], row["predicted_word"], row["text_word"]) for row in rows]

    return run


def run_calibrate(shop, settings, verdicts):
    inputs = shop.inputs
    calibrate(inputs.documents, inputs.embeddings, inputs.model, settings, inputs.calibration, verdicts)
    rows = tables.read_table(inputs.calibration / files.CALIBRATED_WORDS, CALIBRATED_WORDS).to_pylist()
    return {row["word"]: row for row in rows}


def judge_tags(shop, word, accepted, judged):
    """Verdicts on the first products whose photos show a word, of which the first are accepted."""
    shown = [n for n, product in enumerate(shop.products) if word in product.photo_words[0]]
    return {
        JudgedCase("tag", f"alder/{n:04}", word): Verdict(position < accepted, TIME)
        for position, n in enumerate(shown[:judged])
    }


@settings(max_examples=50)
@given(
    cases=st.sets(
        st.builds(JudgedCase, st.just("contradicted"), TEXTS, TEXTS, TEXTS)
        | st.builds(JudgedCase, st.sampled_from(["missing", "tag"]), TEXTS, TEXTS),
        max_size=4,
    ),
    is_accepted=st.booleans(),
)
def test_what_is_written_is_read_again(tmp_path_factory, cases, is_accepted):
    path = tmp_path_factory.getbasetemp() / "verdicts.tsv"
    verdicts = {case: Verdict(is_accepted, TIME) for case in cases}
    write_verdicts(path, verdicts)
    assert read_verdicts(path) == verdicts


def test_equal_verdicts_are_equal_files():
    cases = [JudgedCase("tag", "alder/2", "red"), JudgedCase("missing", "alder/1", "red")]
    first, second = ({case: Verdict(True, TIME) for case in order} for order in (cases, cases[::-1]))
    assert format_verdicts(first) == format_verdicts(second)


def test_a_file_that_a_spreadsheet_saved_is_read(tmp_path):
    path = tmp_path / "verdicts.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + LINE + "\n").replace("\n", "\r\n").encode())
    assert read_verdicts(path) == {JudgedCase("contradicted", "alder/1", "red", "blue"): Verdict(True, TIME)}


@pytest.fixture
def default_field_limit():
    """The limit of a new process: reading feeds sets a higher one, for the whole process."""
    limit = csv.field_size_limit(131_072)
    yield
    csv.field_size_limit(limit)


@pytest.mark.usefixtures("default_field_limit")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the columns kind, product_id"),
        ("kind,product_id\n", "line 1: expected the columns"),
        (HEADER + "tag\talder/1\n", "line 2: expected 6 columns, got 2"),
        (HEADER + LINE.replace("accepted", "perhaps"), "line 2: verdict: expected accepted or rejected, got 'perhaps'"),
        (HEADER + LINE.replace("contradicted", "wrong"), "line 2: kind: expected contradicted, missing, tag"),
        (HEADER + LINE.replace("T13", " 13"), "line 2: judged_at: expected a time such as"),
        (HEADER + LINE.replace("blue", ""), "line 2: text_word: expected a word"),
        (HEADER + LINE.replace("contradicted", "tag"), "line 2: text_word: expected a word only"),
        (HEADER + LINE + LINE, "line 3: expected one verdict for each case"),
        (HEADER + "x" * 200_000, "line 2: field larger than field limit"),
    ],
)
def test_a_file_that_is_not_as_written_names_the_line(tmp_path, text, message):
    path = tmp_path / "verdicts.tsv"
    path.write_text(text)
    with pytest.raises(ContractError, match=message):
        read_verdicts(path)


def test_a_missing_file_names_the_command_that_writes_it(tmp_path):
    with pytest.raises(ContractError, match="`weft verdicts` writes this file"):
        read_verdicts(tmp_path / "verdicts.tsv")


@pytest.mark.parametrize("word", ["re\td", "re\nd", "", " "])
def test_a_word_that_no_line_can_hold_is_refused(word):
    with pytest.raises(InputError, match="predicted_word"):
        JudgedCase("tag", "alder/1", word)


@pytest.mark.parametrize(
    ("case", "left_out", "kept"),
    [
        (JudgedCase("tag", "a/1", "shirt"), ("shirts", None), ("shirt", "dress")),
        (JudgedCase("missing", "a/1", "shirt"), ("shirt", None), ("red", None)),
        (JudgedCase("contradicted", "a/1", "shirt", "dress"), ("coat", "dress"), ("shirt", "coat")),
        (JudgedCase("contradicted", "a/1", "shirt", "dress"), ("shirt", None), ("dress", None)),
    ],
)
def test_the_doubtful_word_that_people_judged_is_left_out(case, left_out, kept):
    words = JudgedWords([case])
    assert words.leaves_out("a/1", *left_out)
    assert not words.leaves_out("a/1", *kept)
    assert not words.leaves_out("a/2", *left_out)
    assert words.num_left_out == 1


@pytest.mark.parametrize("is_accepted", [True, False])
def test_the_audit_leaves_out_what_was_judged_and_counts_it(consistent_shop, run_audit, is_accepted):
    consistent_shop.add(1, "blue shirt", "red shirt")
    consistent_shop.add(1, "shirt", "red shirt")
    counts, mismatches = run_audit(consistent_shop, {})
    assert len(mismatches) == 2
    assert "judged" not in counts
    product_id, predicted_word, text_word = mismatches[0]
    case = JudgedCase("contradicted", product_id, predicted_word, text_word)
    counts, remaining = run_audit(consistent_shop, {case: Verdict(is_accepted, TIME)})
    assert remaining == mismatches[1:]
    assert counts["judged"] == 1


def test_without_verdicts_calibrate_writes_what_it_wrote_before_people_judged(consistent_shop, settings):
    consistent_shop.write()
    run_calibrate(consistent_shop, settings, {})
    folder = consistent_shop.inputs.calibration
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert files.JUDGED_TAGS not in before
    mismatch = {JudgedCase("missing", "alder/0000", "red"): Verdict(False, TIME)}
    run_calibrate(consistent_shop, settings, mismatch)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_precision_by_people_stands_beside_that_by_texts(consistent_shop, settings):
    consistent_shop.write()
    verdicts = judge_tags(consistent_shop, "red", 9, 10) | {
        JudgedCase("tag", "alder/gone", "red"): Verdict(False, TIME),
        JudgedCase("tag", "alder/0000", "no such word"): Verdict(False, TIME),
    }
    words = run_calibrate(consistent_shop, settings, verdicts)
    assert words["red"]["threshold"] is not None
    (row,) = tables.read_table(consistent_shop.inputs.calibration / files.JUDGED_TAGS, JUDGED_TAGS).to_pylist()
    assert (row["word"], row["judged"], row["accepted"]) == ("red", 10, 9)
    assert 0.6 < row["precision_lower_bound"] < 0.9 < row["precision_upper_bound"] < 1


@pytest.mark.parametrize(("accepted", "judged", "keeps"), [(4, 10, False), (4, 9, True), (8, 10, True)])
def test_a_word_loses_its_threshold_only_if_enough_verdicts_prove_it_to_be_wrong(
    consistent_shop, settings, accepted, judged, keeps
):
    consistent_shop.write()
    words = run_calibrate(consistent_shop, settings, judge_tags(consistent_shop, "red", accepted, judged))
    assert (words["red"]["threshold"] is not None) == keeps
    assert words["red"]["reject_reason"] == ("" if keeps else "people rejected its tags")
    assert (words["red"]["test_predicted"] > 0) == keeps


def test_verdicts_on_products_below_the_threshold_are_not_counted(consistent_shop, settings):
    consistent_shop.write()
    blue = judge_tags(consistent_shop, "blue", 0, 20)
    verdicts = {JudgedCase("tag", case.product_id, "red"): verdict for case, verdict in blue.items()}
    words = run_calibrate(consistent_shop, settings, verdicts)
    assert words["red"]["threshold"] is not None
