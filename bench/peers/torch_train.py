"""The steps of train.bench.ts in PyTorch on the CPU: same shapes, same losses. Usage: torch_train.py THREADS

Reads questions from stdin, a line each, and answers with a line of JSON: label, `time CASE`, memory.
"""

import json
import resource
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    print(json.dumps({"error": str(error)}), flush=True)
    sys.exit(1)

threads = int(sys.argv[1])
torch.set_num_threads(threads)
torch.manual_seed(1)


class EncoderLayer(nn.Module):
    """Post-norm layer with ReLU. Written out, as the layer of the bench is."""

    def __init__(self, size, heads, inner):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(size, size) for _ in range(4))
        self.up, self.down = nn.Linear(size, inner), nn.Linear(inner, size)
        self.attention_norm, self.output_norm = nn.LayerNorm(size), nn.LayerNorm(size)

    def forward(self, x):
        b, s, h = x.shape
        split = lambda t: t.view(b, s, self.heads, h // self.heads).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        context = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, s, h)
        x = self.attention_norm(x + self.out(context))
        return self.output_norm(x + self.down(F.relu(self.up(x))))


def encoder():
    layers = nn.Sequential(*(EncoderLayer(256, 4, 1024) for _ in range(4)))
    x, target = torch.randn(32, 128, 256), torch.randn(32, 128, 256)
    return gradient_step(layers, lambda: F.mse_loss(layers(x), target))


class Seq2Seq(nn.Module):
    """Bidirectional LSTM encoder; LSTM decoder with additive attention, input feeding and an attentional vector."""

    def __init__(self, symbols=72, e=128, h=256, a=256):
        super().__init__()
        self.source, self.target = nn.Embedding(symbols, e), nn.Embedding(symbols, e)
        self.encoder = nn.LSTM(e, h, batch_first=True, bidirectional=True)
        self.bridge_hidden, self.bridge_cell = nn.Linear(2 * h, h), nn.Linear(2 * h, h)
        self.project = nn.Linear(e, 4 * h)
        self.recurrent, self.feed = nn.Linear(h, 4 * h, bias=False), nn.Linear(a, 4 * h, bias=False)
        self.att_query, self.att_key = nn.Linear(h, a), nn.Linear(2 * h, a, bias=False)
        self.score = nn.Linear(a, 1, bias=False)
        self.combine, self.output = nn.Linear(3 * h, a), nn.Linear(a, symbols)

    def forward(self, source, previous):
        values, (hidden, cell) = self.encoder(self.source(source))
        join = lambda state: torch.cat([state[0], state[1]], -1)
        hidden, cell = torch.tanh(self.bridge_hidden(join(hidden))), self.bridge_cell(join(cell))
        keys = self.att_key(values)
        feed = hidden.new_zeros(hidden.shape[0], self.combine.out_features)
        vectors = []
        for projected in self.project(self.target(previous)).unbind(1):
            gates = projected + self.recurrent(hidden) + self.feed(feed)
            i, f, o, candidate = gates.chunk(4, -1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(candidate)
            hidden = torch.sigmoid(o) * torch.tanh(cell)
            scores = self.score(torch.tanh(keys + self.att_query(hidden).unsqueeze(1))).squeeze(-1)
            context = (torch.softmax(scores, -1).unsqueeze(1) @ values).squeeze(1)
            feed = torch.tanh(self.combine(torch.cat([context, hidden], -1)))
            vectors.append(feed)
        return self.output(torch.stack(vectors, 1))


def lstm():
    model = Seq2Seq()
    source, previous, target = (torch.randint(3, 72, (128, 12)) for _ in range(3))
    return gradient_step(
        model, lambda: F.cross_entropy(model(source, previous).flatten(0, 1), target.flatten())
    )


def gradient_step(model, loss):
    def step():
        model.zero_grad(set_to_none=True)
        loss().backward()

    return step


def matmul():
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return lambda: a @ b


def adamw(count):
    params = [torch.rand(512, 512).requires_grad_() for _ in range(round(count / 512**2))]
    for p in params:
        p.grad = torch.rand_like(p)
    return torch.optim.AdamW(params, lr=1e-3, foreach=True).step


def make(name):
    """A case and how many times each measurement runs it."""
    if name.startswith("adamw-"):
        return adamw(float(name.split("-")[2])), 2
    return {"matmul": (matmul, 10), "encoder": (encoder, 1), "lstm": (lstm, 2)}[name][0](), {"matmul": 10, "lstm": 2}.get(name, 1)


cases = {}


def answer(question, name=""):
    if question == "label":
        return {"label": f"torch {torch.__version__.split('+')[0]}, {threads} threads"}
    if question == "memory":
        # Linux counts in KiB, macOS in bytes.
        return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)}
    if name not in cases:
        cases[name] = make(name)
        cases[name][0]()
    run, count = cases[name]
    start, start_cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        run()
    wall, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    return {"ms": wall * 1000 / count, "cpuMs": cpu * 1000 / count}


for line in sys.stdin:
    print(json.dumps(answer(*line.split())), flush=True)
