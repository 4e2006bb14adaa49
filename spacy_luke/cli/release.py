"""python -m spacy luke release PIPELINE OUT"""

from __future__ import annotations

import shutil
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import srsly
import typer
from wasabi import msg

from ..about import __version__
from ..errors import Errors

if TYPE_CHECKING:
    from spacy.language import Language

    from ..kb import MMapKB

SELFTEST = "selftest.json"
LICENSES = "LICENSES_SOURCES"  # the name that `spacy package` looks for
SUDACHI = "spacy.ja.JapaneseTokenizer"
ENCODER = "encoder"  # what the source of the encoder is used for


class Precision(str, Enum):
    """How the weights of encoders are stored."""

    float32 = "float32"
    float16 = "float16"


class Place(str, Enum):
    """Where a knowledge base lies."""

    inside = "inside"
    beside = "beside"


def release_cli(
    pipeline: str = typer.Argument(..., help="Trained pipeline: directory or package"),
    out: Path = typer.Argument(..., help="Directory to write, for `spacy package`", file_okay=False),
    card: Path = typer.Option(..., help="YAML file: what people are to know of the pipeline", exists=True, dir_okay=False),
    metrics: Optional[Path] = typer.Option(None, help="Scores, as `spacy evaluate --output` writes them", exists=True),
    version: str = typer.Option(__version__, help="Version of the package"),
    weights: Precision = typer.Option(Precision.float32.value, help="float16 halves the encoder's room; it runs as float32"),
    kb: Place = typer.Option(Place.inside.value, help="Knowledge base: in the package, or in one of its own (kb package), or at its place on this machine"),
    force: bool = typer.Option(False, "--force", "-F", help="Replace the pipeline that is in OUT"),
) -> None:
    """
    Make a pipeline ready to be published: meta.json with name, scores, sources and requirements, README.md (a model
    card), LICENSES_SOURCES, and a self-test. `python -m spacy package OUT packages --build wheel` then makes a wheel
    of it.

    The card says name (the wheel is LANG_luke_NAME_SIZE), description, license and sources: a list with name, license,
    used_for (encoder, training, evaluation, knowledge base ...), and if you like url and author of each. It may say
    author, email, url, license_file, limits (a list of sentences), machine (where speed was measured) and examples:
    texts, whose annotations become the self-test.
    """
    try:
        name = release(pipeline, out, card, metrics=metrics, version=version, weights=weights.value, kb=kb.value, force=force)
    except (ValueError, OSError) as e:
        msg.fail("Not released", str(e), exits=1)
    msg.good(f"Wrote {name} to {out}", f"python -m spacy package {out} packages --build wheel")


def release(
    pipeline: str | Path,
    out: Path,
    card: Path,
    *,
    metrics: Path | None = None,
    version: str = __version__,
    weights: str = "float32",
    kb: str = "inside",
    force: bool = False,
) -> str:
    """The command. RETURNS: the name of the package. RAISES ValueError LK770, LK771: card or scores; LK775: `out` is
    no pipeline, LK720: it is one, and not `force`; LK407."""
    import spacy

    from .card import facts_of, read_card, read_scores, readme
    from .selftest import decisions

    about = read_card(card)
    scores = {} if metrics is None else read_scores(metrics)
    check_free(out, force)
    nlp = spacy.load(pipeline)
    encoders = _encoders(nlp)
    for shim in encoders:
        shim.storage = weights
    for each in _knowledge_bases(nlp):
        each.carry = kb == Place.inside.value
    _forget_paths(nlp, about["sources"])
    name = f"luke_{about['name']}_{_size(encoders)}"
    nlp.meta = {
        **nlp.meta,
        **{key: about.get(key, "") for key in ("description", "author", "email", "url", "license")},
        "name": name,
        "version": version,
        "sources": about["sources"],
        "requirements": requirements(nlp),
        "performance": scores or nlp.meta.get("performance", {}),
    }
    if out.is_dir():
        shutil.rmtree(out)
    nlp.to_disk(out)
    released = spacy.load(out)  # what a user will have, rounded as it is stored
    tests = [{"text": text, **decisions(released(text))} for text in about.get("examples", [])]
    srsly.write_json(out / SELFTEST, tests)
    (out / LICENSES).write_text(_licences(about["sources"]), encoding="utf8")
    if about.get("license_file"):
        shutil.copyfile(card.parent / about["license_file"], out / "LICENSE")
    text = readme(nlp.meta, about, facts_of(nlp, encoders, out), tests, is_measured=bool(scores))
    (out / "README.md").write_text(text, encoding="utf8")
    return f"{nlp.lang}_{name}"


def check_free(out: Path, force: bool) -> None:
    """RAISES ValueError LK775, LK720: see `release`."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / "meta.json").is_file() or not (out / "config.cfg").is_file():
        raise ValueError(Errors.LK775.format(path=out))
    if not force:
        raise ValueError(Errors.LK720.format(path=out))


def requirements(nlp: Language) -> list[str]:
    """What pip has to install for this pipeline beside what `spacy package` finds in the config: spacy-luke of this
    minor version, Sudachi where words come from it, in whatever language, rapidfuzz for fuzzy candidates, and packages
    of knowledge bases that it points to."""
    from importlib.metadata import requires

    from spacy.util import get_minor_version_range
    from spacy.util import walk_dict as walk

    from ..kb.installed import package_of

    words = nlp.config["nlp"]["tokenizer"].get("@tokenizers")
    extras = ["ja"] if words == SUDACHI else []
    if any(path[-1] == "fuzzy" and value is not None for path, value in walk(nlp.config["components"])):
        extras.append("fuzzy")
    found = [f"spacy-luke{get_minor_version_range(__version__)}"]
    for line in requires("spacy-luke") or ():
        requirement, _, marker = line.partition(";")
        if any(marker.strip() == f'extra == "{extra}"' for extra in extras):
            found.append(requirement.strip())
    bases = [kb.base for kb in _knowledge_bases(nlp) if kb.base is not None and not kb.carry]
    packages = [package for base in bases if (package := package_of(base.home)) is not None]
    return [*found, *dict.fromkeys(f"{name}=={version}" for name, version in packages)]


def _knowledge_bases(nlp: Language) -> list[MMapKB]:
    found = [getattr(pipe, "kb", None) for _, pipe in nlp._components]
    return [kb for kb in found if hasattr(kb, "carry")]  # not spaCy's


def _encoders(nlp: Language) -> list:
    """The LukeShim of each encoder, once."""
    models = [pipe.model for _, pipe in nlp._components if hasattr(pipe, "model")]
    shims = {id(shim): shim for model in models for node in model.walk() for shim in node.shims}
    return [shim for shim in shims.values() if hasattr(shim, "storage")]


def _size(encoders: list) -> str:
    """sm, md, lg: small, base and large models have states of 384, 768 and 1024."""
    width = max((shim.config.hidden_size for shim in encoders), default=0)
    return "sm" if width <= 384 else "md" if width <= 768 else "lg"


def _forget_paths(nlp: Language, sources: list[dict[str, str]]) -> None:
    """A package says what the encoder was made from, not where that lay."""
    made_from = next((source["name"] for source in sources if source["used_for"] == ENCODER), None)
    nlp.config["paths"] = dict.fromkeys(nlp.config.get("paths", {}))
    waiting: list[Any] = [nlp.get_pipe_config(name) for name in nlp.component_names]
    while waiting:
        part = waiting.pop()
        waiting.extend(value for value in part.values() if isinstance(value, dict))
        if str(part.get("@architectures", "")).startswith("spacy_luke.LukeEncoder."):
            part["name"] = made_from or Path(part["name"]).name


def _licences(sources: list[dict[str, str]]) -> str:
    lines = ["What this package was made from, and on what terms. Whoever passes it on has to keep to them."]
    for source in sources:
        lines += ["", source["name"], *(f"    {key}: {source[key]}" for key in source if key != "name")]
    return "\n".join(lines) + "\n"
