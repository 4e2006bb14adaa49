"""KBP37 and RELX: sentences with <e1> and <e2>, and the relation with its direction on the next line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...errors import Errors
from .gold import open_text
from .related import GoldEntity, RelatedText, RelationReader

NO_RELATION = "no_relation"

_SENTENCE = re.compile(r'\d+\t\s*"?(.*?)"?\s*$')
_TAG = re.compile(r"<(e[12])>\s*|\s*</(e[12])>")


def build_kbp37_reader_v1(path: Path, gold_words: bool = False) -> RelationReader:
    """A file in the format of KBP37 (github.com/zhangdongxu/kbp37) and RELX (github.com/boun-tabi/RELX), which is
    that of SemEval-2010 task 8:

        0	" <e1> Thom Yorke </e1> of <e2> Radiohead </e2> has included ... "
        per:employee_of(e1,e2)

    The two entities have the labels E1 and E2. A relation is from E1 to E2, with the label as in the file, so
    that one pair of each sentence is asked about if the pair getter has the constraints {"*": [["E1", "E2"]]};
    no_relation is a Doc without one. An entity that is empty in the file (110 of KBP37's training set) is
    a blank.

    path (Path): *.txt or *.txt.gz.
    gold_words (bool): words are what stands between blanks and tags, as the authors read it. Else the pipeline's
        tokenizer makes words; a warning counts relations of entities that do not begin and end with them.
    """
    return RelationReader(Path(path), read_kbp37, gold_words)


def read_kbp37(path: Path) -> Iterator[RelatedText]:
    """The sentences of a file. RAISES FileNotFoundError LK610, ValueError LK611 with the line."""
    sentence = None
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            line = line.strip("\r\n")
            if sentence is None and line.strip():
                sentence = _sentence(line, path, number)
            elif line.strip() and sentence is not None and not line.startswith("Comment"):
                if "\t" in line:
                    raise _bad(path, number, "a sentence where the relation of the one before should be")
                label = line.strip()
                sentence.relations = [] if label == NO_RELATION else [(0, 1, label)]
                yield sentence
                sentence = None
    if sentence is not None:
        raise _bad(path, number, "the last sentence has no relation")


def _sentence(line: str, path: Path, number: int) -> RelatedText:
    match = _SENTENCE.match(line)
    if match is None:
        raise _bad(path, number, f"no number, tab and sentence: {line[:40]!r}")
    text, position = "", 0
    starts: dict[str, int] = {}
    ends: dict[str, int] = {}
    # an empty entity is the second of two blanks, which tokenizers of spaCy make a word
    tagged = re.sub(r"\s*<(e[12])>\s*</\1>\s*", r" <\1></\1>", match.group(1)).strip()
    for tag in _TAG.finditer(tagged):
        text += tagged[position : tag.start()]
        position = tag.end()
        name = tag.group(1) or tag.group(2)
        if tag.group(1):
            starts[name] = len(text)
        else:
            text += " " * (len(text) == starts.get(name))
            ends[name] = len(text)
    text += tagged[position:]
    if set(starts) != {"e1", "e2"} or set(ends) != {"e1", "e2"} or any(starts[e] >= ends[e] for e in starts):
        raise _bad(path, number, "not one <e1> ... </e1> and one <e2> ... </e2>")
    entities = [GoldEntity(starts[e], ends[e], e.upper()) for e in ("e1", "e2")]
    words, spaces = _words(text, [(entity.start, entity.end) for entity in entities])
    return RelatedText(text, entities, [], words=words, spaces=spaces)


def _words(text: str, entities: list[tuple[int, int]]) -> tuple[list[str], list[bool]]:
    """What stands between blanks and borders of entities; an entity that is a blank is a word."""
    words: list[str] = []
    spaces: list[bool] = []
    cuts = sorted({0, len(text), *(border for entity in entities for border in entity)})
    for start, end in zip(cuts, cuts[1:]):
        is_entity = (start, end) in entities
        for part in re.findall(r"\S+|\s", text[start:end]):
            if part == " " and words and not spaces[-1] and not (is_entity and end - start == 1):
                spaces[-1] = True
            else:
                words.append(part)
                spaces.append(False)
    return words, spaces


def _bad(path: Path, number: int, reason: str) -> ValueError:
    return ValueError(Errors.LK611.format(path=path, line=number, reason=reason))
