"""The visible text of HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.html import extract_visible_text

SHREDS = """
<p> </p> <br/> <b > <!-- --> <script> </script> <?xml?> <![CDATA[ ]]> <a/href=' <table><tr> <html> </body>
& &amp; &lt; &#0; &#xD800; red
"""
_SHREDS = st.sampled_from([*SHREDS.split(), " ", "\x00", "\ud800"])


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Red cotton shirt", "Red cotton shirt"),
        ("Salt &amp; pepper", "Salt & pepper"),
        ("<p>Red<br>cotton</p><p>shirt</p>", "Red cotton shirt"),
        ("<ul><li>soft</li><li>warm</li></ul>", "soft warm"),
        ("<style>p {}</style><p>seen</p><script>unseen()</script><!-- nor this -->", "seen"),
        ("longer < shorter", "longer < shorter"),
        ("<p>5 &lt; 6</p>", "5 < 6"),
    ],
)
def test_only_visible_text_is_extracted(markup: str, text: str) -> None:
    assert extract_visible_text(markup) == text


def test_words_are_never_joined_across_tags() -> None:
    for tag in ("b", "span", "p", "td", "li", "em", "a"):
        assert extract_visible_text(f"red<{tag}>cotton</{tag}>shirt").split() == ["red", "cotton", "shirt"]


@pytest.mark.parametrize(
    "markup",
    ["&lt;p&gt;red&lt;br&gt;shirt&lt;/p&gt;", "<p>&amp;nbsp;red &amp;nbsp shirt</p>", "red &amp;ldquo;shirt&amp;rdquo"],
)
def test_markup_escaped_once_too_often_leaves_no_trace(markup: str) -> None:
    assert [word.strip("“”") for word in extract_visible_text(markup).split()] == ["red", "shirt"]


def test_an_ampersand_in_a_name_is_no_entity() -> None:
    assert extract_visible_text("AT&T, R&B, black&gold") == "AT&T, R&B, black&gold"


@pytest.mark.parametrize("tag", ["div", "b", "font", "table><tr><td"])
def test_deeply_nested_text_is_still_read(tag: str) -> None:
    assert "deep" in extract_visible_text(f"<{tag}>" * 5_000 + "deep")
    assert "deep" in extract_visible_text(f"<{tag}>" * 300 + "deep" + f"</{tag.split('>')[0]}>" * 300)


@pytest.mark.parametrize("shred", ["<", "&", "<!--", "<a ", "<p>x", "<b><i>x", "&lt;p&gt;", "</div>", "<script>"])
def test_megabytes_of_broken_markup_give_text(shred: str) -> None:
    assert isinstance(extract_visible_text(shred * (2_000_000 // len(shred))), str)


@given(st.text() | st.lists(_SHREDS, max_size=30).map("".join))
def test_any_input_gives_text(markup: str) -> None:
    assert isinstance(extract_visible_text(markup), str)


@given(st.text(alphabet=st.characters(exclude_characters="<&")))
def test_text_without_markup_is_not_changed(text: str) -> None:
    assert extract_visible_text(text) == text
