"""shops/<host>.yaml: checked as params are, before every layer, and each beside a saved page of its shop."""

import json
from pathlib import Path

import pytest

from crawler.extract import combine, document
from crawler.overrides import load_override
from weft.commands.extract import to_json_line
from weft.errors import ShopError

ROOT = Path(__file__).parents[2]
SHOPS = sorted((ROOT / "shops").glob("*.yaml"))
SAVED = Path(__file__).parent / "overrides"


@pytest.mark.parametrize("file", SHOPS, ids=lambda file: file.stem)
def test_every_override_reads_its_saved_page_as_expected(file: Path) -> None:
    override = load_override(file.stem, ROOT / "shops")
    page, expected = SAVED / f"{file.stem}.html", SAVED / f"{file.stem}.json"
    assert page.is_file(), f"{page}: save a page of the shop there"
    assert expected.is_file(), f"{expected}: write there what is expected: url, product as `weft extract` prints it"
    wanted = json.loads(expected.read_text(encoding="utf-8"))
    found = combine.extract_product(
        document.parse_html(document.decode_html(page.read_bytes()), wanted["url"]), override
    )
    assert found is not None
    assert json.loads(to_json_line(found)) == wanted["product"]


def write_override(folder: Path, text: str) -> Path:
    (folder / "shop.example.yaml").write_text(text, encoding="utf-8")
    return folder


def test_selectors_come_before_every_layer_and_are_told_as_such(tmp_path: Path) -> None:
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
    found = combine.extract_product_from_html(html, "https://shop.example/item/77", override)
    assert found is not None
    assert (found.item_id.value, found.item_id.source) == ("77", "override")
    assert (found.title.value, found.title.source) == ("Right", "override")
    assert found.description is not None
    assert found.description.value == "All of <b>it</b>."
    assert found.brand is not None
    assert (found.brand.value, found.brand.source) == ("Kept", "json-ld")
    assert [path.value for path in found.categories] == ["Women > Tops"]
    assert found.photos[0].value.url == "https://shop.example/a.jpg"


def test_a_page_where_every_selector_finds_something_is_a_product_s(tmp_path: Path) -> None:
    override = load_override(
        "shop.example", write_override(tmp_path, "selectors: {title: h2, photos: 'img::attr(src)'}")
    )
    assert (
        combine.extract_product_from_html("<h2>Hat</h2><img src='/a.jpg'>", "https://shop.example/a", override)
        is not None
    )
    assert combine.extract_product_from_html("<h2>About us</h2>", "https://shop.example/a", override) is None


def test_allow_and_deny_say_which_pages_may_be_asked(tmp_path: Path) -> None:
    override = load_override(
        "shop.example", write_override(tmp_path, "allow: [/p/, /c/]\ndeny: ['\\?sort=']\nrate: 0.5")
    )
    assert override is not None
    assert override.rate == 0.5
    asked = [override.allows(f"https://shop.example{path}") for path in ("/p/1", "/about", "/c/x?sort=price")]
    assert asked == [True, False, False]


@pytest.mark.parametrize(
    ("text", "named"),
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
def test_what_no_override_may_say_is_told_with_its_key(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ShopError, match=r"shop\.example\.yaml") as told:
        load_override("shop.example", write_override(tmp_path, text))
    assert named in str(told.value)


@pytest.mark.parametrize("host", ["nobody.example", "../etc", "", ".hidden", "a/b"])
def test_a_host_without_a_file_has_no_override(tmp_path: Path, host: str) -> None:
    assert load_override(host, tmp_path) is None
