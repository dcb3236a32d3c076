"""The rules of tdmrep.json apply to the paths that they name, the first match first."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Response

from crawler.middlewares.tdm_reservation import TdmRule, find_rule, parse_rules


def parse(text: str) -> list[TdmRule]:
    return parse_rules(Response("https://shop.example/.well-known/tdmrep.json", body=text.encode()))


@pytest.mark.parametrize(
    ("location", "path", "matches"),
    [
        ("/", "/any/page", True),
        ("/*", "/any/page", True),
        ("/media/", "/media/a.jpg", True),
        ("/media/", "/p/1", False),
        ("/media/*.jpg$", "/media/x/a.jpg", True),
        ("/media/*.jpg$", "/media/a.jpg.html", False),
        ("/p?id=*", "/p?id=7", True),
        ("/a.b", "/aXb", False),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("/a*b*c$", "/aXbYcZc", True),
        ("/a*bc$", "/abc", True),
        ("/a*bc*c$", "/abc", False),
        ("/*a*a*a*a*a*a*b", "/" + "a" * 2000, False),  # a regular expression would not end
    ],
)
def test_a_location_matches_as_in_robots_txt(location: str, path: str, matches: bool) -> None:
    rules = parse(f'[{{"location": "{location}", "tdm-reservation": 1, "tdm-policy": "https://shop.example/policy"}}]')
    rule = find_rule(rules, f"https://shop.example{path}")
    assert (rule is not None) is matches
    assert rule is None or (rule.is_reserved, rule.policy) == (True, "https://shop.example/policy")


def test_the_first_matching_rule_decides() -> None:
    rules = parse('[{"location": "/free/", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": "1"}]')
    free, reserved = (find_rule(rules, f"https://shop.example{path}") for path in ("/free/a.jpg", "/a.jpg"))
    assert free is not None
    assert reserved is not None
    assert (free.is_reserved, reserved.is_reserved) == (False, True)


@given(
    st.text(alphabet="ab*", max_size=8),
    st.booleans(),
    st.text(alphabet="ab", max_size=8),
)
def test_a_location_matches_as_the_regular_expression_that_it_stands_for(
    location: str, is_anchored: bool, path: str
) -> None:
    location = f"/{location}{'$' if is_anchored else ''}"
    pattern = ".*".join(map(re.escape, location.removesuffix("$").split("*"))) + ("$" if is_anchored else "")
    (rule,) = parse(json.dumps([{"location": location, "tdm-reservation": 1}]))
    found = find_rule([rule], f"https://shop.example/{path}")
    assert (found is not None) is (re.match(pattern, f"/{path}") is not None)


@given(st.text(max_size=60) | st.sampled_from(["[]", "{}", "null", "[1]", '[{"location": 1}]']))
def test_a_broken_file_reserves_nothing(text: str) -> None:
    assert parse(text) == []
