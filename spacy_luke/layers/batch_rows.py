"""How many pieces and slots go through an encoder together, where the config does not say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from ..encoder.config import LukeConfig

# Beyond these larger batches bring nothing: on a CPU 1024 rows reach 93 %, 2048 rows 98 % of the best speed
# (benchmarks/speed). The number of GPUs is a guess.
MOST = {"cpu": 2048, "cuda": 16384}
LEAST = 256

# Of the free memory: others want some of it too, and what is needed is estimated.
SHARE = 1 / 4


def batch_rows(config: LukeConfig, longest: int, device: torch.device, is_train: bool) -> int:
    """Rows of a batch: as many as are fastest, fewer where they would take more than a quarter of the free memory;
    a power of two, so that a little more or less of it does not change the batches.

    longest (int): pieces and slots of the longest question.
    """
    rows, free = MOST.get(device.type, MOST["cpu"]), free_memory(device)
    if is_train:
        rows //= 2  # batches are padded, the larger the more (with_batches.WASTE)
    if free is not None:
        need = bytes_per_row(config, longest, is_train)
        while rows > LEAST and rows * need > free * SHARE:
            rows //= 2
    return rows


def bytes_per_row(config: LukeConfig, longest: int, is_train: bool) -> int:
    """Memory that a piece or slot needs at most, in float32: states around one layer, its row of the scores of all
    heads, and what is kept of each layer: in training all of that, else keys and values for slots asked later."""
    hidden, layers = config.hidden_size, config.num_hidden_layers
    one_layer = 16 * hidden + 2 * config.intermediate_size + 4 * config.num_attention_heads * longest
    return 4 * (layers * one_layer if is_train else one_layer + layers * 2 * hidden)


def free_memory(device: torch.device) -> int | None:
    """Bytes that this process may still take on a device; None = nobody knows."""
    import torch

    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    if device.type != "cpu":
        return None
    known = [free for free in (_free_in_machine(), _free_in_container()) if free is not None]
    return min(known, default=None)


def _free_in_machine(path: Path = Path("/proc/meminfo")) -> int | None:
    """What Linux thinks can be had without swapping."""
    found = _numbers(path).get("MemAvailable:")
    return None if found is None else found * 1024


def _free_in_container(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What a limit of the control group (version 2) leaves; pages of files can be taken back."""
    try:
        limit, used = (int((folder / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # no such group, or "max": no limit
        return None
    return max(limit - used + _numbers(folder / "memory.stat").get("file", 0), 0)


def _numbers(path: Path) -> dict[str, int]:
    """Lines of a name and a number."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:  # another system
        return {}
    return {line[0]: int(line[1]) for line in lines if len(line) > 1 and line[1].isdigit()}
