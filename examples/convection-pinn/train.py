"""Physics-informed networks for u_t + beta u_x = 0, which stop learning as beta grows.

The set-up is that of Krishnapriyan et al. (2021), which the landscape paper (Xie et al. 2024)
builds on: a tanh network 2-50-50-50-50-1, x in [0, 2 pi), t in [0, 1], u(x, 0) = sin x, periodic
in x, one L-BFGS run with a strong Wolfe line search and a history of 50.

    python train.py                    # beta = 1, 10 and 30, two to four minutes on one core
    python train.py --beta 5 --beta 7  # others
    python train.py --study            # beta = 1 to 10 with five seeds each, ten minutes
    python train.py --curve 4          # the loss after every iteration, for typescript/beta-4

For each beta it writes ``beta-<beta>/``, and for the study ``study/beta-<beta>/seed-<seed>/``: checkpoints by L-BFGS iteration, the graph
``model.onnx``, the points it was trained on (``points.npz``) and, where it is missing,
``basin.json``. ``reference.json`` holds each checkpoint's loss on those points and its mean
absolute error on the 256 x 100 grid, both in float64.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from math import pi
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
#: L-BFGS iterations after which a checkpoint is written.
ITERATIONS = (0, 20, 100, 300, 1000, 2000)
GRID = (256, 100)
INTERIOR = 1000
#: Of the study: as in the published code, whose text says 1,000 interior points.
STUDY_INTERIOR = 100
STUDY_ITERATIONS = (5000,)
#: Seed 0 at these speeds is saved through its training.
STUDY_FOLLOWED = (1, 4, 7, 10)
STUDY_FOLLOWED_ITERATIONS = (0, 100, 300, 1000, 2000, 5000)


def network(xavier: bool = True) -> nn.Sequential:
    """The network of the paper: 7,851 parameters. It takes columns x and t."""
    sizes = (2, 50, 50, 50, 50, 1)
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        linear = nn.Linear(inputs, outputs)
        if xavier:
            nn.init.xavier_normal_(linear.weight)
            nn.init.zeros_(linear.bias)
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def grid() -> tuple[np.ndarray, np.ndarray]:
    """x without its upper end, which is its lower end, and t with both."""
    return np.linspace(0, 2 * pi, GRID[0], endpoint=False), np.linspace(0, 1, GRID[1])


def collocation(seed: int, interior: int = INTERIOR) -> dict[str, np.ndarray]:
    """The points of each condition, [points, 2]."""
    x, t = grid()
    every = np.stack([a.ravel() for a in np.meshgrid(x, t, indexing="ij")], 1)
    chosen = np.random.default_rng(seed).choice(len(every), interior, replace=False)
    return {
        "interior": every[chosen],
        "initial": np.stack([x, np.zeros_like(x)], 1),
        "boundary": np.stack([np.zeros_like(t), t], 1),
    }


def loss_of(model: nn.Module, points: dict[str, Tensor], beta: float) -> Tensor:
    """The mean squares of the equation, the initial and the periodic boundary condition."""
    inside = points["interior"].detach().requires_grad_()
    u = model(inside)
    (slopes,) = torch.autograd.grad(u.sum(), inside, create_graph=True)
    residual = slopes[:, 1] + beta * slopes[:, 0]
    start = points["initial"]
    wrong = model(start)[:, 0] - torch.sin(start[:, 0])
    left = points["boundary"]
    right = left + torch.tensor([2 * pi, 0.0], dtype=left.dtype)
    jump = model(left) - model(right)
    return (residual**2).mean() + (wrong**2).mean() + (jump**2).mean()


def error_of(model: nn.Module, beta: float) -> float:
    """Mean |u - sin(x - beta t)| on the grid. The zero function has 2 / pi = 0.6366."""
    x, t = np.meshgrid(*grid(), indexing="ij")
    points = torch.from_numpy(np.stack([x.ravel(), t.ravel()], 1))
    with torch.no_grad():
        u = model(points)[:, 0].numpy()
    return float(np.abs(u - np.sin(x - beta * t).ravel()).mean())


def reference(path: Path, points: dict[str, np.ndarray], beta: float) -> dict[str, float]:
    """Loss and error of a checkpoint, in float64."""
    model = network()
    model.load_state_dict(torch.load(path)["model"])
    model = model.double()
    doubles = {name: torch.from_numpy(values) for name, values in points.items()}
    return {"loss": loss_of(model, doubles, beta).item(), "error": error_of(model, beta)}


def train(
    beta: float,
    seed: int,
    folder: Path,
    iterations: tuple[int, ...] = ITERATIONS,
    interior: int = INTERIOR,
    xavier: bool = True,
    graph: Path | None = None,
) -> None:
    """One L-BFGS run, stopped at each of ``iterations`` for a checkpoint."""
    folder.mkdir(exist_ok=True, parents=True)
    # Those of before may have ended at another iteration.
    for before in folder.glob("step-*.pt"):
        before.unlink()
    torch.manual_seed(seed)
    model = network(xavier)
    points = collocation(seed, interior)
    np.savez(folder / "points.npz", **points)
    singles = {name: torch.from_numpy(values).float() for name, values in points.items()}
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        history_size=50,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-7,
        tolerance_change=1e-12,
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_of(model, singles, beta)
        loss.backward()
        return loss

    done = 0
    for iteration in iterations:
        group = optimizer.param_groups[0]
        group["max_iter"] = iteration - done
        group["max_eval"] = 2 * (iteration - done)
        if iteration > done:
            optimizer.step(closure)
            reached = optimizer.state[group["params"][0]]["n_iter"]
            if reached <= done + 1:
                break  # It had converged: all that is left is the step that finds out.
            done = reached
        state = {"model": model.state_dict(), "step": done}
        torch.save(state, folder / f"step-{done:05d}.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            model,
            (singles["interior"][:8],),
            str(graph or folder / "model.onnx"),
            dynamo=False,
            opset_version=17,
            do_constant_folding=False,
            input_names=["points"],
            output_names=["u"],
            dynamic_axes={"points": {0: "batch"}, "u": {0: "batch"}},
        )


def curve(beta: float, seed: int, folder: Path) -> None:
    """The loss after every iteration of a run of the study, beside what ``train.ts`` writes.

    With it goes the largest eigenvalue of the Hessian of both runs' last checkpoints, in float64.
    """
    from safetensors.torch import load_file

    torch.manual_seed(seed)
    model = network(xavier=False)
    points = collocation(seed, STUDY_INTERIOR)
    singles = {name: torch.from_numpy(values).float() for name, values in points.items()}
    # One iteration a call; the history stays.
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=1,
        max_eval=25,
        history_size=50,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-7,
        tolerance_change=1e-12,
    )
    losses: list[float] = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_of(model, singles, beta)
        loss.backward()
        return loss

    for iteration in range(STUDY_ITERATIONS[-1] + 1):
        # What a call begins with is the loss after the one before.
        losses.append(optimizer.step(closure).item())
        if iteration > 0 and abs(losses[-1] - losses[-2]) < 1e-12:
            break
    doubles = {name: torch.from_numpy(values) for name, values in points.items()}
    last = sorted((HERE / "study" / f"beta-{beta:g}" / f"seed-{seed}").glob("step-*.pt"))[-1]
    here = sorted(folder.glob("step-*.safetensors"))[-1]
    weights = {last: torch.load(last)["model"], here: load_file(here)}
    tops = {
        path.relative_to(HERE).as_posix(): top_eigenvalue(state, doubles, beta)
        for path, state in weights.items()
    }
    text = json.dumps({"losses": [float(f"{loss:.7g}") for loss in losses], "eigenvalues": tops})
    (folder / "pytorch.json").write_text(text + "\n")
    print(f"{len(losses) - 1} iterations, loss {losses[-1]:.3e}", tops)


def top_eigenvalue(state: dict[str, Tensor], points: dict[str, Tensor], beta: float) -> float:
    """The largest eigenvalue of the Hessian, by ARPACK in float64."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    model = network()
    model.load_state_dict(state)
    model = model.double()
    parameters = list(model.parameters())
    loss = loss_of(model, points, beta)
    slopes = torch.autograd.grad(loss, parameters, create_graph=True)
    flat = torch.cat([slope.flatten() for slope in slopes])

    def product(v: np.ndarray) -> np.ndarray:
        with_v = torch.autograd.grad(flat @ torch.from_numpy(v).flatten(), parameters, retain_graph=True)
        return torch.cat([part.flatten() for part in with_v]).numpy()

    size = flat.numel()
    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    return float(eigsh(operator, k=1, which="LA", return_eigenvectors=False, tol=1e-10)[0])


def write_configuration(
    beta: float,
    folder: Path,
    graph: str = "model.onnx",
    eigenvalues: int = 5,
    steps: int = 40,
) -> None:
    path = folder / "basin.json"
    if path.exists():
        return
    path.write_text(
        f"""{{
  // A physics-informed network for convection at speed {beta:g}, along its L-BFGS run.
  "checkpoints": ["step-*.pt"],
  "model": "{graph}",
  "objective": {{
    "kind": "pde",
    "unknown": "u",
    "variables": ["x", "t"],
    "domain": {{ "x": [0, "2*pi"], "t": [0, 1] }},
    "constants": {{ "beta": {beta:g} }},
    "residual": "u_t + beta*u_x",
    "initial": "u(x, 0) = sin(x)",
    "boundary": "periodic(x)",
    // The points of the training; leave this out and Basin lays out its own.
    "collocation": {{ "points": "points.npz" }},
    "exact": "sin(x - beta*t)",
    "test": [256, 100]
  }},
  "landscape": {{ "directions": "hessian", "resolution": 41, "range": 2 }},
  "hessian": {{ "eigenvalues": {eigenvalues}, "lanczosSteps": {steps}, "probes": 4 }}
}}
"""
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--beta", type=float, action="append", help="default: 1, 10 and 30")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--study", action="store_true", help="beta = 1 to 10, seeds 0 to 4")
    parser.add_argument("--curve", type=float, help="write the losses of seed 0 at this beta")
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    if arguments.curve is not None:
        curve(arguments.curve, 0, HERE / "typescript" / f"beta-{arguments.curve:g}")
        return

    if arguments.study:
        runs = [(float(beta), seed) for beta in range(1, 11) for seed in range(5)]
        path = HERE / "study" / "reference.json"
    else:
        runs = [(beta, arguments.seed) for beta in arguments.beta or (1.0, 10.0, 30.0)]
        path = HERE / "reference.json"
    references = json.loads(path.read_text()) if path.exists() else {}
    for beta, seed in runs:
        started = time.perf_counter()
        if arguments.study:
            folder = HERE / "study" / f"beta-{beta:g}" / f"seed-{seed}"
            followed = seed == 0 and beta in STUDY_FOLLOWED
            iterations = STUDY_FOLLOWED_ITERATIONS if followed else STUDY_ITERATIONS
            # One graph for all: they differ in their weights alone.
            graph = HERE / "study" / "model.onnx"
            train(beta, seed, folder, iterations, STUDY_INTERIOR, xavier=False, graph=graph)
            write_configuration(beta, folder, "../../model.onnx", eigenvalues=10)
        else:
            folder = HERE / f"beta-{beta:g}"
            train(beta, seed, folder)
            write_configuration(beta, folder)
        with np.load(folder / "points.npz") as file:
            points = dict(file)
        for checkpoint in sorted(folder.glob("step-*.pt")):
            values = reference(checkpoint, points, beta)
            name = checkpoint.relative_to(path.parent).as_posix()
            references[name] = values
            print(name, values, flush=True)
        print(f"beta {beta:g}, seed {seed}: {time.perf_counter() - started:.0f} s", flush=True)
    path.write_text(json.dumps(references, indent=1) + "\n")


if __name__ == "__main__":
    main()
