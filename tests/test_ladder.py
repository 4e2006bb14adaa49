"""The ladder: a room never imports from a floor above it, and heavy packages stay out of module tops."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import spacy_luke

PACKAGE = Path(spacy_luke.__file__).parent
FLOORS = {
    "types": 0,
    "errors": 0,
    "about": 0,
    "encoder": 1,
    "tokenization": 2,
    "features": 2,
    "kb": 2,
    "annotations": 2,
    "layers": 3,
    "training": 4,
    "convert": 4,
    "scorers": 4,
    "relation_scorers": 4,
    "typing_scorers": 4,
    "mistakes": 4,
    "models": 5,
    "pipeline": 6,
    "cli": 7,
    "visualize": 7,
    "demo": 7,
    "": 8,  # spacy_luke/__init__.py
}
# Packages a room never names, not even inside a function.
NEVER = {"encoder": ("spacy", "thinc"), "pipeline": ("torch",)}
# Packages that are optional, or slow to import: only inside functions. `torch` is at home where tensors are.
OPTIONAL = ("transformers", "spacy_transformers", "sentencepiece", "sudachipy", "huggingface_hub", "cupy", "google", "starlette", "uvicorn")
HEAVY = (*OPTIONAL, "torch", "safetensors", "tokenizers")
LIGHT_ROOMS = ("cli", "pipeline", "kb", "scorers", "typing_scorers", "mistakes", "features", "visualize", "demo", "")


def imports(source: str, module: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Every import in a file as (absolute name, is it at the top). Below `if TYPE_CHECKING` is not the top.

    module (tuple[str, ...]): the file's package, as ("spacy_luke", "kb").
    """
    tree = ast.parse(source)
    top = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            is_typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            if not (is_typing or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))):
                top.add(node)
                waiting.append(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in top
        elif isinstance(node, ast.ImportFrom):
            parents = module[: len(module) - node.level + 1] if node.level else ()
            base = ".".join((*parents, *filter(None, [node.module])))
            for alias in node.names:
                yield f"{base}.{alias.name}", node in top


def violations(path: str, source: str) -> list[str]:
    """What is wrong in one file of the package.

    path (str): below spacy_luke/, with slashes, as "kb/store.py".
    """
    parts = path.removesuffix(".py").split("/")
    room = "" if parts == ["__init__"] else parts[0]
    if room not in FLOORS:
        return [f"{path}: the room has no floor, give it one in tests/test_ladder.py"]
    found = []
    for name, is_top in imports(source, ("spacy_luke", *parts[:-1])):
        package, _, rest = name.partition(".")
        if package == "spacy_luke":
            other = rest.partition(".")[0]
            if FLOORS.get(other, 0) > FLOORS[room]:
                found.append(f"{path} (floor {FLOORS[room]}) imports {name} (floor {FLOORS[other]})")
        elif package in NEVER.get(room, ()):
            found.append(f"{path} imports {name}, which this room never does")
        elif is_top and package in (HEAVY if room in LIGHT_ROOMS else OPTIONAL):
            found.append(f"{path} imports {name} at its top: move it into the function that needs it")
    return found


@pytest.mark.parametrize("path", sorted(str(p.relative_to(PACKAGE).as_posix()) for p in PACKAGE.rglob("*.py")))
def test_the_file_keeps_to_its_floor(path):
    assert violations(path, (PACKAGE / path).read_text(encoding="utf8")) == []


@pytest.mark.parametrize(
    "path, source",
    [
        ("encoder/attention.py", "from ..layers.shim import x"),
        ("encoder/attention.py", "from .. import layers"),
        ("encoder/attention.py", "import spacy_luke.pipeline.ner"),
        ("encoder/attention.py", "def f():\n    from thinc.api import Model"),
        ("encoder/attention.py", "if True:\n    import spacy"),
        ("kb/store.py", "def f():\n    from ..models import ner"),
        ("types.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .kb.store import Store"),
        ("pipeline/ner.py", "def f():\n    import torch.nn"),
        ("cli/convert.py", "import torch"),
        ("cli/convert.py", "try:\n    from sentencepiece import x\nexcept ImportError:\n    pass"),
        ("convert/bert.py", "class A:\n    import transformers"),
        ("training/kit/deep.py", "from ...pipeline import ner"),
        ("attic/old.py", ""),
    ],
)
def test_a_violation_is_caught(path, source):
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    "path, source",
    [
        ("pipeline/ner.py", "from ..models.ner import x\nfrom .base import y\nfrom ..types import z\nimport spacy"),
        ("features/windows.py", "from ..tokenization.pieces import x\nfrom ..encoder.config import y"),
        ("cli/convert.py", "def f():\n    import torch\n    from transformers import AutoModel"),
        ("pipeline/base.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from thinc.api import Model"),
        ("convert/weights.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import transformers"),
        ("layers/shim.py", "import torch\nfrom torch import nn"),
        ("training/kit/deep.py", "from ..optimizer import x\nfrom ...encoder import y"),
    ],
)
def test_what_is_allowed_is_not_caught(path, source):
    assert violations(path, source) == []
