"""The two commands of this repository. They set up a virtual environment in .venv and need nothing but
Python 3.10 to 3.12, its pip, and a package index.

    python3 run.py smoke     train, evaluate, package and use a Japanese and an English pipeline
    python3 run.py test      run the tests; further arguments go to pytest
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENV = ROOT / ".venv"
STAMP = ENV / "installed.sha256"
OLDEST, NEWEST = (3, 10), (3, 12)
EXTRAS = "ja,convert,test"
COMMANDS = {
    "smoke": ["-m", "spacy", "project", "run", "smoke"],
    "test": ["-m", "pytest"],
}


def check_python(version):
    """Ends with a message if this Python is not one that spacy_luke and its dependencies run on."""
    if not OLDEST <= version[:2] <= NEWEST:
        found, oldest, newest = (".".join(map(str, v[:2])) for v in (version, OLDEST, NEWEST))
        sys.exit(
            "This is Python {}, and spacy_luke needs Python {} to {}. Run it with one of these, "
            "for example: python{} run.py smoke".format(found, oldest, newest, newest)
        )


def env_python():
    """The interpreter of the environment, whether it exists or not."""
    return ENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def wanted():
    """What the environment is made from, as a hash: the interpreter, setup.cfg, pyproject.toml, where we lie."""
    parts = [sys.version.encode(), EXTRAS.encode(), str(ROOT).encode()]
    parts += [(ROOT / name).read_bytes() for name in ("setup.cfg", "pyproject.toml")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def install():
    """Make the environment, or leave it as it is where nothing it is made from has changed."""
    if env_python().exists() and STAMP.is_file() and STAMP.read_text() == wanted():
        return
    print("Setting up {}: pip downloads spaCy, torch and the rest (up to a few GB) ...".format(ENV), flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(ENV)]):
        sys.exit(
            "Python's venv module did not work. On Debian and Ubuntu it is a package of its own: "
            "apt-get install python3-venv"
        )
    pip = [str(env_python()), "-m", "pip", "--disable-pip-version-check", "install"]
    if subprocess.call([*pip, "--editable", ".[{}]".format(EXTRAS)], cwd=str(ROOT)):
        sys.exit("pip could not install the dependencies in setup.cfg, see its message above.")
    STAMP.write_text(wanted())


def main(arguments):
    if not arguments or arguments[0] not in COMMANDS:
        sys.exit(__doc__)
    check_python(sys.version_info)
    install()
    # torch's threads wait for each other by spinning: three times as slow as need be where the cores are
    # busy with something else.
    env = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    return subprocess.call([str(env_python()), *COMMANDS[arguments[0]], *arguments[1:]], cwd=str(ROOT), env=env)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
