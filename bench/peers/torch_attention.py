"""The attention of attention.bench.ts in PyTorch on the CPU. Usage: torch_attention.py THREADS

Reads questions from stdin, a line each, and answers with a line of JSON: `label`, `solve PROBLEM`. A problem is solved
`repeats` times and its result written to the file `out`, if there is one.
"""

import json
import sys
import time

try:
    import numpy
    import torch
    from torch.nn.functional import scaled_dot_product_attention
except ImportError as error:
    print(json.dumps({"error": str(error)}), flush=True)
    sys.exit(1)

threads = int(sys.argv[1])
torch.set_num_threads(threads)
rows_in_file = 2


def start(pass_, B, S, H, D, causal, lengths, data):
    """Operands come as (B, S, H, D) and are put to (B, H, S, D), its own layout, beforehand."""
    file = torch.from_numpy(numpy.fromfile(data, dtype=numpy.float32)).view(4, rows_in_file, S, H, D)
    query, keys, values, gradient = (x[:B].transpose(1, 2).contiguous() for x in file)
    mask = None
    if lengths is not None:
        mask = (torch.arange(S) < torch.tensor(lengths)[:, None])[:, None, None, :]
        if causal:
            mask = mask & torch.ones(S, S, dtype=torch.bool).tril()
    options = {"attn_mask": mask, "is_causal": causal and mask is None}

    def forward():
        with torch.no_grad():
            return [scaled_dot_product_attention(query, keys, values, **options)]

    def backward():
        context = scaled_dot_product_attention(query, keys, values, **options)
        return torch.autograd.grad(context, (query, keys, values), gradient)

    if pass_ == "forward":
        return forward
    for x in (query, keys, values):
        x.requires_grad_()
    return backward


held = (None, None)


def answer(line):
    global held
    question, _, text = line.partition(" ")
    if question == "label":
        return {"label": f"torch {torch.__version__.split('+')[0]}, {threads} threads"}
    problem = json.loads(text)
    out, repeats = problem.pop("out", None), problem.pop("repeats", 1)
    if held[0] != problem:
        held = (None, None)
        held = (problem, start(pass_=problem["pass"], **{k: v for k, v in problem.items() if k != "pass"}))
    clock, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        results = held[1]()
    ms, cpu_ms = (time.perf_counter() - clock) * 1000 / repeats, (time.process_time() - cpu) * 1000 / repeats
    if out is not None:
        with open(out, "wb") as file:
            for x in results:
                file.write(x.transpose(1, 2).contiguous().numpy().tobytes())
    return {"ms": ms, "cpuMs": cpu_ms}


for line in sys.stdin:
    try:
        reply = answer(line.rstrip("\n"))
    except Exception as error:  # a case that cannot be run is told, and the next one is answered
        reply = {"error": str(error)}
    print(json.dumps(reply), flush=True)
