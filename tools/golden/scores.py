"""Golden values of the scores and local windows of src/attention. Run: python tools/golden/scores.py (torch 2.12.1, numpy)."""

import torch
from torch import nn
from torch.nn import functional as F

from golden import Draw, case, leaf, write

draw = Draw()
B, S, D, K, V, A, STEPS = 3, 5, 3, 4, 2, 4, 3
# Padding at the end with a hole, and at the front; the first row is whole. The shortest row is left before the last step.
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 0, 1, 0, 0], [0, 0, 1, 1, 0]], dtype=torch.bool)


def attend(scores, values, mask, inside=None, factors=None):
    """Softmax over the allowed positions, then factors, then the sum of the values."""
    allowed = torch.ones(B, S, dtype=torch.bool) if mask is None else mask
    if inside is not None:
        allowed = allowed & inside
    weights = torch.softmax(scores.masked_fill(~allowed, -torch.inf), dim=-1)
    if factors is not None:
        weights = weights * factors
    return torch.einsum("bs,bsv->bv", weights, values), weights


def steps(modules, score, masked, key_size=K, window=None, params=None):
    """
    A case of several steps, one query each. `score(query, keys, previous)` gives scores, `window(t, query, mask)` what lies
    inside and the factors; `previous` are the weights of the step before, zeros at first.
    """
    named = {f"{prefix}.{n}": p for prefix, m in modules.items() for n, p in draw.fill(m).named_parameters()}
    named |= params or {}
    inputs = {f"query{t}": leaf(draw(B, D)) for t in range(STEPS)}
    keys, values = leaf(draw(B, S, key_size)), leaf(draw(B, S, V))
    inputs |= {"keys": keys, "values": values}
    mask = MASK if masked else None
    previous = torch.zeros(B, S)
    outputs = {}
    for t in range(STEPS):
        query = inputs[f"query{t}"]
        inside, factors = window(t, query, mask) if window else (None, None)
        context, previous = attend(score(query, keys, previous), values, mask, inside, factors)
        outputs |= {f"context{t}": context, f"weights{t}": previous}
    given = {**inputs, **({} if mask is None else {"mask": mask})}
    return case(named, given, outputs, draw)


def dot(query, keys, _previous=None):
    return torch.einsum("bd,bsd->bs", query, keys)


def scaled_dot(masked):
    """Vaswani et al. 2017, eq. 1. The context is that of torch's own operation; its weights are not given out."""
    inputs = {f"query{t}": leaf(draw(B, D)) for t in range(STEPS)}
    keys, values = leaf(draw(B, S, D)), leaf(draw(B, S, V))
    outputs = {}
    for t in range(STEPS):
        query = inputs[f"query{t}"]
        allowed = MASK.unsqueeze(1) if masked else None
        attended = F.scaled_dot_product_attention(query.unsqueeze(1), keys, values, attn_mask=allowed)
        _, weights = attend(dot(query, keys) / D**0.5, values, MASK if masked else None)
        outputs |= {f"context{t}": attended.squeeze(1), f"weights{t}": weights}
    inputs |= {"keys": keys, "values": values}
    return case({}, {**inputs, **({"mask": MASK} if masked else {})}, outputs, draw)


def general(masked):
    """Luong et al. 2015, "general", by torch's bilinear layer of one output."""
    form = nn.Bilinear(D, K, 1, bias=False)
    score = lambda q, k, _: form(q.unsqueeze(1).expand(B, S, D).contiguous(), k).squeeze(-1)
    return steps({"form": form}, score, masked)


def bilinear(masked):
    query, key = nn.Linear(D, A, bias=False), nn.Linear(K, A, bias=False)
    return steps({"query": query, "key": key}, lambda q, k, _: (query(q).unsqueeze(1) * key(k)).sum(-1), masked)


def concat(masked):
    """Luong et al. 2015, "concat", with the concatenation."""
    both, score = nn.Linear(D + K, A, bias=False), nn.Linear(A, 1, bias=False)
    pair = lambda q, k: torch.cat([q.unsqueeze(1).expand(B, S, D), k], dim=-1)
    return steps({"both": both, "score": score}, lambda q, k, _: score(torch.tanh(both(pair(q, k)))).squeeze(-1), masked)


def cosine(masked):
    """Graves et al. 2014, eq. 5 and 6."""
    params = {"logScale": leaf(torch.tensor(0.75))}
    score = lambda q, k, _: F.cosine_similarity(q.unsqueeze(1), k, dim=-1) * params["logScale"].exp()
    return steps({}, score, masked, key_size=D, params=params)


def location(masked):
    """Luong et al. 2015, eq. 8, for sources of at most 7 positions."""
    where = nn.Linear(D, 7, bias=False)
    return steps({"where": where}, lambda q, _k, _p: where(q)[:, :S], masked)


def location_sensitive(masked):
    """Chorowski et al. 2015, eq. 8 and 9, by torch's convolution: 2 filters of 3 positions."""
    query, key = nn.Linear(D, A), nn.Linear(K, A, bias=False)
    score, location = nn.Linear(A, 1, bias=False), nn.Linear(2, A, bias=False)
    filters = nn.Conv1d(1, 2, 3, padding=1, bias=False)

    def scores(q, k, previous):
        found = location(filters(previous.unsqueeze(1)).transpose(1, 2))
        return score(torch.tanh(query(q).unsqueeze(1) + key(k) + found)).squeeze(-1)

    modules = {"query": query, "key": key, "score": score, "location": location, "filters": filters}
    return steps(modules, scores, masked)


def rows(mask):
    """First position and real length of each row, by counting."""
    if mask is None:
        return [(0, S)] * B
    real = [[s for s in range(S) if row[s]] for row in mask.tolist()]
    return [(r[0], r[-1] - r[0] + 1) for r in real]


def local_m(masked):
    """Luong et al. 2015, section 3.2, D = 1; beyond the end of a row its last position."""

    def window(t, _query, mask):
        inside = torch.zeros(B, S, dtype=torch.bool)
        for b, (first, length) in enumerate(rows(mask)):
            centre = first + min(t, length - 1)
            inside[b, max(centre - 1, 0) : centre + 2] = True
        return inside, None

    return steps({}, dot, masked, key_size=D, window=window)


def local_p(masked):
    """Luong et al. 2015, eq. 9 and 10, D = 2, sigma = 1: the Gaussian is torch's normal density over its top."""
    query, position = nn.Linear(D, A, bias=False), nn.Linear(A, 1, bias=False)

    def window(_t, q, mask):
        first, length = (torch.tensor(n, dtype=torch.get_default_dtype()).unsqueeze(1) for n in zip(*rows(mask)))
        centre = first + length * torch.sigmoid(position(torch.tanh(query(q))))
        s = torch.arange(S, dtype=torch.get_default_dtype())
        normal = torch.distributions.Normal(centre, 1.0)
        factors = (normal.log_prob(s) - normal.log_prob(centre)).exp()
        return (s >= centre - 2) & (s <= centre + 2), factors

    return steps({"query": query, "position": position}, dot, masked, key_size=D, window=window)


scores = {
    "scaledDot": scaled_dot,
    "general": general,
    "bilinear": bilinear,
    "concat": concat,
    "cosine": cosine,
    "location": location,
    "locationSensitive": location_sensitive,
    "localM": local_m,
    "localP": local_p,
}
write(
    "src/attention/golden/scores.json",
    "scores.py",
    {f"{name}{', mask' if masked else ''}": make(masked) for name, make in scores.items() for masked in (False, True)},
    single=True,
)
