"""Install packaged pipelines from their wheels into a fresh environment, test them and annotate texts with them.

    python scripts/try_package.py packages/wheels xx_luke_smoke_sm=assets/sample/ja.txt

spacy_luke itself is built and installed as a wheel too. To save time and space the fresh environment
reads what is not tried (spaCy, torch ...) from the environment that runs this script, by a .pth file;
spacy_luke and the pipelines must come out of the wheels, and annotate.py checks that they do.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from spacy_luke.errors import Errors

ROOT = Path(__file__).resolve().parents[1]
ANNOTATE = Path(__file__).resolve().parent / "annotate.py"
UTF8 = ["-I", "-X", "utf8"]  # -I: neither this folder nor PYTHONPATH may lend spacy_luke


def build_own_wheel(wheels: Path) -> None:
    """Build spacy_luke's wheel, without files left over from an earlier build."""
    for left_over in (ROOT / "build" / "lib", *wheels.glob("spacy_luke-*.whl")):
        shutil.rmtree(left_over, ignore_errors=True) if left_over.is_dir() else left_over.unlink(missing_ok=True)
    run("Building spacy_luke", sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, ROOT)


def make_env(folder: Path) -> Path:
    """A new environment, empty but for a view of the packages of this one (pip too), behind its own. Returns
    its python."""
    run("Making an environment", sys.executable, "-m", "venv", "--clear", "--without-pip", folder)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    here = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    there = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True).strip()
    (Path(there) / "shared_packages.pth").write_text("\n".join(sorted(here)) + "\n", encoding="utf8")
    return python


def install(python: Path, wheels: Path, packages: list[str]) -> None:
    """spacy_luke over whatever the shared packages have of it; then the pipelines, whose own requirements
    must already be met. Raises ValueError LK765 if a wheel is missing."""
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-index"]
    own = find_wheel(wheels, "spacy_luke")
    run("Installing spacy_luke", *pip, "--no-deps", "--ignore-installed", own)
    run("Installing the pipelines", *pip, *(find_wheel(wheels, name) for name in packages))


def find_wheel(wheels: Path, name: str) -> Path:
    """The newest wheel of a package."""
    found = sorted(wheels.glob(f"{name}-*.whl"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise ValueError(Errors.LK765.format(name=name, folder=wheels))
    return found[-1]


def run(step: str, *command: str | Path) -> str:
    """Show and return what the command prints. Raises ValueError LK766 if it fails."""
    print(f"{step} ...", flush=True)
    printed = []
    started = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, encoding="utf8", errors="replace")
    with started as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            printed.append(line)
    if process.returncode:
        raise ValueError(Errors.LK766.format(step=step, code=process.returncode))
    return "".join(printed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path, help="folder with the pipelines' wheels")
    parser.add_argument("pairs", nargs="+", metavar="PACKAGE=TEXT", help="package name and UTF-8 text file")
    parser.add_argument("--each-pipe", action="store_true", help="fail if a pipe finds nothing, not luke_ner only")
    parser.add_argument("--out", type=Path, help="file to write the annotated texts to")
    parser.add_argument("--env", type=Path, default=Path("packages/env"), help="where to make the environment")
    args = parser.parse_args()
    pairs = [pair.partition("=")[::2] for pair in args.pairs]
    packages = list(dict.fromkeys(package for package, _ in pairs))
    flags = ["--each-pipe"] if args.each_pipe else []
    shown = []
    try:
        build_own_wheel(args.wheels)
        python = make_env(args.env.resolve())
        install(python, args.wheels, packages)
        for package in packages:
            run(f"Testing {package}", python, *UTF8, "-m", "spacy", "luke", "selftest", package)
        for package, text in pairs:
            step = f"Annotating {text} with {package}"
            shown.append(run(step, python, *UTF8, ANNOTATE, package, Path(text).resolve(), *flags))
    except ValueError as err:
        sys.exit(str(err))
    if args.out is not None:
        args.out.write_text("".join(shown), encoding="utf8")


if __name__ == "__main__":
    main()
