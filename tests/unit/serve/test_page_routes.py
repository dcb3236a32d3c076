import re

import pytest

MAX_PAGE_BYTES = 150_000


def read_title_links(page):
    return re.findall(r'<h3><a href="([^"]*)"', page)


def test_the_page_and_its_files_are_small_and_name_no_other_host(client):
    responses = [client.get(path) for path in ("/", "/static/page.css", "/static/page.js", "/static/icon.svg", "/docs")]
    assert {response.status_code for response in responses} == {200}
    assert sum(len(response.content) for response in responses) < MAX_PAGE_BYTES
    text = "".join(response.text for response in responses).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert re.findall(r"https?://", text) == []


def test_the_policy_allows_no_inline_script_and_no_other_host(client):
    response = client.get("/")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert re.findall(r"<script(?! src=)|\son\w+=|style=", response.text) == []


def test_a_form_with_a_photo_and_words_shows_products_and_tags_without_a_script(client, upload):
    page = client.post("/", files=upload("red"), data={"text": "dress", "photo_weight": "1", "min_price": ""}).text
    assert "4 products, the most similar first" in page
    assert read_title_links(page)[0] == "https://shop.example/0"
    assert "10.00 EUR" in page
    assert "What the photo shows" in page
    assert "/photos/shop0/0%230" in page


def test_titles_are_escaped_and_of_any_script_and_a_url_that_is_not_of_the_web_is_no_link(client):
    page = client.get("/", params={"text": "red"}).text
    assert "Grünes &lt;b&gt;Kleid&lt;/b&gt; für Überraschungsgäste" in page
    assert "파란색 스트라이프 셔츠" in page
    assert "黒いネクタイ" in page
    assert "javascript:" not in page


def test_more_like_this_searches_with_a_photo_of_the_catalogue(client):
    page = client.get("/", params={"like": "shop1/3#1", "shop": "shop1"}).text
    assert "2 products" in page
    assert page.index("shop1/3%231") < page.index("shop1/2")


def test_not_this_colour_leaves_out_a_colour_until_it_is_unchecked(client):
    page = client.get("/", params={"text": "red"}).text
    assert re.search(r'form="search" name="not_colour" value="Red">Not this colour', page)
    page = client.post("/", data={"text": "red", "not_colour": ["Red", "Red", ""]}).text
    assert "3 products" in page
    assert "Red dress" not in page
    assert re.findall(r'type="checkbox" form="search" name="not_colour" value="(\w+)" checked', page) == ["Red"]


def test_filters_that_leave_nothing_say_so(client):
    assert "No product passes these filters" in client.get("/", params={"text": "red", "category": "shoes"}).text


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"text": "gren"}, "similar words: green"),
        ({"text": "red", "min_price": "cheap"}, "min price: expected a number"),
        ({"text": "red", "max_price": "nan"}, "max price: expected a number"),
        ({"like": "<script>"}, "the catalogue has no photo &#39;&lt;script&gt;&#39;"),
    ],
)
def test_an_error_is_shown_on_the_page_beside_what_was_typed(client, params, message):
    response = client.get("/", params=params)
    assert response.status_code == 422
    assert message in response.text
    assert 'role="alert"' in response.text
    if "text" in params:
        assert f'value="{params["text"]}"' in response.text


def test_a_file_that_is_no_photo_is_an_error_on_the_page(client):
    response = client.post("/", files={"photo": ("a.jpg", b"no photo", "image/jpeg")})
    assert response.status_code == 422
    assert "cannot be decoded" in response.text
