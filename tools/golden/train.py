"""Golden values of src/train from torch. Run: python tools/golden/train.py (torch 2.12.1, numpy)."""

import torch
from torch import nn
from torch.nn import functional as F

from golden import Draw, case, leaf, tensor, tensors, write

draw = Draw()
IGNORED = -100


def cross_entropy(smoothing, masked, limit=3):
    B, U, C = 2, 3, 5
    logits = leaf(draw(B, U, C, limit=limit))
    targets = draw.integers(0, C, B, U)
    inputs = {"logits": logits, "targets": targets}
    counted = targets
    if masked:
        inputs["mask"] = torch.tensor([[1, 1, 0], [1, 0, 0]], dtype=torch.bool)
        counted = targets.masked_fill(~inputs["mask"], IGNORED)
    flat = lambda s: F.cross_entropy(logits.flatten(0, 1), counted.flatten(), ignore_index=IGNORED, label_smoothing=s)
    return case({}, inputs, {"loss": flat(smoothing), "nll": flat(0.0)}, draw)


def optimizer(make, steps=5):
    """Parameters after each of several steps with given gradients and rates."""
    params = {"weight": leaf(draw(2, 3)), "bias": leaf(draw(3))}
    start = {name: p.detach().clone() for name, p in params.items()}
    rates = [0.5, 0.25, 0.125, 0.25, 0.0625]
    optimizer = make(params)
    grads, after = [], []
    for rate in rates[:steps]:
        given = {name: draw(*p.shape, limit=2) for name, p in params.items()}
        for group in optimizer.param_groups:
            group["lr"] = rate
        for name, p in params.items():
            p.grad = given[name]
        optimizer.step()
        grads.append(tensors(given))
        after.append(tensors(params))
    return {"params": tensors(start), "rates": rates, "grads": grads, "after": after}


def adamw(decay, **options):
    def make(params):
        groups = [{"params": [params["weight"]], "weight_decay": decay}, {"params": [params["bias"]], "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=1.0, **options)

    return optimizer(make)


def sgd(**options):
    return optimizer(lambda params: torch.optim.SGD(list(params.values()), lr=1.0, **options))


def clip(limit):
    grads = {"weight": draw(2, 3, limit=2), "bias": draw(3, limit=2)}
    params = [nn.Parameter(torch.zeros_like(g)) for g in grads.values()]
    for p, g in zip(params, grads.values()):
        p.grad = g.clone()
    norm = nn.utils.clip_grad_norm_(params, limit)
    clipped = {name: p.grad for name, p in zip(grads, params)}
    return {"limit": limit, "grads": tensors(grads), "norm": tensor(norm), "clipped": tensors(clipped)}


write(
    "src/train/golden/losses.json",
    "train.py",
    {
        "all count": cross_entropy(0.0, False),
        "mask": cross_entropy(0.0, True),
        "smoothing": cross_entropy(0.1, False),
        "mask and smoothing": cross_entropy(0.3, True),
        "scores of hundreds": cross_entropy(0.1, True, limit=400),
    },
)
write(
    "src/train/golden/optimizers.json",
    "train.py",
    {
        "adamw": adamw(0.01),
        "adamw, other settings": adamw(0.25, betas=(0.5, 0.75), eps=0.125),
        "adamw without decay": adamw(0.0),
        "sgd": sgd(),
        "sgd, momentum": sgd(momentum=0.75),
        "sgd, nesterov": sgd(momentum=0.75, nesterov=True),
    },
)
write("src/train/golden/clip.json", "train.py", {"above the limit": clip(0.5), "below the limit": clip(64.0)})
