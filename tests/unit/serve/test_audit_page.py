import re

import pytest

from weft.serve.audit_cases import AuditCases
from weft.tagging.verdicts import JudgedCase

pytestmark = pytest.mark.slow

CONTRADICTION = {"kind": "contradicted", "product_id": "shop0/0", "predicted_word": "green", "text_word": "red"}
MISSING = {"kind": "missing", "product_id": "shop0/1", "predicted_word": "dress"}
TEXT_WRONG = "The text is wrong"


def read_verdicts(client):
    """The verdicts as the API exports them: (kind, product, predicted word, text word, verdict)."""
    lines = client.get("/v1/verdicts").text.splitlines()
    return [tuple(line.split("\t")[:-1]) for line in lines[1:]]


def test_a_contradiction_is_shown_with_its_photos_and_two_buttons(audit_client):
    page = audit_client.get("/audit").text
    assert re.search(r"The text says <q><bdi>red</bdi></q>, the photos show <q><bdi>green</bdi></q>", page)
    assert page.index("/photos/shop0/0%231") < page.index("/photos/shop0/0%230")
    assert TEXT_WRONG in page
    assert "The text is right" in page
    assert "products with the word “green”" in page


def test_photos_that_the_catalogue_has_not_are_left_out(audit_client):
    page = audit_client.get("/audit").text
    assert "/photos/shop1/2%230" in page
    assert "gone" not in page


def test_titles_are_escaped_and_a_url_that_is_not_of_the_web_is_no_link(audit_client):
    page = audit_client.get("/audit?kind=missing").text
    assert "Grünes &lt;b&gt;Kleid&lt;/b&gt; für Überraschungsgäste" in page
    assert "javascript:" not in page


def test_the_page_has_no_inline_script_and_each_button_names_its_case(audit_client):
    page = audit_client.get("/audit").text
    assert re.findall(r"<script(?! src=)|\son\w+=|style=|https?://(?!shop\.example)", page) == []
    for button in re.findall(r"<button name=\"verdict\"[^>]*>", page):
        described_by = re.search(r'aria-describedby="([\w -]+)"', button)[1].split()
        assert [f'id="{name}"' in page for name in described_by] == [True, True]


@pytest.mark.parametrize("verdict", ["accepted", "rejected"])
def test_a_form_without_a_script_stores_a_verdict_and_shows_the_same_list_again(audit_client, verdict):
    response = audit_client.post("/audit", data={**CONTRADICTION, "verdict": verdict, "page": "1"})
    assert response.status_code == 303
    assert response.headers["location"] == "/audit?kind=contradicted&word=&page=1&show=open"
    assert TEXT_WRONG not in audit_client.get(response.headers["location"]).text
    judged = audit_client.get("/audit?kind=contradicted&show=judged").text
    assert f'data-verdict="{verdict}"' in judged
    assert read_verdicts(audit_client) == [("contradicted", "shop0/0", "green", "red", verdict)]


def test_the_api_stores_and_withdraws_a_verdict(audit_client):
    response = audit_client.post("/v1/verdicts", data={**MISSING, "verdict": "accepted"})
    assert response.json() == {"verdict": "accepted", "judged": 1, "cases": 1}
    assert read_verdicts(audit_client) == [("missing", "shop0/1", "dress", "", "accepted")]
    response = audit_client.post("/v1/verdicts", data={**MISSING, "verdict": "withdrawn"})
    assert response.json() == {"verdict": "withdrawn", "judged": 0, "cases": 1}
    assert read_verdicts(audit_client) == []


def test_tags_of_words_with_a_threshold_are_drawn_from_test_products_in_a_fixed_order(audit, audit_client, catalogue):
    word = catalogue.model.words[0]
    cases = list(audit.cases.by_kind["tag"])
    assert {case.product_id for case in cases} == {"shop0/0", "shop0/1", "shop1/2", "shop1/3"}
    assert {case.predicted_word for case in cases} == {word}
    assert cases != sorted(cases)
    page = audit_client.get("/audit?kind=tag").text
    assert page.count(f"Do the photos show <q><bdi>{word}</bdi></q>?") == 4
    assert "products with the word" not in page
    case = cases[0]
    form = {"kind": "tag", "product_id": case.product_id, "predicted_word": word, "verdict": "accepted"}
    assert audit_client.post("/v1/verdicts", data=form).json()["judged"] == 1
    assert f"{word} (1 of 4 judged)" in audit_client.get("/audit?kind=tag").text


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"predicted_word": "blue"}, 404),
        ({"product_id": "shop0/1"}, 404),
        ({"text_word": ""}, 422),
        ({"text_word": "re\td"}, 422),
        ({"kind": "wrong"}, 422),
        ({"verdict": "perhaps"}, 422),
        ({"predicted_word": "x" * 501}, 422),
    ],
)
@pytest.mark.parametrize("path", ["/audit", "/v1/verdicts"])
def test_only_cases_of_the_audit_can_be_judged(audit_client, path, change, status):
    response = audit_client.post(path, data={**CONTRADICTION, "verdict": "accepted", **change})
    assert response.status_code == status
    assert read_verdicts(audit_client) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://attacker.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9"},
    ],
)
def test_a_page_of_another_site_cannot_judge(audit_client, headers):
    form = {**CONTRADICTION, "verdict": "accepted"}
    assert audit_client.post("/audit", data=form, headers=headers).status_code == 403
    assert read_verdicts(audit_client) == []


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://127.0.0.1:8000"}, {}])
def test_the_page_itself_and_programs_can_judge(audit_client, headers):
    form = {**CONTRADICTION, "verdict": "accepted"}
    assert audit_client.post("/audit", data=form, headers=headers).status_code == 303


@pytest.mark.parametrize("page", ["0", "x", "1e9", "-1", "99999999999999999999"])
def test_a_page_number_that_is_none_is_refused(audit_client, page):
    assert audit_client.get(f"/audit?page={page}").status_code == 422


def test_a_page_after_the_last_shows_the_last(audit_client):
    assert TEXT_WRONG in audit_client.get("/audit?page=9").text


def test_without_an_audit_the_page_says_how_to_make_one(catalogue, served_files, tmp_path):
    cases = AuditCases.read(tmp_path, served_files.embeddings, catalogue.products, catalogue.tagger)
    assert not cases.has_audit
    assert {kind: len(found) for kind, found in cases.by_kind.items()} == {"contradicted": 0, "missing": 0, "tag": 0}
    assert JudgedCase("tag", "shop0/0", "red") not in cases


def test_search_links_to_the_audit_only_if_there_is_one(client, audit_client):
    assert 'href="/audit"' in audit_client.get("/").text
    assert 'href="/audit"' not in client.get("/").text
    assert client.get("/audit").status_code == 404
