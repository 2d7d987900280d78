"""Golden values of src/attention/multi-head and positions. Run: python tools/golden/multi_head.py (torch 2.12.1, numpy)."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from golden import Draw, case, leaf, tensor, write

draw = Draw()
B, T, S, N = 2, 3, 4, 4
KEY_PADDING = torch.tensor([[0, 0, 0, 1], [1, 0, 1, 0]], dtype=torch.bool)
CAUSAL = torch.ones(S, S, dtype=torch.bool).tril()


# nn.MultiheadAttention


def module(**options):
    return draw.fill(nn.MultiheadAttention(N, 2, batch_first=True, **options))


def of_module(mha, inputs, given=None, **call):
    """Output and gradients; `inputs` are query, keys and values as far as they differ."""
    names = list(inputs)
    query = inputs["query"]
    keys = inputs.get("keys", query)
    values = inputs.get("values", keys)
    output, _ = mha(query, keys, values, need_weights=False, **call)
    assert names[0] == "query"
    return case(dict(mha.named_parameters()), {**inputs, **(given or {})}, {"output": output}, draw)


def itself():
    return {"query": leaf(draw(B, S, N))}


def torch_cases():
    additive = draw(B * 2, S, S)
    additive[1, 2, 0] = -torch.inf
    blocked = torch.tensor([[0, 1, 1, 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=torch.bool)
    finite = torch.where(additive == -torch.inf, -1e9, additive)
    cross = {"query": leaf(draw(B, T, N)), "keys": leaf(draw(B, S, 5)), "values": leaf(draw(B, S, 3))}
    return {
        "torch self": of_module(module(), itself()),
        "torch self, no bias": of_module(module(bias=False), itself()),
        "torch cross, key padding": of_module(
            module(kdim=5, vdim=3), cross, {"padding": KEY_PADDING}, key_padding_mask=KEY_PADDING
        ),
        "torch cross, no bias": of_module(
            module(kdim=5, vdim=3, bias=False), {name: leaf(x.detach()) for name, x in cross.items()}
        ),
        "torch self, bool mask": of_module(module(), itself(), {"blocked": blocked}, attn_mask=blocked),
        "torch self, float mask": of_module(module(), itself(), {"added": finite}, attn_mask=additive),
        "torch self, add_zero_attn": of_module(module(add_zero_attn=True), itself()),
    }


# A layer written out, over F.scaled_dot_product_attention or its parts. Heads first: (B, H, T, D).


def projections(H, G, D, E=None, out=N):
    E = D if E is None else E
    layers = {
        "query": nn.Linear(N, H * D),
        "key": nn.Linear(N, G * D),
        "value": nn.Linear(N, G * E),
        "output": nn.Linear(H * E, out),
    }
    return {name: draw.fill(layer) for name, layer in layers.items()}


def named(layers):
    return {f"{name}.{p}": x for name, layer in layers.items() for p, x in layer.named_parameters()}


def heads(layers, x, H, G):
    split = lambda y, count: y.unflatten(-1, (count, -1)).transpose(1, 2)
    return split(layers["query"](x), H), split(layers["key"](x), G), split(layers["value"](x), G)


def joined(layers, context):
    return layers["output"](context.transpose(1, 2).flatten(2))


def written_out(H, G, D, attend, extra=None, given=None, E=None, out=N):
    """`attend` makes the context (B, H, T, E) of heads of queries, keys and values."""
    layers = projections(H, G, D, E, out)
    x = leaf(draw(B, S, N))
    output = joined(layers, attend(*heads(layers, x, H, G)))
    return case({**named(layers), **(extra or {})}, {"query": x, **(given or {})}, {"output": output}, draw)


def grouped(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, enable_gqa=True)


def weighed(q, k, v, change=lambda s: s, normal=lambda s: torch.softmax(s, -1), mask=CAUSAL):
    """Scores changed, masked and normalised, in that order."""
    scores = change(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]))
    return normal(scores.masked_fill(~mask, -torch.inf)) @ v


# Positions


def rotated(x, positions, base, size, interleaved):
    """
    Pairs as complex numbers, multiplied by e^(i position frequency). Half-split pairs are those of the interleaved form after
    a permutation of the elements. Cosines and sines are rounded to float32, as tables of a float32 model are.
    """
    turned, rest = x[..., :size], x[..., size:]
    order = torch.arange(size) if interleaved else torch.arange(size).reshape(2, -1).T.flatten()
    frequencies = torch.tensor(base, dtype=torch.float64) ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angles = positions[..., None] * frequencies
    unit = torch.complex(*(x.float().to(torch.get_default_dtype()) for x in (angles.cos(), angles.sin())))
    pairs = torch.view_as_complex(turned[..., order].unflatten(-1, (-1, 2)).contiguous())
    back = torch.empty_like(order)
    back[order] = torch.arange(size)
    return torch.cat([torch.view_as_real(pairs * unit).flatten(-2)[..., back], rest], -1)


def rotary(base=10000.0, size=4, interleaved=False, starts=None):
    slots = torch.arange(S)
    positions = (slots if starts is None else (slots - starts[:, None]).clamp(min=0)[:, None]).to(torch.float64)
    mask = CAUSAL if starts is None else CAUSAL & (slots >= starts[:, None])[:, None, None]

    def attend(q, k, v):
        turn = lambda x: rotated(x, positions, base, size, interleaved)
        # A query before its row's start may look at nothing: weights of 0.
        return weighed(turn(q), turn(k), v, normal=lambda s: torch.softmax(s, -1).nan_to_num(0), mask=mask)

    return written_out(2, 2, 4, attend, given={} if starts is None else {"starts": starts})


def slopes_of(n):
    """The authors' `get_slopes`."""

    def power_of_two(n):
        start = 2 ** (-(2 ** -(math.log2(n) - 3)))
        return [start * start**i for i in range(n)]

    if math.log2(n).is_integer():
        return power_of_two(n)
    closest = 2 ** math.floor(math.log2(n))
    return power_of_two(closest) + slopes_of(2 * closest)[0::2][: n - closest]


def alibi(H, mask):
    distance = (torch.arange(S)[:, None] - torch.arange(S)).abs()
    bias = -torch.tensor(slopes_of(H))[:, None, None] * distance
    return written_out(H, H, 2, lambda q, k, v: weighed(q, k, v, lambda s: s + bias, mask=mask))


def bucket_of(relative, bidirectional, buckets, distance):
    """T5's `_relative_position_bucket`, in the float32 that T5 computes it in."""
    result = torch.zeros_like(relative)
    if bidirectional:
        buckets //= 2
        result = result + (relative > 0) * buckets
        relative = relative.abs()
    else:
        relative = -torch.minimum(relative, torch.zeros_like(relative))
    exact = buckets // 2
    log = torch.log(relative.float() / exact) / math.log(distance / exact) * (buckets - exact)
    large = torch.minimum(exact + log.to(torch.long), torch.full_like(relative, buckets - 1))
    return result + torch.where(relative < exact, relative, large)


def relative(bidirectional, mask, buckets, distance):
    table = leaf(draw(buckets, 2))
    steps = torch.arange(S)[None, :] - torch.arange(S)[:, None]
    bias = table[bucket_of(steps, bidirectional, buckets, distance)].permute(2, 0, 1)
    attend = lambda q, k, v: weighed(q, k, v, lambda s: s + bias, mask=mask)
    return written_out(2, 2, 2, attend, {"positions.table": table})


def buckets():
    distances = torch.arange(-300, 301)
    kinds = {"32 of both": (True, 32, 128), "32 of one": (False, 32, 128)}
    kinds |= {"8 of both": (True, 8, 20), "6 of one": (False, 6, 17)}
    return {name: tensor(bucket_of(distances, *kind)) for name, kind in kinds.items()}


def sinusoids(length, size):
    """Vaswani et al. 2017, section 3.5."""
    angles = torch.arange(length)[:, None] / 10000.0 ** (torch.arange(0, size, 2) / size)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


# Mechanisms on heads


def sink(q, k, v, logit):
    column = logit[:, None, None].expand(B, -1, S, 1)
    return weighed(q, k, v, normal=lambda s: torch.softmax(torch.cat([s, column], -1), -1)[..., :-1])


def mechanisms():
    every = torch.ones(S, S, dtype=torch.bool)
    rms, rms_keys = leaf(draw(4)), leaf(draw(4))
    norm = {name: leaf(draw(4)) for name in ["queryNorm.scale", "queryNorm.bias", "keyNorm.scale", "keyNorm.bias"]}
    layer = lambda x, name: F.layer_norm(x, (4,), norm[f"{name}.scale"], norm[f"{name}.bias"], 1e-6)
    turn = lambda x: rotated(x, torch.arange(S).to(torch.float64), 10000.0, 4, False)
    logit = leaf(draw(3))
    before, after = leaf(draw(3, 3)), leaf(draw(3, 3))
    near = (torch.arange(S)[:, None] - torch.arange(S)).abs() <= 1
    talk = lambda x, mixture: torch.einsum("bits,ij->bjts", x, mixture)
    capped = lambda s: 1.5 * torch.tanh(s / 1.5)
    return {
        "grouped": written_out(4, 2, 2, grouped),
        "multi-query, sizes": written_out(4, 1, 3, grouped, E=2, out=5),
        "rms norm": written_out(
            2, 2, 4,
            lambda q, k, v: weighed(F.rms_norm(q, (4,), rms, 1e-6), F.rms_norm(k, (4,), rms_keys, 1e-6), v),
            {"queryNorm.scale": rms, "keyNorm.scale": rms_keys},
        ),
        # Turned after the norm: without, the bias of the keys' norm would have no influence.
        "layer norm, rotary": written_out(
            2, 2, 4, lambda q, k, v: weighed(turn(layer(q, "queryNorm")), turn(layer(k, "keyNorm")), v), norm
        ),
        "soft cap, scale": written_out(2, 2, 2, lambda q, k, v: weighed(q * math.sqrt(2), k, v, capped)),
        "window": written_out(2, 2, 2, lambda q, k, v: weighed(q, k, v, mask=near)),
        "sinks": written_out(3, 3, 2, lambda q, k, v: sink(q, k, v, logit), {"normalizer.sink": logit}),
        "talking heads": written_out(
            3, 3, 2,
            lambda q, k, v: weighed(
                q, k, v, lambda s: talk(s, before), lambda s: talk(torch.softmax(s, -1), after), mask=CAUSAL
            ),
            {"talkingHeads.scores": before, "talkingHeads.weights": after},
        ),
        "alibi": alibi(3, CAUSAL),
        "alibi, both sides": alibi(4, every),
        "relative bias": relative(False, CAUSAL, 3, 4),
        "relative bias, both sides": relative(True, every, 4, 3),
        "rotary": rotary(),
        "rotary, interleaved": rotary(base=100.0, interleaved=True),
        "rotary, fraction": rotary(size=2),
        "rotary, left padding": rotary(starts=torch.tensor([0, 2])),
    }


def keras():
    """Keras' einsums: query "abc,cde->abde", attention_output "abcd,cde->abe"."""
    H, G, D, E = 4, 2, 2, 3
    shapes = {
        "query/kernel": (N, H, D), "query/bias": (H, D), "key/kernel": (5, G, D), "key/bias": (G, D),
        "value/kernel": (3, G, E), "value/bias": (G, E), "attention_output/kernel": (H, E, 6), "attention_output/bias": (6,),
    }
    w = {name: leaf(draw(*shape)) for name, shape in shapes.items()}
    inputs = {"query": leaf(draw(B, T, N)), "keys": leaf(draw(B, S, 5)), "values": leaf(draw(B, S, 3))}
    project = lambda x, name: torch.einsum("abc,cde->abde", x, w[f"{name}/kernel"]) + w[f"{name}/bias"]
    q, k, v = project(inputs["query"], "query"), project(inputs["keys"], "key"), project(inputs["values"], "value")
    k, v = (x.repeat_interleave(H // G, dim=2) for x in (k, v))
    weights = torch.softmax(torch.einsum("bthd,bshd->bhts", q, k) / math.sqrt(D), -1)
    context = torch.einsum("bhts,bshd->bthd", weights, v)
    output = torch.einsum("abcd,cde->abe", context, w["attention_output/kernel"]) + w["attention_output/bias"]
    return case(w, inputs, {"output": output}, draw)


write(
    "src/attention/golden/multi-head.json",
    "multi_head.py",
    {
        **torch_cases(),
        **mechanisms(),
        "keras": keras(),
        "buckets": buckets(),
        "sinusoids": {"table": tensor(sinusoids(40, 6))},
        "slopes": {str(n): tensor(torch.tensor(slopes_of(n))) for n in [1, 2, 3, 6, 8, 12, 16]},
    },
    single=True,
)
