"""python -m spacy luke selftest PACKAGE"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly
import typer
from wasabi import msg

from ..errors import Errors

if TYPE_CHECKING:
    from spacy.tokens import Doc

NEEDED = ("selftest.json", "LICENSES_SOURCES", "README.md", "meta.json")


def selftest_cli(
    package: str = typer.Argument(..., help="Installed package, or directory that `luke release` wrote"),
) -> None:
    """
    Does a released pipeline work here? Its files are there, what it requires is installed, and its examples get the
    annotations that they had when it was released. Uses no network.
    """
    try:
        n = selftest(package)
    except (ValueError, OSError) as e:
        msg.fail("Self-test failed", str(e), exits=1)
    msg.good(f"{package} passed its self-test of {n} text{'s' * (n != 1)}")


def selftest(package: str | Path) -> int:
    """The command. RETURNS: how many texts it has. RAISES ValueError LK772: other annotations; LK773: something is
    missing or has the wrong version; LK774: files are missing."""
    import spacy

    nlp = spacy.load(package)
    folder = Path(nlp.path or ".")
    for file in NEEDED:
        if not (folder / file).is_file():
            raise ValueError(Errors.LK774.format(package=package, file=file))
    _check_requirements(str(package), nlp.meta.get("requirements", []))
    tests = srsly.read_json(folder / "selftest.json")
    for test in tests:
        found = decisions(nlp(test["text"]))
        for key, expected in found.items():
            if test[key] != expected:
                text = test["text"][:100]
                message = Errors.LK772.format(package=package, text=text, expected=test[key], found=expected)
                raise ValueError(message)
    return len(tests)


def decisions(doc: Doc) -> dict[str, Any]:
    """What the pipes decided, without probabilities: these differ from machine to machine in the last digits.
    RETURNS: ents (first character, one past the last, label, id), types of spans, relations, as JSON has them."""
    from ..annotations import TYPES_KEY, get_relations

    return {
        "ents": [[ent.start_char, ent.end_char, ent.label_, ent.kb_id_] for ent in doc.ents],
        "types": sorted([s.start_char, s.end_char, s.label_] for s in (doc.spans[TYPES_KEY] if TYPES_KEY in doc.spans else ())),
        "relations": sorted([r.head.start_char, r.tail.start_char, r.label] for r in get_relations(doc)),
    }


def _check_requirements(package: str, requirements: list[str]) -> None:
    from importlib.metadata import PackageNotFoundError, version

    from packaging.requirements import Requirement

    for line in requirements:
        requirement = Requirement(line)
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = "nothing"
        if found == "nothing" or not requirement.specifier.contains(found, prereleases=True):
            raise ValueError(Errors.LK773.format(package=package, requirement=line, found=found))
