"""Golden values of src/models/transformer and language-model. Run: python tools/golden/transformer.py (torch 2.12.1, numpy)."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from golden import Draw, case, write

draw = Draw()
B, S, U = 2, 4, 3
SOURCES, TARGETS, N, H, INNER, ROWS = 6, 7, 4, 2, 6, 5


def sinusoids(length):
    """Vaswani et al. 2017, section 3.5, rounded to float32 as tables of a float32 model are."""
    angles = torch.arange(length)[:, None] / 10000.0 ** (torch.arange(0, N, 2) / N)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1).float().to(torch.get_default_dtype())


class Symbols(nn.Module):
    def __init__(self, count, learned):
        super().__init__()
        self.symbols = nn.Embedding(count, N)
        self.positions = nn.Embedding(ROWS, N) if learned else None

    def forward(self, ids):
        T = ids.shape[1]
        table = self.positions.weight[:T] if self.positions else sinusoids(T)
        return self.symbols(ids) * math.sqrt(N) + table.to(self.symbols.weight.dtype)


def options(norm, activation):
    return dict(
        d_model=N, nhead=H, dim_feedforward=INNER, dropout=0.0, activation=activation, batch_first=True,
        norm_first=norm == "pre",
    )  # fmt: skip


class Network(nn.Module):
    """torch's own layers; the names are those that the test reads."""

    def __init__(self, norm, activation, learned, tied):
        super().__init__()
        layer = options(norm, activation)
        self.source, self.target = Symbols(SOURCES, learned), Symbols(TARGETS, learned)
        self.encoder = nn.ModuleList(nn.TransformerEncoderLayer(**layer) for _ in range(2))
        self.decoder = nn.ModuleList(nn.TransformerDecoderLayer(**layer) for _ in range(2))
        if norm == "pre":
            self.encoder_norm, self.decoder_norm = nn.LayerNorm(N), nn.LayerNorm(N)
        if not tied:
            self.output = nn.Linear(N, TARGETS)
        self.norm, self.tied = norm, tied

    def forward(self, source, mask, previous):
        x = self.source(source)
        for layer in self.encoder:
            x = layer(x, src_key_padding_mask=~mask)
        memory = self.encoder_norm(x) if self.norm == "pre" else x
        # What the last layer's attention to the memory is asked, for its weights.
        asked = {}
        last = self.decoder[-1].multihead_attn
        hook = last.register_forward_pre_hook(lambda _, args: asked.update(query=args[0]))
        y = self.target(previous)
        causal = torch.ones(previous.shape[1], previous.shape[1], dtype=torch.bool).triu(1)
        for layer in self.decoder:
            y = layer(y, memory, tgt_mask=causal, memory_key_padding_mask=~mask)
        hook.remove()
        _, weights = last(asked["query"], memory, memory, key_padding_mask=~mask, average_attn_weights=True)
        y = self.decoder_norm(y) if self.norm == "pre" else y
        return (F.linear(y, self.target.symbols.weight) if self.tied else self.output(y)), weights


class LanguageModel(nn.Module):
    def __init__(self, norm, activation, learned, tied):
        super().__init__()
        self.token = Symbols(TARGETS, learned)
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(**options(norm, activation)) for _ in range(2))
        if norm == "pre":
            self.norm = nn.LayerNorm(N)
        if not tied:
            self.output = nn.Linear(N, TARGETS)
        self.tied = tied

    def forward(self, ids):
        x = self.token(ids)
        causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).triu(1)
        for layer in self.layers:
            x = layer(x, src_mask=causal)
        x = self.norm(x) if hasattr(self, "norm") else x
        return F.linear(x, self.token.symbols.weight) if self.tied else self.output(x)


def translation(norm, activation, learned, tied, smoothing):
    network = draw.fill(Network(norm, activation, learned, tied))
    lengths, target_lengths = torch.tensor([2, 4]), torch.tensor([3, 2])
    mask = torch.arange(S)[None, :] < lengths[:, None]
    target_mask = torch.arange(U)[None, :] < target_lengths[:, None]
    source = torch.where(mask, draw.integers(3, SOURCES, B, S), 0)
    target = torch.where(target_mask, draw.integers(3, TARGETS, B, U), 0)
    previous = torch.cat([torch.ones(B, 1, dtype=torch.long), target[:, :-1]], dim=1)
    logits, weights = network(source, mask, previous)
    counted = target.masked_fill(~target_mask, -100).flatten()
    loss = F.cross_entropy(logits.flatten(0, 1), counted, label_smoothing=smoothing)
    inputs = {"source": source, "mask": mask, "previous": previous, "target": target, "targetMask": target_mask}
    outputs = {"loss": loss, "logits": logits, "weights": weights}
    return case(dict(network.named_parameters()), inputs, outputs, draw, loss="loss")


def language(norm, activation, learned, tied):
    network = draw.fill(LanguageModel(norm, activation, learned, tied))
    ids = draw.integers(0, TARGETS, B, U)
    return case(dict(network.named_parameters()), {"ids": ids}, {"logits": network(ids)}, draw)


write(
    "src/models/transformer/golden/transformer.json",
    "transformer.py",
    {
        "pre, relu, sinusoidal, smoothing": translation("pre", "relu", False, False, 0.1),
        "post, gelu, learned, tied": translation("post", "gelu", True, True, 0.0),
        "language model, pre, gelu, learned, tied": language("pre", "gelu", True, True),
        "language model, post, relu, sinusoidal": language("post", "relu", False, False),
    },
    single=True,
)
