"""The peer of bench/derivatives.mjs: the same networks and losses in PyTorch.

``export FOLDER`` writes graphs and data for Basin. ``measure FOLDER NETWORK KIND
SECONDS THREADS`` runs one kind of job (point, gradient, product, first) again and again for
that long and prints a line of JSON: milliseconds of every run, its result, and the
process's peak memory in bytes. ``peak THREADS`` measures a matrix product.

A product is one Hessian-vector product at a point whose gradient graph is kept, as
who computes a spectrum keeps it; ``first`` builds that graph as well.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "test" / "fixtures" / "networks"))

from models import FusedSelfAttention, Gpt2  # noqa: E402


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.short = None
        if stride != 1:
            self.short = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.short is None else self.short(x)))


def resnet20() -> nn.Module:
    """He et al. 2016, section 4.2, n = 3."""
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    for inputs, outputs, stride in ((16, 16, 1), (16, 32, 2), (32, 64, 2)):
        layers += [Block(inputs, outputs, stride), Block(outputs, outputs, 1), Block(outputs, outputs, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def pde() -> nn.Module:
    widths = [2, 50, 50, 50, 50, 1]
    layers: list[nn.Module] = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def decoder() -> nn.Module:
    """The size of nanoGPT's decoder for characters; attention as PyTorch's operator."""
    size = {"vocabulary": 65, "width": 384, "depth": 6, "heads": 6, "length": 128}
    return Gpt2(**size, last=False, attentions=(FusedSelfAttention,))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "resnet20": resnet20,
    "pde": pde,
    "decoder": decoder,
}


def problem(name: str) -> tuple[nn.Module, Tensor, Tensor]:
    torch.manual_seed(0)
    model = NETWORKS[name]().eval()
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    if name == "resnet20":
        return model, torch.randn(128, 3, 32, 32), torch.randint(0, 10, (128,))
    if name == "pde":
        return model, torch.rand(1000, 2), torch.zeros(1)
    return model, torch.randint(0, 65, (8, 128)), torch.randint(0, 65, (8, 128))


def loss_of(name: str, model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    if name == "pde":
        x = x.requires_grad_(True)
        u = model(x)
        (du,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        return (du[:, 1] + 30 * du[:, 0]).square().mean()
    logits = model(x)
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1))


def flatten(tensors: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def derivatives(y: Tensor, parameters: list[nn.Parameter], **options: bool) -> tuple[Tensor, ...]:
    return torch.autograd.grad(y, parameters, materialize_grads=True, **options)


def job(folder: Path, name: str, kind: str) -> Callable[[], Tensor]:
    model, x, y = problem(name)
    model.load_state_dict(torch.load(folder / f"{name}.pt", weights_only=True))
    parameters = list(model.parameters())
    count = sum(p.numel() for p in parameters)
    v = torch.sin(torch.arange(1, count + 1, dtype=torch.float32))

    def value() -> Tensor:
        if name == "pde":
            return loss_of(name, model, x, y)
        with torch.no_grad():
            return loss_of(name, model, x, y)

    def gradient() -> Tensor:
        return flatten(derivatives(loss_of(name, model, x, y), parameters))

    def kept() -> Tensor:
        return flatten(derivatives(loss_of(name, model, x, y), parameters, create_graph=True))

    held = kept() if kind == "product" else None

    def product() -> Tensor:
        assert held is not None
        return flatten(derivatives(held @ v, parameters, retain_graph=True))

    def first() -> Tensor:
        return flatten(derivatives(kept() @ v, parameters))

    return {"point": value, "gradient": gradient, "product": product, "first": first}[kind]


def measure(folder: Path, name: str, kind: str, seconds: float, threads: int) -> None:
    torch.set_num_threads(threads)
    # The fused attention kernel has no second derivative.
    backend = SDPBackend.MATH if kind in ("product", "first") else SDPBackend.FLASH_ATTENTION
    with sdpa_kernel(backend):
        repeat(job(folder, name, kind), seconds)


def repeat(run: Callable[[], Tensor], seconds: float) -> None:
    result = run().double().norm().item()
    run()
    times: list[float] = []
    cpu: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start, used = time.perf_counter(), time.process_time()
        run()
        times.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - used) * 1e3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"times": times, "cpu": cpu, "result": result, "peak": peak}))


def peak(threads: int, seconds: float = 2.0) -> None:
    """The speed of a matrix product, in GFLOPS: the median of as many as fit in the time."""
    torch.set_num_threads(threads)
    a = torch.randn(1024, 1024)
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    gflops = 2 * 1024**3 / statistics.median(times) / 1e9
    print(json.dumps({"gflops": gflops, "version": torch.__version__}))


def export(folder: Path) -> None:
    for name in NETWORKS:
        model, x, y = problem(name)
        torch.save(model.state_dict(), folder / f"{name}.pt")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model,
                (x[:2],),
                str(folder / f"{name}.onnx"),
                dynamo=False,
                training=torch.onnx.TrainingMode.PRESERVE,
                do_constant_folding=False,
                opset_version=17,
                input_names=["input"],
                output_names=["output"],
                dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
            )
        np.savez(folder / f"{name}.npz", x=x.detach().numpy().astype(np.float32), y=y.numpy())


def main() -> None:
    match sys.argv[1:]:
        case ["export", folder]:
            export(Path(folder))
        case ["measure", folder, name, kind, seconds, threads]:
            measure(Path(folder), name, kind, float(seconds), int(threads))
        case ["peak", threads]:
            peak(int(threads))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
