"""Golden values of src/models/seq2seq: one training step in torch. Run: python tools/golden/seq2seq.py (torch 2.12.1, numpy)."""

import torch
from torch import nn
from torch.nn import functional as F

from golden import Draw, case, write

draw = Draw()
B, S, U = 3, 4, 3
SOURCES, TARGETS, E, H, D, A, ALIGN = 6, 7, 3, 2, 4, 3, 3


class Network(nn.Module):
    """Luong et al. 2015 with a bidirectional encoder; the names are those that the test reads."""

    def __init__(self, layers, attention, feeding):
        super().__init__()
        self.attention, self.feeding = attention, feeding
        self.source = nn.Embedding(SOURCES, E)
        self.encoder = nn.LSTM(E, H, num_layers=layers, bidirectional=True, batch_first=True)
        self.bridge_hidden, self.bridge_cell = nn.Linear(2 * H, D), nn.Linear(2 * H, D)
        self.target = nn.Embedding(TARGETS, E)
        self.decoder = nn.LSTMCell(E + A if feeding else E, D)
        if attention == "additive":
            self.query, self.key = nn.Linear(D, ALIGN), nn.Linear(2 * H, ALIGN, bias=False)
            self.score = nn.Parameter(torch.empty(ALIGN))
        self.combine = nn.Linear(D if attention == "none" else 2 * H + D, A)
        self.output = nn.Linear(A, TARGETS)

    def forward(self, source, lengths, previous):
        embedded = self.source(source)
        packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        states, (hidden, cell) = self.encoder(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=S)
        both = lambda x: torch.cat([x[-2], x[-1]], dim=-1)
        h, c = torch.tanh(self.bridge_hidden(both(hidden))), self.bridge_cell(both(cell))
        mask = torch.arange(S)[None, :] < lengths[:, None]
        feed = torch.zeros(B, A)
        logits, weights = [], []
        for t in range(U):
            x = self.target(previous[:, t])
            h, c = self.decoder(torch.cat([x, feed], dim=-1) if self.feeding else x, (h, c))
            seen = [h]
            if self.attention != "none":
                if self.attention == "dot":
                    scores = torch.einsum("bd,bsd->bs", h, states)
                else:
                    scores = torch.tanh(self.query(h).unsqueeze(1) + self.key(states)) @ self.score
                w = torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1)
                seen = [(w.unsqueeze(1) @ states).squeeze(1), h]
                weights.append(w)
            vector = torch.tanh(self.combine(torch.cat(seen, dim=-1)))
            feed = vector
            logits.append(self.output(vector))
        return torch.stack(logits, 1), torch.stack(weights, 1) if weights else None


def step(layers, attention, feeding, smoothing):
    network = draw.fill(Network(layers, attention, feeding))
    lengths, target_lengths = torch.tensor([2, 4, 3]), torch.tensor([3, 2, 3])
    source, target = draw.integers(3, SOURCES, B, S), draw.integers(3, TARGETS, B, U)
    mask = torch.arange(S)[None, :] < lengths[:, None]
    target_mask = torch.arange(U)[None, :] < target_lengths[:, None]
    source = torch.where(mask, source, 0)
    target = torch.where(target_mask, target, 0)
    previous = torch.cat([torch.ones(B, 1, dtype=torch.long), target[:, :-1]], dim=1)
    logits, weights = network(source, lengths, previous)
    counted = target.masked_fill(~target_mask, -100).flatten()
    loss = F.cross_entropy(logits.flatten(0, 1), counted, label_smoothing=smoothing)
    inputs = {"source": source, "mask": mask, "previous": previous, "target": target, "targetMask": target_mask}
    outputs = {"loss": loss, "logits": logits, **({} if weights is None else {"weights": weights})}
    params = dict(network.named_parameters())
    return case(params, inputs, outputs, draw, loss="loss")


write(
    "src/models/seq2seq/golden/step.json",
    "seq2seq.py",
    {
        "additive, input feeding, two layers, smoothing": step(2, "additive", True, 0.1),
        "dot, one layer": step(1, "dot", False, 0.0),
        "none, input feeding, one layer": step(1, "none", True, 0.0),
    },
)
