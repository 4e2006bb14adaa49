from __future__ import annotations

import pytest

from spacy_luke.kb.wikipedia.sentence import MAX_SENTENCE, first_sentence
from spacy_luke.kb.wikipedia.site import Site
from spacy_luke.kb.wikipedia.wikitext import visible


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("'''Rome''' is a [[capital city|city]]. It is old.", "Rome is a city."),
        ("{{Infobox|a={{b|c}}\n|d=e}}\n'''Rome''' (; {{IPA|x}}) is a [[city]].", "Rome is a city."),
        ("[[File:a.jpg|thumb|Seen by [[Ann|her]]. Yes.]]\n:''See [[Roma]].''\nRome is a city.", "Rome is a city."),
        ("{| class=x\n| Not. This.\n|}\nRome<ref>A. B.</ref> is<ref name=c/> a city.\n== Name ==\nNo.", "Rome is a city."),
        ("Born on 3. Oktober 1990 in St. Gallen as J. S. Bach. Died.", "Born on 3. Oktober 1990 in St. Gallen as J. S. Bach."),
        ("The band (c. 1990. In Rome.) was founded in 1990. It ended.", "The band (c. 1990. In Rome.) was founded in 1990."),
        ("'''日本国'''（にほんこく、{{lang|en|Japan}}）は、[[国]]。首都は東京。", "日本国（にほんこく、）は、国。"),
        ("Նա հայ գրող է։ Ծնվել է Վանում։", "Նա հայ գրող է։"),
        ("A [http://x.org big town] &amp; <b>more</b> &nbsp;of it.", "A big town & more of it."),
        ("{{Infobox|a\nRome is a city.", ""),
        ("", ""),
        ("* [[a]]\n* [[b]]", ""),
    ],
)
def test_the_first_sentence(text, sentence):
    assert first_sentence(visible(text), Site("en")) == sentence


def test_a_long_sentence_is_cut_at_a_space():
    sentence = first_sentence("word " * 200, Site("en"))
    assert sentence.endswith(" word…") and MAX_SENTENCE - 5 <= len(sentence) <= MAX_SENTENCE + 1
