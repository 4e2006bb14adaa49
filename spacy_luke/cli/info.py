"""python -m spacy luke info"""

from __future__ import annotations

import os
import platform
import re
from typing import Any

import srsly
import typer
from wasabi import msg

from ..about import __version__

_EXTRA = re.compile(r"""extra == ['"]([^'"]+)['"]""")


def info_cli(as_json: bool = typer.Option(False, "--json", help="As JSON")) -> None:
    """
    Versions, devices and what is installed: paste it into a bug report.
    """
    found = facts()
    if as_json:
        typer.echo(srsly.json_dumps(found, indent=2))
        return
    devices = found["devices"]
    gpus = [f"{gpu['name']}, {gpu['memory_gb']} GB, compute capability {gpu['capability']}" for gpu in devices["cuda"]]
    rows = {
        "spacy_luke": found["spacy_luke"],
        "Python": found["python"],
        "Platform": found["platform"],
        "CPU": f"{devices['cores']} cores, {devices['threads']} threads used, {devices['cpu']}",
        "GPU": "; ".join(gpus) or "none that torch sees",
        "CUDA of torch": devices["cuda_version"] or "none",
        "GPU by CuPy": "yes"
        if devices["cupy_gpu"]
        else "no: spaCy's --gpu-id needs CuPy: the extra cuda12x or cuda13x",
        "Apple GPU": "yes" if devices["mps"] else "no",
    }
    msg.table(rows, title="spacy_luke")
    packages = [
        (
            name,
            each["version"] or "not installed",
            each["wanted"],
            ", ".join(each["extras"]),
            "" if each["fits"] else "does not fit",
        )
        for name, each in found["packages"].items()
        if each["version"] or not each["extras"]
    ]
    msg.table(packages, header=("package", "version", "wanted", "for", ""), divider=True)
    missing = sorted({extra for each in found["packages"].values() if not each["version"] for extra in each["extras"]})
    msg.text(f"Extras with packages that are not installed: {', '.join(missing) or 'none'}")
    msg.text(f"Pipelines: {', '.join(f'{name} {version}' for name, version in found['pipelines'].items()) or 'none'}")


def facts() -> dict[str, Any]:
    """spacy_luke, python, platform: versions; packages: those of setup.cfg, name -> {"version": str or None,
    "wanted", "extras", "fits"}; devices; pipelines: name -> version of those that are installed as packages."""
    import torch
    from spacy.util import get_installed_models, get_package_version
    from thinc.compat import has_cupy_gpu, has_torch_mps_gpu

    gpus = [torch.cuda.get_device_properties(place) for place in range(torch.cuda.device_count())]
    devices = {
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "cuda": [
            {
                "name": gpu.name,
                "memory_gb": round(gpu.total_memory / 2**30, 1),
                "capability": f"{gpu.major}.{gpu.minor}",
            }
            for gpu in gpus
        ],
        "cuda_version": torch.version.cuda,
        "cupy_gpu": bool(has_cupy_gpu),
        "mps": bool(has_torch_mps_gpu),
    }
    return {
        "spacy_luke": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": _packages(),
        "devices": devices,
        "pipelines": {name: get_package_version(name) for name in sorted(get_installed_models())},
    }


def _packages() -> dict[str, dict[str, Any]]:
    from importlib.metadata import PackageNotFoundError, requires, version

    from packaging.requirements import Requirement

    found: dict[str, dict[str, Any]] = {}
    for needed in map(Requirement, requires("spacy-luke") or ()):
        try:
            installed = version(needed.name)
        except PackageNotFoundError:
            installed = None
        extras = _EXTRA.findall(str(needed.marker or ""))
        each = found.setdefault(needed.name, {"version": installed, "wanted": str(needed.specifier), "extras": []})
        each["extras"] += extras
        each["fits"] = bool(extras) if installed is None else needed.specifier.contains(installed, prereleases=True)
    return found
