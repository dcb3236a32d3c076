"""The attributes that a page shows, and what it lets customers choose, which is no value of the product itself."""

import pytest

from crawler.extract.combine import extract_product_from_html

PHOTO = "<div class='product-gallery'><img src='/i/own.jpg'></div>"
BUTTON = "<button>Add to cart</button>"
OPTIONS = "<option value=''>Choose an option</option><option value='b'>Blue</option><option value='g'>Green</option>"
BLUE_AND_GREEN = [("Color", "Blue"), ("Color", "Green")]


def extract(body: str) -> tuple[str | None, list[tuple[str, str]]]:
    html = f"<body><h1>Linen Dress</h1>{PHOTO}{body}{BUTTON}</body>"
    product = extract_product_from_html(html, "https://shop.example/p/linen-dress")
    assert product is not None
    attributes = [(attribute.value.name, attribute.value.value) for attribute in product.attributes]
    return product.colour.value if product.colour else None, attributes


@pytest.mark.parametrize(
    "body",
    [
        f"<table><tr><th><label for=c>Color</label></th><td><select>{OPTIONS}</select><a>Clear</a></td></tr></table>",
        f"<table><tr><td>Color:</td><td><select>{OPTIONS}</select></td></tr></table>",
        f"<dl><dt>Color</dt><dd><select>{OPTIONS}</select></dd></dl>",
        f"<label for='c'>Color</label><select id='c'>{OPTIONS}</select>",
        f"<label>Color<select>{OPTIONS}</select></label>",
        f"<label>Color: <select>{OPTIONS}</select></label>",
        f"<div><span>Color:</span><div><select>{OPTIONS}</select></div></div>",
        f"<select aria-label='Color'>{OPTIONS}</select>",
        "<label for=c>Color</label><select id=c><option>Bitte wählen<option>Blue<option>Green</select>",
        "<label for='c'>Color</label><select id='c'><option>-- Select --</option><option>Blue (+5,00 €)</option>"
        "<option>Green - Sold out</option></select>",
        "<fieldset><legend>Color</legend><input type=radio name=c id=b><label for=b>Blue</label>"
        "<input type=radio name=c id=g><label for=g>Green</label></fieldset>",
        "<div>Color</div><div><label><input type=radio name=c value=1>Blue</label>"
        "<label><input type=radio name=c value=2>Green</label></div>",
        "<dl><dt>Color</dt><dd><ul class=swatches><li title='Blue'></li><li>Green</li></ul></dd></dl>",
        f"<p>Color: <select>{OPTIONS}</select></p>",
        f"<label>Select your Color</label><select>{OPTIONS}</select>",
        "<dl><dt>Color</dt><dd><button>Blue</button><button>Green</button></dd></dl>",
    ],
)
def test_choices_of_a_colour_are_attributes_and_the_product_has_none_of_them(body: str) -> None:
    colour, attributes = extract(body)
    assert colour is None
    assert attributes == BLUE_AND_GREEN


def test_a_menu_with_one_choice_names_the_colour() -> None:
    menu = "<select><option value=''>Select</option><option>Blue</option></select>"
    body = f"<table><tr><th>Color</th><td>{menu}</td></tr></table>"
    assert extract(body) == ("Blue", [("Color", "Blue")])


@pytest.mark.parametrize(
    "body",
    [
        "<label for=q>Quantity</label><select id=q><option>1</option><option>2</option></select>",
        "<label for=q>Pieces</label><select id=q><option>1</option><option>2</option><option>3</option></select>",
        "<label for=s>Sort by</label><select id=s name=sort><option>Price</option><option>Name</option></select>",
        "<dl><dt>Color</dt><dd><select><option>Choose</option></select></dd></dl>",
    ],
)
def test_a_menu_of_quantities_or_views_is_no_attribute(body: str) -> None:
    assert extract(body) == (None, [])


@pytest.mark.parametrize(
    "body",
    [
        "<ul><li><b>Fit:</b> Regular</li><li><b>Made in:</b> Portugal</li></ul>",
        "<ul><li><b>Fit</b>: Regular</li><li><strong>Made in :</strong> <a>Portugal</a></li></ul>",
        "<p><strong>Fit</strong>: Regular</p><p><strong>Made in:</strong>&nbsp;Portugal</p>",
        "<p><b>Fit:</b> Regular<br><b>Made in:</b> Portugal</p>",
        "<div><span>Fit:</span> <span>Regular</span></div><div><span>Made in:</span><span>Portugal</span></div>",
        "<table><tr><th>Fit</th><td>Regular</td><th>Made in</th><td>Portugal</td></tr></table>",
        "<table><tr><td>Fit:</td><td>Regular</td></tr><tr><td>Made in</td><td>Portugal</td></tr></table>",
        "<dl><dt>Fit</dt><dd>Regular</dd><dt>Made in</dt><dd>Portugal</dd></dl>",
        "<dl><div><dt>Fit</dt><dd>Regular</dd></div><div><dt>Made in:</dt><dd>Portugal</dd></div></dl>",
        "<div class=row><div class=label>Fit</div><div class=value>Regular</div></div>"
        "<div class=row><div class=label>Made in</div><div class=value>Portugal</div></div>",
        "<ul><li>Fit: Regular</li><li>Made in： Portugal</li></ul>",
        "<aside class='product-info'><ul><li><b>Fit:</b> Regular</li><li><b>Made in:</b> Portugal</li></ul></aside>",
    ],
)
def test_a_label_and_its_value_are_an_attribute(body: str) -> None:
    assert extract(body)[1] == [("Fit", "Regular"), ("Made in", "Portugal")]


@pytest.mark.parametrize(
    "body",
    [
        "<p><b>Note:</b></p>",
        "<ul><li>See: https://shop.example</li><li>Soft: it feels like a cloud on the skin.</li></ul>",
        "<p><b>Our promise</b> is quality</p>",
        "<div><div class=title>Free shipping</div><div class=text>On all orders</div></div>",
        "<section class='related'><li><b>Fit:</b> Slim</li></section>",
    ],
)
def test_other_text_is_no_attribute(body: str) -> None:
    assert extract(body)[1] == []


def test_several_values_of_one_term_are_attributes_each() -> None:
    body = "<dl><dt>Material</dt><dd>Linen</dd><dd>Cotton &amp; silk</dd></dl>"
    assert extract(body)[1] == [("Material", "Linen"), ("Material", "Cotton & silk")]
