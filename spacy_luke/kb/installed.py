"""Knowledge bases that were installed with pip (wheel.py): found by the name of their package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from .store import MANIFEST

DATA = "kb"  # the folder of the package that holds the store


def find_installed(package: str) -> Path | None:
    """The directory of the store in an installed package; None if there is no such package, or it holds none. Nothing
    of the package is imported."""
    try:
        spec = find_spec(package) if package.isidentifier() else None
    except ValueError:  # __main__ and the like
        return None
    folders = [Path(folder) / DATA for folder in (spec and spec.submodule_search_locations) or ()]
    return next((folder.absolute() for folder in folders if (folder / MANIFEST).is_file()), None)


def package_of(home: Path) -> tuple[str, str] | None:
    """Name and version of the installed package that the store in `home` belongs to."""
    name = home.parent.name
    found = find_installed(name) if home.name == DATA else None
    if found is None or not found.samefile(home):
        return None
    try:
        return name, version(name)
    except PackageNotFoundError:  # a folder on the path, which pip knows nothing of
        return None
