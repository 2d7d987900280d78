"""Golden values of src/attention, composed from torch's operations. Run: python tools/golden/attention.py (torch 2.12.1, numpy)."""

import torch
from torch import nn

from golden import Draw, case, leaf, write

draw = Draw()
B, S, Q, K, V, A = 3, 4, 3, 3, 2, 4


def weights_of(scores, mask):
    return torch.softmax(scores if mask is None else scores.masked_fill(~mask, -torch.inf), dim=-1)


def inputs_of(masked):
    inputs = {"query": leaf(draw(B, Q)), "keys": leaf(draw(B, S, K)), "values": leaf(draw(B, S, V))}
    # Not only padding at the end: a mask may have holes. The last row allows one position.
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 1, 0]], dtype=torch.bool) if masked else None
    return inputs, mask, {**inputs, **({} if mask is None else {"mask": mask})}


def attended(params, given, inputs, weights):
    context = (weights.unsqueeze(1) @ inputs["values"]).squeeze(1)
    return case(params, given, {"context": context, "weights": weights}, draw)


def additive(masked):
    """Bahdanau et al. 2015, A.1.2, with a bias on the query."""
    query, key = draw.fill(nn.Linear(Q, A)), draw.fill(nn.Linear(K, A, bias=False))
    score = leaf(draw(A))
    params = {f"query.{n}": p for n, p in query.named_parameters()}
    params |= {f"key.{n}": p for n, p in key.named_parameters()} | {"score": score}
    inputs, mask, given = inputs_of(masked)
    scores = torch.tanh(query(inputs["query"]).unsqueeze(1) + key(inputs["keys"])) @ score
    return attended(params, given, inputs, weights_of(scores, mask))


def dot(masked):
    """Luong et al. 2015, eq. 8, "dot"."""
    inputs, mask, given = inputs_of(masked)
    scores = torch.einsum("bd,bsd->bs", inputs["query"], inputs["keys"])
    return attended({}, given, inputs, weights_of(scores, mask))


def coverage(masked):
    """See, Liu and Manning 2017, eq. 10 and 11, over two steps with one query each: the second knows where the first looked."""
    query, key = draw.fill(nn.Linear(Q, A)), draw.fill(nn.Linear(K, A, bias=False))
    score, seen = leaf(draw(A)), leaf(draw(A))
    params = {f"query.{n}": p for n, p in query.named_parameters()}
    params |= {f"key.{n}": p for n, p in key.named_parameters()} | {"score": score, "coverage": seen}
    inputs, mask, given = inputs_of(masked)
    inputs["second"] = given["second"] = leaf(draw(B, Q))
    so_far = torch.zeros(B, S)
    outputs = {}
    for step, name in enumerate(["query", "second"]):
        meeting = query(inputs[name]).unsqueeze(1) + key(inputs["keys"]) + so_far.unsqueeze(-1) * seen
        weights = weights_of(torch.tanh(meeting) @ score, mask)
        so_far = so_far + weights
        outputs[f"context{step}"] = (weights.unsqueeze(1) @ inputs["values"]).squeeze(1)
        outputs[f"weights{step}"] = weights
    return case(params, given, outputs, draw)


write(
    "src/attention/golden/cells.json",
    "attention.py",
    {
        "additive": additive(False),
        "additive, mask": additive(True),
        "dot": dot(False),
        "dot, mask": dot(True),
        "coverage": coverage(False),
        "coverage, mask": coverage(True),
    },
    single=True,
)
