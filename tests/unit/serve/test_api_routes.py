from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FORM_NAMES = [
    *("text", "like", "photo_weight", "k", "group_by", "shop"),
    *("category", "colour", "not_colour", "min_price", "max_price"),
    *("kind", "product_id", "predicted_word", "text_word", "verdict"),
]
HOSTILE_VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["nan", "inf", "-1", "1e999", "0", "1", "photo", "product", "shop0/0#0", "tag", "\0", "\ud800"]),
)


def list_products(response):
    assert response.status_code == 200, response.text
    return [item["product_id"] for item in response.json()["results"]]


@pytest.mark.parametrize(("colour", "product"), [("red", "shop0/0"), ("black", "shop1/3")])
def test_a_photo_finds_the_products_that_look_like_it_with_all_their_photos(client, upload, colour, product):
    found = client.post("/v1/search", files=upload(colour)).json()["results"]
    assert len(found) == 4
    assert found[0]["product_id"] == product
    assert sorted(photo["photo_id"] for photo in found[0]["photos"]) == [f"{product}#0", f"{product}#1"]
    assert (found[0]["similarity"], found[0]["similarity_words"]) == (pytest.approx(1, abs=1e-3), "very similar")
    assert [item["similarity"] for item in found] == sorted((item["similarity"] for item in found), reverse=True)


def test_words_find_what_the_index_finds(client, catalogue):
    vector = catalogue.model.embed_text("red dress")[0]
    expected = [hits[0].product_id for hits in catalogue.search_index.find_products(vector, 3)]
    assert list_products(client.post("/v1/search", data={"text": "red dress", "k": "3"})) == expected


@pytest.mark.parametrize(("weight", "first"), [("1", "shop1/3"), ("0", None)])
def test_the_weight_decides_between_photo_and_words(client, upload, weight, first):
    both = client.post("/v1/search", files=upload("black"), data={"text": "red", "photo_weight": weight})
    words = client.post("/v1/search", data={"text": "red"})
    assert list_products(both)[0] == (first or list_products(words)[0])


def test_a_photo_of_the_catalogue_finds_itself_first(client):
    assert list_products(client.post("/v1/search", data={"like": "shop1/2#1"}))[0] == "shop1/2"


@pytest.mark.parametrize(
    ("filters", "products"),
    [
        ({"shop": "shop1"}, {"shop1/2", "shop1/3"}),
        ({"shop": ["shop0", "shop1"]}, {"shop0/0", "shop0/1", "shop1/2", "shop1/3"}),
        ({"category": "DRESS"}, {"shop0/0", "shop0/1"}),
        ({"colour": "gre"}, {"shop0/1"}),
        ({"min_price": "15"}, {"shop0/1", "shop1/2"}),
        ({"min_price": "15", "max_price": "20", "category": "women"}, {"shop0/1"}),
        ({"shop": "no such shop"}, set()),
        ({"not_colour": ["RED", "blue"]}, {"shop0/1", "shop1/3"}),
    ],
)
def test_filters_leave_only_products_that_pass_all_of_them(client, filters, products):
    assert set(list_products(client.post("/v1/search", data={"text": "red", **filters}))) == products


def test_photos_are_found_one_by_one_if_they_are_not_grouped(client):
    found = client.post("/v1/search", data={"text": "red", "group_by": "photo", "k": "5"}).json()["results"]
    assert [len(item["photos"]) for item in found] == [1] * 5


def test_a_search_without_a_photo_and_words_is_refused(client):
    response = client.post("/v1/search")
    assert response.status_code == 422
    assert response.json()["error"] == "expected a photo, words, or both, got neither"
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_unknown_words_are_refused_with_similar_ones(client):
    response = client.post("/v1/search", data={"text": "gren"})
    assert response.status_code == 422
    assert "similar words: green" in response.json()["error"]


@pytest.mark.parametrize("path", ["/v1/search", "/v1/tag", "/v1/embed"])
@pytest.mark.parametrize("data", [b"", b"<html>", b"\xff\xd8\xff broken", b"GIF89a"])
def test_what_is_no_photo_is_refused(client, path, data):
    response = client.post(path, files={"photo": ("a.jpg", data, "image/jpeg")})
    assert response.status_code == 422
    assert "photo" in response.json()["error"]


def test_tags_are_those_of_the_model(client, catalogue, upload):
    tags = client.post("/v1/tag?top_k=3", files=upload("red")).json()["tags"]
    expected = catalogue.model.tag(upload("red")["photo"][1], top_k=3)
    assert [tag["word"] for tag in tags] == [tag.word for tag in expected]
    assert {tag["probability"] for tag in tags} == {None}


def test_an_embedding_is_that_of_the_model(client, catalogue, upload):
    embedding = client.post("/v1/embed", files=upload("red")).json()["embedding"]
    assert embedding == pytest.approx(catalogue.embed(upload("red")["photo"][1]).tolist(), abs=1e-4)


def test_a_product_has_its_photos_and_what_the_shop_says(client):
    product = client.get("/v1/products/shop0/0").json()
    assert (product["title"], product["price"], product["url"]) == ("Red dress", 10.0, "https://shop.example/0")
    picture = client.get(product["photos"][0]["url"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8")
    again = client.get(product["photos"][0]["url"], headers={"if-none-match": picture.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_url_that_is_not_of_the_web_is_left_out(client):
    assert client.get("/v1/products/shop1/3").json()["url"] is None


@pytest.mark.parametrize("path", ["/v1/products/x", "/photos/x", "/photos/../products.parquet", "/photos//etc/passwd"])
def test_only_what_the_catalogue_has_is_shown(client, path):
    assert client.get(path).status_code == 404


def test_the_state_of_the_server_can_be_read(make_client, catalogue):
    client = make_client()
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert ready == {"status": "ready", "model": catalogue.model.digest, "photos": 8, "products": 4}
    metrics = client.get("/metrics").text
    assert 'weft_requests_total{method="GET",route="/readyz",status="200"} 1.0' in metrics
    assert "weft_catalogue_photos 8.0" in metrics


def test_openapi_describes_every_route_of_the_api(client):
    paths = set(client.get("/openapi.json").json()["paths"])
    assert {"/v1/search", "/v1/tag", "/v1/embed", "/v1/products/{product_id}", "/healthz", "/readyz"} <= paths


@settings(max_examples=80)
@given(
    path=st.sampled_from(["/", "/audit", "/v1/search", "/v1/verdicts", "/v1/tag", "/login"]),
    form=st.dictionaries(st.sampled_from(FORM_NAMES), HOSTILE_VALUES, max_size=5),
    photo=st.none() | st.binary(max_size=60),
)
def test_no_form_makes_the_server_fail(fuzzed_client, path, form, photo):
    encoded = [(name, value.encode("utf-8", "surrogatepass")) for name, value in form.items()]
    files = [(name, (None, value)) for name, value in encoded]
    if photo is not None:
        files.append(("photo", ("p", photo)))
    assert fuzzed_client.post(path, files=files).status_code < 500


@settings(max_examples=40)
@given(
    path=st.sampled_from(["/", "/audit", "/v1/tag", "/v1/products/", "/photos/", "/static/"]),
    rest=st.text(st.characters(codec="utf-8"), max_size=20),
    query=st.dictionaries(
        st.sampled_from([*FORM_NAMES, "page", "show", "word", "top_k"]),
        HOSTILE_VALUES.filter(lambda text: text.isprintable()),
        max_size=4,
    ),
)
def test_no_address_makes_the_server_fail(fuzzed_client, path, rest, query):
    address = path + (quote(rest) if path.endswith("/") else "")
    assert fuzzed_client.get(address, params=query).status_code < 500


@settings(max_examples=60)
@given(
    path=st.sampled_from(["/", "/v1/search", "/v1/tag", "/login"]),
    body=st.binary(max_size=80),
    content_type=st.sampled_from(
        [
            *("", "text/plain", "application/json", "application/x-www-form-urlencoded"),
            *("multipart/form-data", "multipart/form-data; boundary=x"),
        ]
    ),
)
def test_no_body_makes_the_server_fail(client, path, body, content_type):
    multipart = b"--x\r\ncontent-disposition: form-data; name=" + body + b"\r\n\r\n1\r\n--x--\r\n"
    for content in (body, multipart):
        response = client.post(path, content=content, headers={"content-type": content_type})
        assert response.status_code < 500, response.text
