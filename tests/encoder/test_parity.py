"""Same random weights, same numbers as transformers: states of every layer."""

from __future__ import annotations

import pytest

from .hf import TINY, hf_inputs, hf_model, make_inputs, our_encoder

pytest.importorskip("transformers")


@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("slots", [5, 0])
@pytest.mark.parametrize("types", [True, False])
@pytest.mark.parametrize("emb", [16, 32])
def test_states_of_every_layer(aware, padded, slots, types, emb):
    settings = {**TINY, "use_entity_aware_attention": aware, "entity_emb_size": emb}
    theirs = hf_model("LukeModel", **settings)
    ours = our_encoder(theirs)
    inputs = make_inputs(settings, padded=padded, slots=slots, types=types)
    expected = theirs(**hf_inputs(inputs), output_hidden_states=True)
    found = ours(inputs, output_layers=True)
    assert len(found.layers) == TINY["num_hidden_layers"] + 1
    for i, (pieces, states) in enumerate(found.layers):
        assert (pieces - expected.hidden_states[i]).abs().max() <= 1e-5
        if slots:
            assert (states - expected.entity_hidden_states[i]).abs().max() <= 1e-5
        else:
            assert states is None
    assert (ours.pool(found.pieces) - expected.pooler_output).abs().max() <= 1e-5
