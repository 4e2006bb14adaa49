"""Is every byte of a knowledge base as it was written?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..errors import Errors
from .kb_files import ADDITIONS, KIND, VERSION, find_base, seal, sha256
from .overlay import read_additions
from .store import MANIFEST, find_directory


def verify_kb(path: str | Path, progress: Callable[[str], None] = lambda name: None) -> list[str]:
    """Read all files of the knowledge base in `path`, or of the one it points to, and compare their
    checksums; the additions beside it as well. progress: called with the name of each file.
    RETURNS what is wrong, a message for each file; [] if all is well. Reads everything once, in parts."""
    path = Path(path).absolute()
    home = find_directory(path)
    problems = _verify_additions(home / ADDITIONS)
    try:
        home, manifest = find_base(path)
    except ValueError as e:
        if (manifest := _readable_manifest(home)) is None:  # type: ignore[assignment]
            return [str(e), *problems]
        # sizes are wrong: go through all files, not only the first bad one
    if manifest.get("seal") != seal(manifest):
        problems.insert(0, Errors.LK348.format(path=home / MANIFEST))
    sums = manifest.get("sha256")
    sums = sums if isinstance(sums, dict) else {}
    for name in sorted({*manifest["files"], *sums}):
        progress(name)
        file = home / name
        found = file.stat().st_size if file.is_file() else "none"
        if found != manifest["files"].get(name):
            problems.append(Errors.LK304.format(path=file, found=found, expected=manifest["files"].get(name)))
        elif name in sums and sha256(file) != sums[name]:
            problems.append(Errors.LK348.format(path=file))
    return problems


def _readable_manifest(home: Path) -> dict | None:
    """The manifest of a store of our version; None for anything else, and for a pointer."""
    try:
        manifest = json.loads((home / MANIFEST).read_text(encoding="utf8"))
        good = (manifest["kind"], manifest["version"]) == (KIND, VERSION) and isinstance(manifest["files"], dict)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return manifest if good and "points_to" not in manifest else None


def _verify_additions(file: Path) -> list[str]:
    try:
        if file.is_file():
            read_additions(file.read_text(encoding="utf8"), file)
    except (ValueError, OSError) as e:
        return [Errors.LK344.format(path=file, line=0, reason=e) if isinstance(e, UnicodeDecodeError) else str(e)]
    return []
