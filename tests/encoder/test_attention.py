"""`attend` against scores written out in full, with a mask."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.encoder import attention
from spacy_luke.encoder.attention import Memory, Queries, attend

BATCH, HEADS, PIECES, SLOTS, HEAD = 2, 3, 7, 5, 4


def make(aware: bool):
    g = torch.Generator().manual_seed(1)

    def random(rows: int):
        return torch.randn(BATCH, HEADS, rows, HEAD, generator=g, dtype=torch.float64).requires_grad_()

    w2w, e2e = random(PIECES), random(SLOTS)
    queries = Queries(w2w, random(PIECES) if aware else w2w, random(SLOTS) if aware else e2e, e2e)
    piece_mask = torch.arange(PIECES) < torch.tensor([[PIECES], [4]])
    slot_mask = torch.arange(SLOTS) < torch.tensor([[3], [SLOTS]])
    pieces = Memory(random(PIECES), random(PIECES), piece_mask)
    return queries, pieces, Memory(random(SLOTS), random(SLOTS), slot_mask)


def in_full(queries: Queries, pieces: Memory, slots: Memory, view: str):
    """One score matrix over pieces and slots, -inf where the view or the padding forbids."""
    rows = [(queries.w2w, queries.w2e), (queries.e2w, queries.e2e)]
    blocks = [[q @ side.keys.mT for q, side in zip(row, (pieces, slots))] for row in rows]
    scores = torch.cat([torch.cat(row, dim=-1) for row in blocks], dim=-2) / HEAD**0.5
    allowed = torch.cat([pieces.mask, slots.mask], dim=-1)[:, None].repeat(1, PIECES + SLOTS, 1)
    if view == "words":
        allowed[:, :, PIECES:] = False
        allowed[:, range(PIECES, PIECES + SLOTS), range(PIECES, PIECES + SLOTS)] = True
    weights = scores.masked_fill(~allowed[:, None], -torch.inf).softmax(-1)
    contexts = weights @ torch.cat([pieces.values, slots.values], dim=2)
    return contexts[:, :, :PIECES], contexts[:, :, PIECES:]


@pytest.fixture(params=[False, True], ids=["matrix", "fused"])
def fused(request, monkeypatch):
    """What CPUs do, and what CUDA does, here on a CPU."""
    monkeypatch.setattr(attention, "_has_fused_kernel", lambda tensor: request.param)


@pytest.mark.parametrize("view", ["full", "words"])
@pytest.mark.parametrize("aware", [True, False])
def test_equals_scores_written_out(view, aware, fused):
    gradients = []
    for function in (lambda *x: attend(*x, dropout=0.0), in_full):
        queries, pieces, slots = make(aware)
        contexts = function(queries, pieces, slots, view)
        g = torch.Generator().manual_seed(2)
        weights = [torch.randn(c.shape, generator=g, dtype=c.dtype) for c in contexts]
        sum((c * w).sum() for c, w in zip(contexts, weights)).backward()
        tensors = [*queries, *pieces[:2], *slots[:2]]
        gradients.append([*contexts, *(torch.zeros_like(x) if x.grad is None else x.grad for x in tensors)])
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("view", ["full", "words"])
@pytest.mark.parametrize("aware", [True, False])
def test_dropout_keeps_the_mean(view, aware, fused):
    """Every weight, a slot's own included, is dropped and scaled: the mean over many draws stays."""
    queries, pieces, slots = make(aware)
    with torch.no_grad():
        expected = attend(queries, pieces, slots, view, dropout=0.0)
        draws = [attend(queries, pieces, slots, view, dropout=0.5) for _ in range(4000)]
    for i, side in enumerate(expected):
        found = torch.stack([draw[i] for draw in draws])
        error = found.std(0) / len(draws) ** 0.5
        assert ((found.mean(0) - side).abs() <= 5 * error).all()
        assert (found.std(0) > 1e-3).all()


def test_words_view_makes_no_slots_by_slots_array(monkeypatch):
    """Nothing that is kept for the backward pass grows with the square of the slots."""
    torch.manual_seed(0)
    slots = 500
    e2e, keys, values = (torch.randn(1, 2, slots, 4, requires_grad=True) for _ in range(3))
    w2w, piece_keys, piece_values = (torch.randn(1, 2, 6, 4, requires_grad=True) for _ in range(3))
    sizes = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
        attend(
            Queries(w2w, w2w, e2e, e2e),
            Memory(piece_keys, piece_values, torch.ones(1, 6, dtype=torch.bool)),
            Memory(keys, values, torch.ones(1, slots, dtype=torch.bool)),
            "words",
            dropout=0.0,
        )
    assert sizes and max(sizes) <= 2 * slots * 7


def test_the_kernel_of_cuda_takes_what_it_is_given():
    """Forth and back, with none of the kernels that make a matrix of scores."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    half = {"device": "cuda", "dtype": torch.bfloat16}
    queries = Queries(*(torch.randn(2, 12, rows, 64, **half, requires_grad=True) for rows in (30, 30, 50, 50)))
    sides = [
        Memory(torch.randn(2, 12, n, 64, **half), torch.randn(2, 12, n, 64, **half), torch.ones(2, n, dtype=torch.bool, device="cuda"))
        for n in (30, 50)
    ]
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.CUDNN_ATTENTION]):
        found = attend(queries, *sides, "full", dropout=0.1)
    sum(c.float().sum() for c in found).backward()
    assert all(q.grad is not None for q in queries)
