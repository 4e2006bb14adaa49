"""A knowledge base as a wheel, which pip installs. A wheel is a zip file with a list of its files (PEP 427): it is written
here as such, in one go, as build tools would copy the files of a store twice before."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from pathlib import Path

from packaging.version import InvalidVersion, Version
from spacy.util import get_minor_version_range

from ..about import __version__
from ..errors import Errors
from .installed import DATA
from .kb_files import ADDITIONS, find_base
from .store import MANIFEST, find_directory, new_file

WHEEL = "Wheel-Version: 1.0\nGenerator: spacy_luke {version}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
METADATA = (
    "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: Knowledge base for spacy_luke: {entities} entities, "
    "{aliases} aliases\n{license}Requires-Dist: spacy-luke{range}\n"
)
INIT = '''"""A knowledge base of spacy_luke: MMapKB.open(vocab, "{name}")."""

__version__ = "{version}"
'''


def write_wheel(path: str | Path, out: str | Path, *, name: str, version: str, license: str = "") -> Path:
    """Write OUT/NAME-VERSION-py3-none-any.whl, a package NAME with the knowledge base in `path`.

    name (str): lower-case letters, digits and _, a letter first. version (str): as in PEP 440. license (str): on what
        terms it may be passed on, one line.
    RETURNS: the file. RAISES ValueError LK353: there are additions; LK356: name or version; LK302 to LK304, LK330 to
    LK332 as find_base.
    """
    found = _checked(name, version)
    home, about = find_base(Path(path))
    if (find_directory(Path(path)) / ADDITIONS).is_file():
        raise ValueError(Errors.LK353.format(path=path))
    line = f"License: {' '.join(license.split())}\n" if license else ""
    sizes = {"entities": about["entities"], "aliases": about["aliases"]}
    info = f"{name}-{found}.dist-info"
    texts = {
        f"{name}/__init__.py": INIT.format(name=name, version=found),
        f"{info}/METADATA": METADATA.format(
            name=name, version=found, license=line, range=get_minor_version_range(__version__), **sizes
        ),
        f"{info}/WHEEL": WHEEL.format(version=__version__),
    }
    wheel = Path(out) / f"{name}-{found}-py3-none-any.whl"
    with new_file(wheel) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        record = [_add(archive, f"{name}/{DATA}/{each}", home / each) for each in [*about["files"], MANIFEST]]
        record += [_add(archive, where, text.encode()) for where, text in texts.items()]
        archive.writestr(_entry(f"{info}/RECORD"), "\n".join([*record, f"{info}/RECORD,,", ""]))
    return wheel


def _checked(name: str, version: str) -> Version:
    try:
        found = Version(version)
    except InvalidVersion:
        found = None
    if found is None or not re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise ValueError(Errors.LK356.format(name=name, version=version))
    return found


def _entry(where: str) -> zipfile.ZipInfo:
    """The same bytes on every day."""
    entry = zipfile.ZipInfo(where, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return entry


def _add(archive: zipfile.ZipFile, where: str, content: bytes | Path) -> str:
    """RETURNS: its line of RECORD."""
    digest, size = hashlib.sha256(), 0
    with archive.open(_entry(where), "w", force_zip64=isinstance(content, Path)) as file:
        for part in [content] if isinstance(content, bytes) else _parts(content):
            file.write(part)
            digest.update(part)
            size += len(part)
    return f"{where},sha256={base64.urlsafe_b64encode(digest.digest()).rstrip(b'=').decode()},{size}"


def _parts(path: Path):
    with open(path, "rb") as file:
        while part := file.read(1 << 20):
            yield part
