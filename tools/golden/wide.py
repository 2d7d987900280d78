"""
Errors of torch's own float32 on attentions of real sizes, and samples of what float64 gives. The inputs are those of a
generator that the test has too, so that the file stays small. Run: python tools/golden/wide.py (torch 2.12.1, numpy).
"""

import torch
import torch.nn.functional as F

from golden import write

B, T, H, D = 1, 160, 2, 64
CHUNK = 32
SAMPLES = 6


def numbers(seed, shape):
    """x -> 1664525 x + 1013904223 mod 2^32; its bits 16 to 24 as multiples of 1/128 in -2 to 2."""
    out, x = [], seed
    for _ in range(torch.Size(shape).numel()):
        x = (1664525 * x + 1013904223) % 2**32
        out.append(((x >> 16 & 511) - 256) / 128)
    return torch.tensor(out, dtype=torch.float64).reshape(shape)


GIVEN = {name: numbers(seed, (B, T, H, D)) for seed, name in enumerate(["query", "keys", "values", "seed"], 1)}
PAST = torch.ones(T, T, dtype=torch.bool).tril()


def dot_product(q, k, v, mask=None):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def linear(q, k, v, mask=None):
    """All weights written out."""
    products = (F.elu(q) + 1) @ (F.elu(k) + 1).transpose(-1, -2)
    products = products if mask is None else products * mask
    return products / products.sum(-1, keepdim=True) @ v


def local(q, k, v):
    chunk = torch.arange(T) // CHUNK
    return dot_product(q, k, v, PAST & (chunk[None, :] >= chunk[:, None] - 1))


def run(attend, dtype, **options):
    leaves = [GIVEN[name].to(dtype).requires_grad_(True) for name in ("query", "keys", "values")]
    context = attend(*(x.transpose(1, 2) for x in leaves), **options).transpose(1, 2)
    grads = torch.autograd.grad((context * GIVEN["seed"].to(dtype)).sum(), leaves)
    return dict(zip(("context", "query", "keys", "values"), (context.detach(), *grads)))


def measured(attend, **options):
    double = run(attend, torch.float64, **options)
    single = run(attend, torch.float32, **options)
    step = double["context"].numel() // SAMPLES
    return {
        "single": {n: float(f"{(single[n].double() - x).abs().max().item():.4g}") for n, x in double.items()},
        "samples": {n: [float(f"{y:.13g}") for y in x.flatten()[::step].tolist()] for n, x in double.items()},
    }


write(
    "src/attention/golden/wide.json",
    "wide.py",
    {
        "attention": measured(dot_product),
        "attention, causal": measured(dot_product, mask=PAST),
        "linear": measured(linear),
        "linear, causal": measured(linear, mask=PAST),
        "local": measured(local),
    },
)
