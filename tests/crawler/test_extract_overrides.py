"""Overrides (shops/<host>.yaml) are validated, win over all extractors, and are each tested on a saved page."""

import json
from pathlib import Path

import pytest

from crawler.extract import combine
from crawler.overrides import load_override
from crawler.page import document
from weft.commands.extract import to_json_line
from weft.errors import ShopError

ROOT = Path(__file__).parents[2]
SHOPS = sorted((ROOT / "shops").glob("*.yaml"))
SAVED = Path(__file__).parent / "overrides"


@pytest.mark.parametrize("file", SHOPS, ids=lambda file: file.stem)
def test_every_override_extracts_the_expected_product_from_its_saved_page(file: Path) -> None:
    override = load_override(file.stem, ROOT / "shops")
    page, expected = SAVED / f"{file.stem}.html", SAVED / f"{file.stem}.json"
    assert page.is_file(), f"{page}: save a page of the shop there"
    assert expected.is_file(), (
        f"{expected}: write there the keys url and product, the latter as `weft extract` prints it"
    )
    expectation = json.loads(expected.read_text(encoding="utf-8"))
    product = combine.extract_product(
        document.parse_html(document.decode_html(page.read_bytes()), expectation["url"]), override
    )
    assert product is not None
    assert json.loads(to_json_line(product)) == expectation["product"]


def write_override(folder: Path, text: str) -> Path:
    (folder / "shop.example.yaml").write_text(text, encoding="utf-8")
    return folder


def test_selectors_win_over_all_extractors_and_are_named_as_source(tmp_path: Path) -> None:
    override = load_override(
        "www.shop.example",
        write_override(
            tmp_path,
            "selectors:\n  title: '.real-name'\n  photos: '.big::attr(data-file)'\n  category: '.path b'\n"
            "  description: '.words'\nid: '/item/(\\d+)'\n",
        ),
    )
    html = (
        '<script type="application/ld+json">{"@type": "Product", "name": "Wrong", "sku": "W", "brand": "Kept"}</script>'
        "<h1>Wrong</h1><p class='real-name'>Right</p><i class='big' data-file='/a.jpg'></i>"
        "<p class='path'><b>Women</b><b>Tops</b></p><div class='words'>All of <b>it</b>.</div>"
    )
    product = combine.extract_product_from_html(html, "https://shop.example/item/77", override)
    assert product is not None
    assert (product.item_id.value, product.item_id.source) == ("77", "override")
    assert (product.title.value, product.title.source) == ("Right", "override")
    assert product.description is not None
    assert product.description.value == "All of <b>it</b>."
    assert product.brand is not None
    assert (product.brand.value, product.brand.source) == ("Kept", "json-ld")
    assert [path.value for path in product.categories] == ["Women > Tops"]
    assert product.photos[0].value.url == "https://shop.example/a.jpg"


def test_a_page_on_which_every_selector_matches_is_a_product_page(tmp_path: Path) -> None:
    override = load_override(
        "shop.example", write_override(tmp_path, "selectors: {title: h2, photos: 'img::attr(src)'}")
    )
    assert (
        combine.extract_product_from_html("<h2>Hat</h2><img src='/a.jpg'>", "https://shop.example/a", override)
        is not None
    )
    assert combine.extract_product_from_html("<h2>About us</h2>", "https://shop.example/a", override) is None


def test_allow_and_deny_decide_which_pages_are_requested(tmp_path: Path) -> None:
    override = load_override(
        "shop.example", write_override(tmp_path, "allow: [/p/, /c/]\ndeny: ['\\?sort=']\nrate: 0.5")
    )
    assert override is not None
    assert override.rate == 0.5
    allowed = [override.allows(f"https://shop.example{path}") for path in ("/p/1", "/about", "/c/x?sort=price")]
    assert allowed == [True, False, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strat: [https://x.example/]", "strat"),
        ("start: [ftp://x.example/]", "start.0"),
        ("selectors: {titel: h1}", "titel"),
        ("selectors: {title: 'h1['}", "CSS"),
        ("deny: ['(']", "regular expression"),
        ("id: 'no-group'", "one group"),
        ("rate: 0", "rate"),
        ("- a list", "shop.example.yaml"),
        ("a: [", "YAML"),
    ],
)
def test_the_error_of_an_invalid_override_names_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ShopError, match=r"shop\.example\.yaml") as error:
        load_override("shop.example", write_override(tmp_path, text))
    assert message in str(error.value)


@pytest.mark.parametrize("host", ["nobody.example", "../etc", "", ".hidden", "a/b"])
def test_a_host_without_a_file_has_no_override(tmp_path: Path, host: str) -> None:
    assert load_override(host, tmp_path) is None
