"""
What every golden file shares: seeded values that float32 holds exactly, gradients, and how a file is written.

A file that is written with `single` also has the error of torch's own float32 on every tensor: the script runs a second time
with float32 as the default dtype, on the same numbers.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

SEED = 7
ROOT = Path(__file__).resolve().parents[2]
# The folder to which the second run, in float32, hands its cases.
SINGLE = os.environ.get("GOLDEN_SINGLE")
torch.set_default_dtype(torch.float32 if SINGLE else torch.float64)
torch.set_num_threads(1)


class Draw:
    """Multiples of 1/256: short in a file, and the same number in float32 and float64."""

    def __init__(self, seed=SEED):
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape, limit=1.0):
        top = int(limit * 256)
        values = torch.randint(-top, top + 1, shape, generator=self.generator)
        return values.to(torch.get_default_dtype()) / 256

    def integers(self, low, high, *shape):
        return torch.randint(low, high, shape, generator=self.generator)

    def fill(self, module, limit=0.5):
        """Redraws every parameter of a module."""
        with torch.no_grad():
            for p in module.parameters():
                p.copy_(self(*p.shape, limit=limit))
        return module


def leaf(x):
    return x.clone().requires_grad_(True)


def tensor(x):
    """A tensor as data; 13 digits are enough for a comparison to 1e-10."""
    x = x.detach()
    if x.dtype == torch.bool:
        return {"dtype": "bool", "shape": list(x.shape), "data": [int(v) for v in x.flatten().tolist()]}
    if not x.dtype.is_floating_point:
        return {"dtype": "int32", "shape": list(x.shape), "data": x.flatten().tolist()}
    data = [float(f"{v:.13g}") for v in x.flatten().tolist()]
    return {"dtype": "float64", "shape": list(x.shape), "data": [int(v) if v == int(v) else v for v in data]}


def tensors(named):
    return {name: tensor(x) for name, x in named.items()}


def case(params, inputs, outputs, draw, loss=None):
    """
    Outputs, and the gradients of the sum of outputs times `seeds` with respect to every parameter and to every
    input that wants one. With `loss`, the gradients are those of that output alone.
    """
    seeds = {name: draw(*x.shape) for name, x in outputs.items()} if loss is None else {loss: torch.ones(())}
    total = sum((outputs[name] * seed).sum() for name, seed in seeds.items())
    wanted = {**params, **{name: x for name, x in inputs.items() if x.requires_grad}}
    grads = torch.autograd.grad(total, list(wanted.values()), allow_unused=True)
    grads = {n: torch.zeros_like(x) if g is None else g for (n, x), g in zip(wanted.items(), grads)}
    return {
        "params": tensors(params),
        "inputs": tensors(inputs),
        "seeds": tensors(seeds),
        "outputs": tensors(outputs),
        "grads": tensors({name: grads[name] for name in params}),
        "inputGrads": tensors({name: grads[name] for name in inputs if name in grads}),
    }


def errors(double, single):
    """The largest distance of every tensor from what float64 gives."""
    distance = lambda a, b: max((abs(x - y) for x, y in zip(a["data"], b["data"], strict=True)), default=0)
    return {
        part: {name: float(f"{distance(x, single[part][name]):.4g}") for name, x in double[part].items()}
        for part in ("outputs", "grads", "inputGrads")
    }


def with_errors(path, script, cases):
    """The cases, each with `single`: the errors of torch's own float32."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(__file__).with_name(script)
        subprocess.run([sys.executable, source], env={**os.environ, "GOLDEN_SINGLE": folder}, check=True)
        others = json.loads((Path(folder) / Path(path).name).read_text())
    return {n: {**c, "single": errors(c, others[n])} if "grads" in c else c for n, c in cases.items()}


def write(path, script, cases, single=False):
    """Writes `path` below the repository: the header, and the cases by name, one a line."""
    import numpy

    if SINGLE:
        (Path(SINGLE) / Path(path).name).write_text(json.dumps(cases))
        return
    if single:
        cases = with_errors(path, script, cases)
    header = {
        "script": f"tools/golden/{script}",
        "torch": torch.__version__.split("+")[0],
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "seed": SEED,
        "dtype": "float64",
    }
    compact = lambda x: json.dumps(x, separators=(",", ":"))
    lines = ",\n".join(f"{compact(name)}:{compact(value)}" for name, value in cases.items())
    target = ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f'{{"header":{compact(header)},\n"cases":{{\n{lines}\n}}}}\n')
    print(f"{path}: {target.stat().st_size} bytes, {len(cases)} cases")
