"""What all tests share: one torch thread, fixed seeds, the optional data folder, the scripts folder."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import numpy
import pytest
import torch

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"

torch.set_num_threads(1)

# The scripts of the project file are no package, and are not part of the wheel.
if SCRIPTS.is_dir():
    sys.path.insert(0, str(SCRIPTS))
collect_ignore_glob = [] if SCRIPTS.is_dir() else ["test_project*.py", "test_scripts_*.py"]


@pytest.fixture(autouse=True)
def _seeds() -> None:
    random.seed(0)
    numpy.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data and models that are not part of the repository."""
    folder = os.environ.get("SPACY_LUKE_SHARED")
    if not folder:
        pytest.skip("set SPACY_LUKE_SHARED to the folder with models/ and data/ to run this test")
    return Path(folder)


@pytest.fixture(scope="session")
def xlmr(tmp_path_factory) -> Path:
    """A tiny XLM-R directory."""
    from .tiny import write_xlmr

    return write_xlmr(tmp_path_factory.mktemp("xlmr"))


@pytest.fixture(scope="session")
def xlmr_24(tmp_path_factory) -> Path:
    """A tiny XLM-R directory of another seed, with room for 24 pieces only."""
    from .tiny import write_xlmr

    return write_xlmr(tmp_path_factory.mktemp("xlmr24"), max_pieces=24, seed=1)


@pytest.fixture(scope="session")
def trained_linker(xlmr, tmp_path_factory) -> Path:
    """Directory of a pipeline whose luke_linker has seen the two texts of linking.TEXTS often enough."""
    import spacy

    from .linking import TEXTS, add_linker, example, train

    nlp = spacy.blank("en")
    examples = [example(nlp, *text) for text in TEXTS]
    add_linker(nlp, xlmr, examples)
    train(nlp, examples, steps=60, rate=0.005)
    path = tmp_path_factory.mktemp("trained_linker")
    nlp.to_disk(path)
    return path
