"""Networks for bench/product.mjs, and what a user of PyTorch would run instead of Basin.

``export NAME FOLDER`` writes checkpoint, graph, evaluation data and basin.json, and prints the number
of parameters and the floating-point operations of one evaluation of the loss.
``run NAME FOLDER PEER [SAMPLES]`` runs one peer as a process of its own and prints a line of JSON: what
it found and how many products it was given, SAMPLES of them for the trace. ``peak`` prints the operations a second of a matrix product.

Peers: plane (a loop over a grid in PyTorch), eigenthings (hessian-eigenthings 1.0.0a5),
pyhessian (PyHessian 0.1), curvlinops (curvlinops-for-pytorch 3.0.1), reference (Lanczos with
full reorthogonalisation in float64).
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
# Both have a train.py, of which that of the equation is meant.
sys.path += [str(EXAMPLES / "convection-pinn"), str(EXAMPLES / "digits-resnet")]

from model import Block, ResNet  # noqa: E402

Data = dict[str, Tensor]


@dataclass(frozen=True)
class Network:
    """A network with its loss, and how much of it is computed."""

    make: Callable[[], nn.Module]
    loss: Callable[[nn.Module, Data], Tensor]
    #: Samples, of those that are made here.
    samples: int = 128
    #: Of the plane, to each side.
    points: int = 11
    #: Steps of Lanczos from two starts, which is as many products for a peer's eigenvalues.
    steps: int = 25
    eigenvalues: int = 10
    #: Steps of the reference in float64; none where it takes too long.
    reference: int = 40


def cross_entropy(model: nn.Module, data: Data) -> Tensor:
    return F.cross_entropy(model(data["x"]), data["y"])


def convection(model: nn.Module, data: Data) -> Tensor:
    from train import loss_of

    return loss_of(model, data, 10.0)


def tokens(model: nn.Module, data: Data) -> Tensor:
    return model(data["x"], data["y"]).mean()


def resnet18(classes: int = 10) -> nn.Module:
    """He et al. 2016, table 1, on 3x32x32: four stages of two blocks, from 64 channels on."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    width = 64
    for stage in range(4):
        channels = 64 * 2**stage
        layers.append(Block(width, channels, 1 if stage == 0 else 2, True))
        layers.append(Block(channels, channels, 1, True))
        width = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 10))


def pinn() -> nn.Module:
    from train import network

    return network()


class Layer(nn.Module):
    """A layer of GPT-2 (Radford et al. 2019)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        q, k, v = (
            z.reshape(n, t, self.heads, d // self.heads).transpose(1, 2)
            for z in self.qkv(self.ln1(x)).chunk(3, -1)
        )
        inside = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(inside.transpose(1, 2).reshape(n, t, d))
        return x + self.down(F.gelu(self.up(self.ln2(x))))


class Gpt(nn.Module):
    """The shape of GPT-2, without weights that are shared; gives the loss of each sequence."""

    def __init__(self, vocabulary: int = 50257, width: int = 768, length: int = 128) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.body = nn.Sequential(*[Layer(width, 12) for _ in range(12)])
        self.ln, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, 0, 0.02)

    def forward(self, ids: Tensor, labels: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        logits = self.head(self.ln(self.body(x)))
        losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        return losses.reshape(ids.shape[0], -1).mean(1)


NETWORKS = {
    "mlp": Network(mlp, cross_entropy, samples=512, reference=60),
    "digits": Network(lambda: ResNet(depth=20, width=4, channels=1), cross_entropy),
    "pinn": Network(pinn, convection, reference=80),
    "resnet20": Network(lambda: ResNet(depth=20, width=16, channels=3), cross_entropy, reference=14),
    "resnet18": Network(resnet18, cross_entropy, samples=32, steps=13, reference=10),
    "gpt2": Network(Gpt, tokens, samples=2, points=3, steps=2, eigenvalues=1, reference=0),
}
#: The examples' own checkpoints.
STORED = {
    "digits": (EXAMPLES / "digits-resnet/runs/resnet", "epoch-030.pt"),
    "pinn": (EXAMPLES / "convection-pinn/beta-10", "step-02000.pt"),
}


def made(name: str) -> tuple[nn.Module, Data]:
    """A network in evaluation mode, after some steps on random data that can be told apart."""
    network = NETWORKS[name]
    torch.manual_seed(0)
    draw = torch.Generator().manual_seed(1)
    model = network.make()
    if name == "gpt2":
        x, y = (torch.randint(0, 50257, (network.samples, 128), generator=draw) for _ in range(2))
        return model.eval(), {"x": x, "y": y}
    shape = (64,) if name == "mlp" else (3, 32, 32)
    y = torch.randint(0, 10, (network.samples,), generator=draw)
    x = 0.5 * torch.randn(10, *shape, generator=draw)[y]
    x = x + torch.randn(network.samples, *shape, generator=draw)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    for _ in range(5 if name == "resnet18" else 30):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model.eval(), {"x": x, "y": y}


def opened(name: str, folder: Path) -> tuple[nn.Module, Data]:
    model = NETWORKS[name].make()
    state = torch.load(folder / "step-1.pt", weights_only=False)
    model.load_state_dict(state.get("model", state.get("model_state_dict", state)))
    with np.load(folder / "data.npz") as arrays:
        data = {key: torch.from_numpy(arrays[key]) for key in arrays}
    return model.eval(), {k: v.float() if v.is_floating_point() else v for k, v in data.items()}


def export(name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    network = NETWORKS[name]
    own: dict[str, Any] = {
        "data": {"inputs": "data.npz#x", "targets": "data.npz#y"},
        "objective": {"kind": "classification"},
    }
    if name in STORED:
        run, checkpoint = STORED[name]
        shutil.copy(run / checkpoint, folder / "step-1.pt")
        shutil.copy(run / "model.onnx", folder / "model.onnx")
        if name == "pinn":
            shutil.copy(run / "points.npz", folder / "data.npz")
            own = {
                "objective": {
                    "kind": "pde",
                    "unknown": "u",
                    "variables": ["x", "t"],
                    "domain": {"x": [0, "2*pi"], "t": [0, 1]},
                    "constants": {"beta": 10},
                    "residual": "u_t + beta*u_x",
                    "initial": "u(x, 0) = sin(x)",
                    "boundary": "periodic(x)",
                    "collocation": {"points": "data.npz"},
                }
            }
        else:
            shutil.copy(run.parent.parent / "digits-eval.npz", folder / "data.npz")
    else:
        model, data = made(name)
        torch.save(model.state_dict(), folder / "step-1.pt")
        np.savez(folder / "data.npz", **{key: values.numpy() for key, values in data.items()})
        args = (data["x"][:2], data["y"][:2]) if name == "gpt2" else (data["x"][:2],)
        names = ["x", "y"][: len(args)]
        torch.onnx.export(
            model, args, str(folder / "model.onnx"), dynamo=False, opset_version=17,
            training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
            input_names=names, output_names=["out"],
            dynamic_axes={key: {0: "batch"} for key in [*names, "out"]},
        )
        if name == "gpt2":
            own["objective"] = {"kind": "output"}
    configuration = {
        "checkpoints": ["step-*.pt"],
        "model": "model.onnx",
        **own,
        "landscape": {"resolution": network.points},
        "hessian": {
            "eigenvalues": network.eigenvalues, "lanczosSteps": network.steps, "probes": 2,
            "traceSamples": min(8, network.steps),
        },
    }
    (folder / "basin.json").write_text(json.dumps(configuration, indent=1))
    model, data = opened(name, folder)
    counter = FlopCounterMode(display=False)
    # It does not count through the derivatives that the loss of an equation takes.
    if name != "pinn":
        with counter, torch.no_grad():
            network.loss(model, data)
    parameters = sum(p.numel() for p in model.parameters())
    print(json.dumps({"parameters": parameters, "flops": counter.get_total_flops()}))


def plane(network: Network, model: nn.Module, data: Data) -> dict[str, object]:
    """The loss along two filter-normalised directions, as Li et al. write it."""
    started = time.time()
    weights = [p.detach().clone() for p in model.parameters()]
    directions = []
    for _ in range(2):
        own = []
        for w in weights:
            d = torch.randn_like(w)
            if w.dim() < 2:
                d.zero_()
            else:
                rows = d.flatten(1)
                d = (rows * (w.flatten(1).norm(dim=1) / rows.norm(dim=1))[:, None]).reshape(w.shape)
            own.append(d)
        directions.append(own)
    losses = []
    steps = np.linspace(-1, 1, network.points)
    for a in steps:
        for b in steps:
            with torch.no_grad():
                for p, w, d, e in zip(model.parameters(), weights, *directions, strict=True):
                    p.copy_(w + float(a) * d + float(b) * e)
            # The loss of an equation takes derivatives in the points.
            with torch.set_grad_enabled(network.loss is convection):
                losses.append(network.loss(model, data).item())
    return {"points": len(losses), "planeSeconds": time.time() - started}


def eigenthings(
    network: Network, model: nn.Module, data: Data, samples: int | None = None
) -> dict[str, object]:
    """:param samples: products for the trace; a third of the others if absent."""
    import hessian_eigenthings as he

    operator = he.HessianOperator(model, [data], network.loss)
    steps, k = network.steps, min(network.eigenvalues, network.steps)
    samples = samples or max(3, 3 * ((steps - 1) // 6))
    found = he.lanczos(operator, k=k, max_iter=steps, which="LA", seed=0)
    trace = he.trace(operator, num_matvecs=samples, seed=0)
    density = max(2, steps // 2)
    he.spectral_density(operator, num_runs=1, lanczos_steps=density, seed=0)
    return {
        "top": float(found.eigenvalues.max()),
        "trace": float(trace.estimate),
        "traceError": next(
            (float(v) for n in ("stderr", "std_error", "standard_error") if (v := getattr(trace, n, None)) is not None),
            None,
        ),
        "products": steps + samples + density,
        "traceProducts": samples,
    }


class Loss(nn.Module):
    """The loss as what a network gives, for libraries that know no other."""

    def __init__(self, network: Network, model: nn.Module, data: Data) -> None:
        super().__init__()
        self.model, self.loss, self.data = model, network.loss, data

    def forward(self, _: Tensor) -> Tensor:
        return self.loss(self.model, self.data)


def pyhessian(network: Network, model: nn.Module, data: Data) -> dict[str, object]:
    from pyhessian import hessian

    nothing = torch.zeros(1)
    whole = Loss(network, model, data)
    operator = hessian(whole, lambda loss, _: loss, data=(nothing, nothing), cuda=False)
    values, _ = operator.eigenvalues(maxIter=network.steps, top_n=1)
    trace = operator.trace(maxIter=network.steps)
    error = float(np.std(trace) / np.sqrt(len(trace)))
    return {"top": float(values[0]), "trace": float(np.mean(trace)), "traceError": error, "products": None}


def curvlinops(network: Network, model: nn.Module, data: Data) -> dict[str, object]:
    from curvlinops import HessianLinearOperator, hutchpp_trace
    from scipy.sparse.linalg import eigsh

    if network.loss is not cross_entropy:
        return {"missing": "it takes losses of outputs and targets"}
    parameters = [p for p in model.parameters() if p.requires_grad]
    operator = HessianLinearOperator(
        model, nn.CrossEntropyLoss(), parameters, [(data["x"], data["y"])], check_deterministic=False
    )
    k = min(network.eigenvalues, network.steps // 2)
    values = eigsh(operator.to_scipy(), k=k, which="LA", ncv=network.steps, tol=1e-3, maxiter=2)[0]
    trace = float(hutchpp_trace(operator, 3 * max(1, network.steps // 6)))
    return {"top": float(values.max()), "trace": trace, "products": None}


def lanczos(
    network: Network, model: nn.Module, data: Data, steps: int
) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor]:
    """Lanczos with full reorthogonalisation in float64.

    :returns: the product with the Hessian, the basis [steps, size], and the tridiagonal matrix
        [steps + 1, steps + 1], whose last entries beside the diagonal are those of the residual.
    """
    model = model.double()
    data = {k: v.double() if v.is_floating_point() else v for k, v in data.items()}
    parameters = list(model.parameters())
    slopes = torch.autograd.grad(network.loss(model, data), parameters, create_graph=True)
    slope = torch.cat([s.flatten() for s in slopes])

    def product(v: Tensor) -> Tensor:
        images = torch.autograd.grad(slope, parameters, v, retain_graph=True)
        return torch.cat([p.flatten() for p in images])

    torch.manual_seed(0)
    basis = [F.normalize(torch.randn(slope.numel(), dtype=torch.float64), dim=0)]
    t = torch.zeros(steps + 1, steps + 1, dtype=torch.float64)
    for j in range(steps):
        w = product(basis[j])
        q = torch.stack(basis)
        inside = q @ w
        w = w - q.T @ inside
        w = w - q.T @ (q @ w)
        t[j, j] = inside[j]
        t[j, j + 1] = t[j + 1, j] = w.norm()
        basis.append(w / w.norm())
    return product, torch.stack(basis[:steps]), t


def reference(network: Network, model: nn.Module, data: Data) -> dict[str, object]:
    steps = network.reference
    if steps == 0:
        return {"missing": "it takes too long"}
    _, _, t = lanczos(network, model, data, steps)
    values, vectors = torch.linalg.eigh(t[:steps, :steps])
    residual = float(t[steps, steps - 1] * vectors[-1, -1].abs())
    return {"top": float(values[-1]), "residual": residual, "products": steps}


def peak() -> None:
    """Operations a second of the best of several matrix products, on all cores."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    best = float("inf")
    for _ in range(6):
        started = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - started)
    print(json.dumps({"flops": 2 * 2048**3 / best}))


PEERS = {f.__name__: f for f in (plane, eigenthings, pyhessian, curvlinops, reference)}

if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "peak":
        peak()
    elif command == "export":
        export(rest[0], Path(rest[1]))
    else:
        name, folder, who, *more = rest
        try:
            found = PEERS[who](NETWORKS[name], *opened(name, Path(folder)), *map(int, more))
            print(json.dumps(found))
        except ImportError as error:
            print(json.dumps({"missing": str(error)}))
