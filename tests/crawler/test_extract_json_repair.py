"""Each kind of broken JSON-LD is repaired, and valid JSON is left unchanged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.json_repair import loads, repair_json


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ('{"a": 1 /* one */}', {"a": 1}),
        ('{"a": 1} // end', {"a": 1}),
        ('{"a": [1, 2,], "b": 3,}', {"a": [1, 2], "b": 3}),
        ('{"a": 1};', {"a": 1}),
        ('//<![CDATA[\n{"a": 1}\n//]]>', {"a": 1}),
        ('/*<![CDATA[*/ {"a": 1} /*]]>*/', {"a": 1}),
        ('<!-- {"a": 1} -->', {"a": 1}),
        ('{"a": "line\none\ttwo"}', {"a": "line\none\ttwo"}),
        ("{&quot;a&quot;: &quot;x &amp; y&quot;}", {"a": "x & y"}),
        ('{"a": "12" pipe", "b": "5""}', {"a": '12" pipe', "b": '5"'}),
        ('{"a": "he said "hi", "bye" and left", "b": 1}', {"a": 'he said "hi", "bye" and left', "b": 1}),
        ('{"a": "it\\\'s", "b": "50\\%"}', {"a": "it's", "b": "50\\%"}),
        ('{"a": {{ product.price }}, "b": $sku, "c": }', {"a": None, "b": None, "c": None}),
        ('\ufeff{"a": 1}', {"a": 1}),
    ],
)
def test_each_kind_of_broken_json_is_repaired(broken: str, expected: object) -> None:
    assert loads(broken) == expected


@pytest.mark.parametrize("text", ['{"a": 1}{"b": 2}', '{"a": 1},\n{"b": 2}', '{"a": 1};\n{"b": 2};'])
def test_both_objects_of_a_script_are_read(text: str) -> None:
    assert loads(text) == [{"a": 1}, {"b": 2}]


def test_control_characters_between_values_are_dropped() -> None:
    assert loads('{"a": "x\x01y"\x02, "b": 1}\x00') == {"a": "x y", "b": 1}


def test_slashes_and_braces_inside_strings_are_kept() -> None:
    value = {"url": "http://x.example//a", "text": "{not a /* comment */}, [1,]"}
    assert loads(json.dumps(value) + ",;") == value


@pytest.mark.parametrize("text", ["", "  ", "{", '{"a": ', "not json", "var a = 1"])
def test_text_that_is_not_json_gives_none(text: str) -> None:
    assert loads(text) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=3))
def test_valid_json_is_unchanged(value: object) -> None:
    assert loads(json.dumps(value)) == value


@given(st.text(alphabet='{}[]",:\\/*\n ab1;<!-&', max_size=80))
def test_no_broken_text_raises_an_error(text: str) -> None:
    json.dumps(loads(text))  # a value of JSON, whatever the text was
    assert isinstance(repair_json(text), str)
