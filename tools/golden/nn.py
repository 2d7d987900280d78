"""Golden values of src/nn from torch.nn. Run: python tools/golden/nn.py (torch 2.12.1, numpy)."""

import torch
from torch import nn

from golden import Draw, case, leaf, write

draw = Draw()


def params_of(module):
    return dict(module.named_parameters())


def simple():
    linear = draw.fill(nn.Linear(3, 4))
    bare = draw.fill(nn.Linear(3, 2, bias=False))
    x = leaf(draw(2, 3, 3))
    table = draw.fill(nn.Embedding(5, 3))
    indices = torch.tensor([[4, 0, 4], [1, 4, 2]])  # a repeated row, and one that is never used
    norm = draw.fill(nn.LayerNorm(5))
    tight = draw.fill(nn.LayerNorm(5, eps=1e-12))
    y = leaf(draw(2, 3, 5, limit=3))
    return {
        "linear": case(params_of(linear), {"x": x}, {"y": linear(x)}, draw),
        "linear without bias": case(params_of(bare), {"x": x}, {"y": bare(x)}, draw),
        "embedding": case(params_of(table), {"indices": indices}, {"y": table(indices)}, draw),
        "layer norm": case(params_of(norm), {"x": y}, {"y": norm(y)}, draw),
        "layer norm, epsilon 1e-12": case(params_of(tight), {"x": y}, {"y": tight(y)}, draw),
    }


def recurrent(kind, layers, both, initial, lengths):
    """One network with batch_first; `lengths` runs it packed, as a mask must equal."""
    B, T, I, H = 3, 4, 3, 2
    module = draw.fill(kind(I, H, num_layers=layers, bidirectional=both, batch_first=True))
    x = leaf(draw(B, T, I))
    inputs = {"x": x}
    directions = 2 if both else 1
    state = None
    if initial:
        # As torch wants it: (layers * directions, B, H), forward and backward of a layer side by side.
        inputs["hidden"] = leaf(draw(layers * directions, B, H))
        if kind is nn.LSTM:
            inputs["cell"] = leaf(draw(layers * directions, B, H))
        state = (inputs["hidden"], inputs["cell"]) if kind is nn.LSTM else inputs["hidden"]
    given = x
    if lengths:
        given = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        inputs["mask"] = torch.arange(T)[None, :] < torch.tensor(lengths)[:, None]
    outputs, final = module(given, state)
    if lengths:
        outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=T)
    hidden, cell = final if kind is nn.LSTM else (final, None)
    named = {"outputs": outputs, "hidden": hidden, **({} if cell is None else {"cell": cell})}
    return case(params_of(module), inputs, named, draw)


def recurrences(kind):
    return {
        "one direction": recurrent(kind, 1, False, False, None),
        "one direction, initial state": recurrent(kind, 1, False, True, None),
        "both directions, lengths": recurrent(kind, 1, True, False, [2, 4, 1]),
        "two layers, initial state, lengths": recurrent(kind, 2, False, True, [4, 1, 3]),
        "two layers, both directions, initial state, lengths": recurrent(kind, 2, True, True, [3, 4, 2]),
    }


def gru_before():
    """Cho et al. 2014, eq. 5-8, from single operations: the reset gate before the recurrent product."""
    B, T, I, H = 3, 4, 3, 2
    # Our own layout: (in, 3H) with the gates reset, update, candidate.
    params = {"input": leaf(draw(I, 3 * H)), "recurrent": leaf(draw(H, 3 * H)), "bias": leaf(draw(3 * H))}
    x, hidden = leaf(draw(B, T, I)), leaf(draw(1, B, H))
    mask = torch.arange(T)[None, :] < torch.tensor([4, 2, 3])[:, None]
    W, U, b = (params[n].chunk(3, dim=-1) for n in ("input", "recurrent", "bias"))
    h, steps = hidden[0], []
    for t in range(T):
        r = torch.sigmoid(x[:, t] @ W[0] + h @ U[0] + b[0])
        z = torch.sigmoid(x[:, t] @ W[1] + h @ U[1] + b[1])
        n = torch.tanh(x[:, t] @ W[2] + (r * h) @ U[2] + b[2])
        new = (1 - z) * n + z * h
        real = mask[:, t, None]
        steps.append(torch.where(real, new, torch.zeros_like(new)))
        h = torch.where(real, new, h)
    inputs = {"x": x, "hidden": hidden, "mask": mask}
    return case(params, inputs, {"outputs": torch.stack(steps, 1), "hidden": h[None]}, draw)


write("src/nn/golden/layers.json", "nn.py", simple())
write("src/nn/golden/lstm.json", "nn.py", recurrences(nn.LSTM))
write("src/nn/golden/gru.json", "nn.py", {**recurrences(nn.GRU), "reset before, initial state, lengths": gru_before()})
