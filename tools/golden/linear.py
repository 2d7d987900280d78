"""Golden values of src/attention/linear, composed from torch's operations. Run: python tools/golden/linear.py (torch 2.12.1, numpy)."""

import math

import torch
import torch.nn.functional as F

from golden import Draw, case, leaf, write

draw = Draw()
B, T, S, H, G, D, E, M = 2, 5, 6, 2, 1, 3, 2, 5
LENGTHS = torch.tensor([4, 6])


def elu(x, _role):
    return F.elu(x) + 1


def positive(directions):
    """Choromanski et al. 2021, Lemma 1, as it is written: nothing is moved."""

    def features(x, _role):
        x = x / D**0.25
        return torch.exp(x @ directions.T - x.square().sum(-1, keepdim=True) / 2) / math.sqrt(M)

    return features


def weighed(inputs, feature, allowed):
    """All weights, one by one: the quadratic form. Layout (B, T, H, D), as in the file."""
    query = feature(inputs["query"], "query")
    keys = feature(inputs["keys"], "keys")
    repeats = query.shape[2] // keys.shape[2]
    keys, values = (x.repeat_interleave(repeats, dim=2) for x in (keys, inputs["values"]))
    products = torch.einsum("bthm,bshm->bhts", query, keys)
    if allowed is not None:
        products = products * allowed
    total = products.sum(-1, keepdim=True)
    weights = products / torch.where(total == 0, 1, total)
    return torch.einsum("bhts,bshe->bthe", weights, values)


def linear(feature, length=S, heads=H, allowed=None, given=None):
    inputs = {
        "query": leaf(draw(B, length if given == "causal" else T, H, D, limit=2)),
        "keys": leaf(draw(B, length, heads, D, limit=2)),
        "values": leaf(draw(B, length, heads, E)),
    }
    extra = {}
    if given == "lengths":
        extra = {"lengths": LENGTHS}
        allowed = (torch.arange(S) < LENGTHS[:, None])[:, None, None, :]
    if given == "causal":
        allowed = torch.ones(length, length, dtype=torch.bool).tril()
    if isinstance(feature, torch.Tensor):
        extra["directions"] = feature
        feature = positive(feature)
    return case({}, {**inputs, **extra}, {"context": weighed(inputs, feature, allowed)}, draw)


relu = lambda x, _role: F.relu(x)
write(
    "src/attention/golden/linear.json",
    "linear.py",
    {
        "elu": linear(elu),
        "elu, lengths": linear(elu, given="lengths"),
        "elu, causal": linear(elu, given="causal"),
        "elu, grouped": linear(elu, heads=G),
        "relu": linear(relu),
        "relu, causal": linear(relu, given="causal"),
        "positive": linear(draw(M, D, limit=2)),
        "positive, causal": linear(draw(M, D, limit=2), given="causal"),
    },
    single=True,
)
