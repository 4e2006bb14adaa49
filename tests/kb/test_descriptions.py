"""Texts from which vectors of entities are computed."""

from __future__ import annotations

import pytest

from spacy_luke.kb.descriptions import passage_of


def named(labels, description=""):
    """The text and the name marked in it."""
    passage = passage_of({"labels": labels, "description": description})
    return passage and f"{passage.text[: passage.start]}[{passage.text[passage.start : passage.end]}]{passage.text[passage.end :]}"


@pytest.mark.parametrize(
    "labels, description, expected",
    [
        ({"en": "Tokyo"}, "Greater Tokyo is large.", "Greater [Tokyo] is large."),
        ({"en": "Tokyo"}, "capital of Japan", "[Tokyo]: capital of Japan"),
        ({"ja": "東京", "en": "Tokyo"}, "Tokyo is a city", "[Tokyo] is a city"),
        ({"ja": "東京", "en": "Tokyo"}, "a city", "[東京]: a city"),
        ({"ja": "東京", "en": "Tokyo"}, "", "[東京]"),
        ({"en": "York", "de": "New York"}, "in New York", "in [New York]"),
        ({"en": "Ann"}, "Annual Ann", "Annual [Ann]"),
        ({"en": "Ann"}, "Hannah", "[Ann]: Hannah"),
        ({"ja": "東京"}, "大東京都の中心", "大[東京]都の中心"),
        ({"ja": "ABC"}, "日本のABC社", "日本の[ABC]社"),
        ({"en": " "}, "something", None),
        ({}, "something", None),
        (None, None, None),
    ],
)
def test_the_name_is_found_or_put_in_front(labels, description, expected):
    assert named(labels, description) == expected
