"""Golden values of src/attention/dot-product and local, by torch's own operation. Run: python tools/golden/dot_product.py (torch 2.12.1, numpy)."""

import torch
import torch.nn.functional as F

from golden import Draw, case, leaf, write

draw = Draw()
B, T, S, H, G, D, E = 2, 4, 6, 2, 1, 3, 2
LENGTHS = torch.tensor([3, 6])


def attended(queries, keys, heads=H, mask=None, extra=None, **options):
    """torch's layout is (B, H, T, D), ours (B, T, H, D)."""
    inputs = {
        "query": leaf(draw(B, queries, H, D, limit=2)),
        "keys": leaf(draw(B, keys, heads, D, limit=2)),
        "values": leaf(draw(B, keys, heads, E)),
    }
    first = [x.transpose(1, 2) for x in inputs.values()]
    context = F.scaled_dot_product_attention(*first, attn_mask=mask, enable_gqa=heads != H, **options)
    return case({}, {**inputs, **(extra or {})}, {"context": context.transpose(1, 2)}, draw)


def chunked(length, size, back, forward, causal=False):
    """Query chunk c sees chunks c - back to c + forward."""
    chunk = torch.arange(length) // size
    steps = chunk[None, :] - chunk[:, None]
    mask = (steps >= -back) & (steps <= forward)
    return mask.tril() if causal else mask


real = (torch.arange(S) < LENGTHS[:, None])[:, None, None, :]
bias = draw(1, H, T, S)
write(
    "src/attention/golden/dot-product.json",
    "dot_product.py",
    {
        "all": attended(T, S),
        "scale": attended(T, S, scale=1.0),
        "grouped": attended(T, S, heads=G),
        "causal": attended(S, S, is_causal=True),
        "causal at the end": attended(T, S, mask=torch.ones(T, S, dtype=torch.bool).tril(S - T)),
        "lengths": attended(T, S, mask=real, extra={"lengths": LENGTHS}),
        "bias": attended(T, S, mask=bias, extra={"bias": bias}),
        "local: 2, one behind": attended(7, 7, mask=chunked(7, 2, 1, 0)),
        "local: 3, one behind, causal": attended(7, 7, mask=chunked(7, 3, 1, 0, causal=True)),
        "local: 2, one behind and ahead": attended(7, 7, mask=chunked(7, 2, 1, 1)),
        "local: 3, none, grouped": attended(6, 6, heads=G, mask=chunked(6, 3, 0, 0)),
    },
    single=True,
)
