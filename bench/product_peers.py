"""Networks for bench/product.mjs, and what a user of PyTorch would run instead of Basin.

``export NAME FOLDER`` writes checkpoint, graph, evaluation data and basin.json.
``run NAME FOLDER PEER`` runs one peer as a process of its own and prints a line of JSON:
its largest eigenvalue, its trace and the number of products, as far as it has them.

Peers: plane (a loop over a grid in PyTorch), eigenthings (hessian-eigenthings 1.0.0a5),
pyhessian (PyHessian 0.1), curvlinops (curvlinops-for-pytorch 3.0.1), reference (Lanczos with
full reorthogonalisation in float64).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples" / "digits-resnet"))

from model import Block, ResNet  # noqa: E402


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


def network(name: str) -> nn.Module:
    if name == "mlp":
        return mlp()
    return resnet18() if name == "resnet18" else ResNet(depth=20, width=16, channels=3)


def problem(name: str) -> tuple[nn.Module, Tensor, Tensor]:
    """A network in evaluation mode, after some steps on random data that can be told apart."""
    torch.manual_seed(0)
    draw = torch.Generator().manual_seed(1)
    shape = {"mlp": (64,), "resnet20": (3, 32, 32), "resnet18": (3, 32, 32)}[name]
    model = network(name)
    count = 512 if name == "mlp" else 128
    y = torch.randint(0, 10, (count,), generator=draw)
    x = 0.5 * torch.randn(10, *shape, generator=draw)[y] + torch.randn(count, *shape, generator=draw)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    for _ in range(5 if name == "resnet18" else 30):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model.eval(), x, y


def export(name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model, x, y = problem(name)
    torch.save(model.state_dict(), folder / "step-1.pt")
    np.savez(folder / "data.npz", x=x.numpy(), y=y.numpy())
    torch.onnx.export(
        model, (x[:2],), str(folder / "model.onnx"), dynamo=False, opset_version=17,
        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
        input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
    )
    configuration = {
        "checkpoints": ["step-*.pt"],
        "model": "model.onnx",
        "data": {"inputs": "data.npz#x", "targets": "data.npz#y"},
        "objective": {"kind": "classification"},
        "landscape": {"resolution": 11},
        "hessian": {"eigenvalues": 10, "lanczosSteps": 25, "probes": 2},
    }
    (folder / "basin.json").write_text(json.dumps(configuration, indent=1))
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters())}))


def plane(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, object]:
    """The loss at 11 x 11 points along two filter-normalised directions, as Li et al. write it."""
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
    with torch.no_grad():
        for a in np.linspace(-1, 1, 11):
            for b in np.linspace(-1, 1, 11):
                for p, w, d, e in zip(model.parameters(), weights, *directions, strict=True):
                    p.copy_(w + float(a) * d + float(b) * e)
                losses.append(F.cross_entropy(model(x), y).item())
    return {"points": len(losses)}


def eigenthings(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, object]:
    import hessian_eigenthings as he

    operator = he.HessianOperator(model, [(x, y)], he.supervised_loss(F.cross_entropy))
    found = he.lanczos(operator, k=10, max_iter=25, which="LA", seed=0)
    trace = he.trace(operator, num_matvecs=12, seed=0)
    he.spectral_density(operator, num_runs=1, lanczos_steps=13, seed=0)
    return {"top": float(found.eigenvalues.max()), "trace": float(trace.estimate), "products": 50}


def pyhessian(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, object]:
    from pyhessian import hessian

    operator = hessian(model, nn.CrossEntropyLoss(), data=(x, y), cuda=False)
    values, _ = operator.eigenvalues(maxIter=30, top_n=1)
    trace = float(np.mean(operator.trace(maxIter=20)))
    return {"top": float(values[0]), "trace": trace, "products": None}


def curvlinops(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, object]:
    from curvlinops import HessianLinearOperator, hutchpp_trace
    from scipy.sparse.linalg import eigsh

    parameters = [p for p in model.parameters() if p.requires_grad]
    operator = HessianLinearOperator(
        model, nn.CrossEntropyLoss(), parameters, [(x, y)], check_deterministic=False
    )
    values = eigsh(operator.to_scipy(), k=10, which="LA", ncv=25, tol=1e-3, maxiter=2)[0]
    return {"top": float(values.max()), "trace": float(hutchpp_trace(operator, 12)), "products": None}


def reference(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, object]:
    model, x = model.double(), x.double()
    parameters = list(model.parameters())
    slopes = torch.autograd.grad(F.cross_entropy(model(x), y), parameters, create_graph=True)
    slope = torch.cat([s.flatten() for s in slopes])
    size = slope.numel()
    basis = [F.normalize(torch.randn(size, dtype=torch.float64), dim=0)]
    t = torch.zeros(61, 61, dtype=torch.float64)
    for j in range(60):
        w = torch.cat([
            p.flatten() for p in torch.autograd.grad(slope, parameters, basis[j], retain_graph=True)
        ])
        q = torch.stack(basis)
        inside = q @ w
        w = w - q.T @ inside
        w = w - q.T @ (q @ w)
        t[j, j] = inside[j]
        t[j, j + 1] = t[j + 1, j] = w.norm()
        basis.append(w / w.norm())
    return {"top": float(torch.linalg.eigvalsh(t[:60, :60]).max()), "trace": None, "products": 60}


PEERS = {f.__name__: f for f in (plane, eigenthings, pyhessian, curvlinops, reference)}

if __name__ == "__main__":
    command, name, folder, *rest = sys.argv[1:]
    if command == "export":
        export(name, Path(folder))
    else:
        data = np.load(Path(folder) / "data.npz")
        x, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
        model = network(name)
        model.load_state_dict(torch.load(Path(folder) / "step-1.pt"))
        model.eval()
        try:
            print(json.dumps(PEERS[rest[0]](model, x, y)))
        except ImportError as error:
            print(json.dumps({"missing": str(error)}))
