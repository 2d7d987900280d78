"""Golden values of src/attention/normalizers, composed from torch's operations. Run: python tools/golden/normalizers.py (torch 2.12.1, numpy)."""

import torch

from golden import Draw, case, leaf, write

draw = Draw()
B, S = 4, 6
H, T = 3, 2

# Not only padding at the end: a mask may have holes. The last row allows one position.
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 0, 1], [0, 0, 1, 0, 0, 0]], dtype=torch.bool)


def softmax(scores):
    return torch.softmax(scores, dim=-1)


def capped(scores, cap):
    return torch.tanh(scores / cap) * cap


def beside_sink(scores, sink):
    """The sink as a logit more, whose weight is left out."""
    column = sink.expand(*scores.shape[:-1], 1)
    return softmax(torch.cat([scores, column], dim=-1))[..., :-1]


def top_k(scores, k):
    indices = torch.topk(scores, k, dim=-1).indices
    kept = torch.zeros_like(scores, dtype=torch.bool).scatter(-1, indices, True)
    return softmax(scores.masked_fill(~kept, -torch.inf))


def sparsemax(scores):
    """Martins and Astudillo 2016, Algorithm 1; the gradient is autograd's, through the sort."""
    ordered = torch.sort(scores, dim=-1, descending=True).values
    ranks = torch.arange(1, scores.shape[-1] + 1)
    inside = 1 + ranks * ordered > torch.cumsum(ordered, dim=-1)
    total = torch.where(inside, ordered, 0).sum(-1, keepdim=True)
    return torch.relu(scores - (total - 1) / inside.sum(-1, keepdim=True))


def entmax15(scores):
    """Peters, Niculae and Martins 2019, Algorithm 2; the gradient is autograd's, through the sort."""
    half = scores / 2
    ordered = torch.sort(half, dim=-1, descending=True).values
    tau = torch.full_like(half[..., :1], torch.nan)
    for k in range(1, scores.shape[-1] + 1):
        top = ordered[..., :k]
        mean = top.mean(-1, keepdim=True)
        room = (1 - ((top - mean) ** 2).sum(-1, keepdim=True)) / k
        here = (room > 0) & (mean - torch.sqrt(room.clamp(min=0)) < top[..., -1:])
        tau = torch.where(here, mean - torch.sqrt(torch.where(here, room, 1)), tau)
    return torch.relu(half - tau) ** 2


def entmax(scores, alpha):
    """
    The threshold by bisection, without a gradient, and one step of Newton's method with it: that step does not move a
    root, but its gradient is the root's (implicit function theorem), in scores and alpha alike.
    """
    scaled = (alpha - 1) * scores

    def weights(tau):
        inside = scaled > tau
        return torch.where(inside, torch.where(inside, scaled - tau, 1) ** (1 / (alpha - 1)), 0)

    with torch.no_grad():
        top = scaled.max(dim=-1, keepdim=True).values
        low, high = top - 1, top.clone()
        for _ in range(80):
            middle = (low + high) / 2
            above = weights(middle).sum(-1, keepdim=True) > 1
            low, high = torch.where(above, middle, low), torch.where(above, high, middle)
        tau = (low + high) / 2
        p = weights(tau)
        slope = -torch.where(p > 0, p ** (2 - alpha), 0).sum(-1, keepdim=True) / (alpha - 1)
    return weights(tau - (weights(tau).sum(-1, keepdim=True) - 1) / slope)


# A blocked score, far enough below the others to get no weight. Not -inf, which the means of entmax15 make NaN.
BLOCKED = -1e4


def rows(fn, limit=2.0, before=lambda scores: scores):
    """A map of (B, S), without a mask and with one; what comes before the mask is not a part of it."""
    cases = []
    for mask in [None, MASK]:
        scores = leaf(draw(B, S, limit=limit))
        seen = before(scores)
        weights = fn(seen) if mask is None else torch.where(mask, fn(seen.masked_fill(~mask, BLOCKED)), 0)
        inputs = {"scores": scores, **({} if mask is None else {"mask": mask})}
        cases.append(case({}, inputs, {"weights": weights}, draw))
    return cases


def with_parameter(name, value, fn, shape):
    scores, parameter = leaf(draw(*shape, limit=2.0)), leaf(value)
    return case({name: parameter}, {"scores": scores}, {"weights": fn(scores, parameter)}, draw)


def learned(a):
    margin = 2.0**-10
    return 1 + margin + (1 - margin) * torch.sigmoid(a)


maps = {
    "softmaxWith": rows(lambda x: softmax(x / 0.5), before=lambda x: capped(x, 1.5)),
    "sigmoid": rows(torch.sigmoid),
    "topK": rows(lambda x: top_k(x, 3)),
    "offByOne": rows(lambda x: beside_sink(x, torch.zeros(()))),
    "sparsemax": rows(sparsemax),
    "entmax 1.5": rows(entmax15),
    "entmax 1.25": rows(lambda x: entmax(x, torch.tensor(1.25)), limit=6.0),
    "entmax 3": rows(lambda x: entmax(x, torch.tensor(3.0)), limit=1.0),
}
heads = lambda p: p.reshape(H, 1, 1)
write(
    "src/attention/golden/normalizers.json",
    "normalizers.py",
    {f"{name}{suffix}": c for name, pair in maps.items() for suffix, c in zip(["", ", mask"], pair)}
    | {
        "sinks": with_parameter("sink", draw(), beside_sink, (B, S)),
        "sinks, heads": with_parameter("sink", draw(H), lambda x, p: beside_sink(x, heads(p)), (2, H, T, S)),
        "learnedEntmax": with_parameter("alpha", draw(), lambda x, p: entmax(x, learned(p)), (B, S)),
        "learnedEntmax, heads": with_parameter(
            "alpha", draw(H, limit=3.0), lambda x, p: entmax(x, heads(learned(p))), (2, H, T, S)
        ),
    },
    single=True,
)
