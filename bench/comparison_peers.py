"""What a user of PyTorch runs to get what ``basin analyze`` gives, for bench/comparison.mjs.

``run NETWORK FOLDER PEER`` does it as one process and prints a line of JSON with what was found and what
was done; ``reference NETWORK FOLDER`` computes the same in float64 until it has converged;
``faults FOLDER`` shows where each library is wrong. Networks are those of product_peers.py.

Peers: eigenthings (hessian-eigenthings 1.0.0a5, a PyTorch loop, GUDHI 3.13), pyhessian (PyHessian 0.1,
the same loop, GUDHI), landscaper (Landscaper 1.3.1), loss_landscapes (loss-landscapes 3.0.6, GUDHI).
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from product_peers import NETWORKS, Data, Loss, Network, lanczos, opened
from torch import Tensor, nn

#: Of the plane, as Basin's: points to a side, and how far along unit eigenvectors.
POINTS = 31
RANGE = 0.5
EIGENVALUES = 10
#: Samples that are looked at, of networks that have some.
SAMPLES = 64


def plane_along(
    network: Network, model: nn.Module, data: Data, directions: list[list[Tensor]]
) -> np.ndarray:
    """The loss on a grid along two directions, which is what every user of PyTorch writes first."""
    weights = [p.detach().clone() for p in model.parameters()]
    steps = np.linspace(-RANGE, RANGE, POINTS)
    losses = np.empty((POINTS, POINTS))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            with torch.no_grad():
                for p, w, d, e in zip(model.parameters(), weights, *directions, strict=True):
                    p.copy_(w + float(a) * d + float(b) * e)
            losses[i, j] = network.loss(model, data).item()
    with torch.no_grad():
        for p, w in zip(model.parameters(), weights, strict=True):
            p.copy_(w)
    return losses


def saddles_of(losses: np.ndarray) -> int:
    """Finite pairs of dimension 0, by GUDHI's cubical complex: four neighbours."""
    import gudhi

    complex_ = gudhi.CubicalComplex(vertices=losses)
    complex_.persistence()
    pairs = complex_.persistence_intervals_in_dimension(0)
    return int(np.isfinite(pairs[:, 1]).sum())


def eigenthings(network: Network, model: nn.Module, data: Data) -> dict[str, object]:
    import hessian_eigenthings as he

    operator = he.HessianOperator(model, [data], network.loss)
    # Beyond 50 steps it does not reorthogonalise by itself, and gives copies: see the faults.
    found = he.lanczos(
        operator, k=EIGENVALUES, max_iter=80, which="LA", seed=0, reorthogonalize=True
    )
    trace = he.trace(operator, num_matvecs=60, seed=0)
    density = he.spectral_density(operator, num_runs=2, lanczos_steps=40, seed=0)
    order = np.argsort(-np.asarray(found.eigenvalues))
    vectors = torch.as_tensor(np.asarray(found.eigenvectors))
    vectors = vectors if vectors.shape[0] == len(order) else vectors.T
    directions = [unflattened(vectors[i].float(), model) for i in order[:2]]
    losses = plane_along(network, model, data, directions)
    return {
        "values": np.asarray(found.eigenvalues)[order].tolist(),
        "trace": float(trace.estimate),
        "plane": losses,
        "saddles": saddles_of(losses),
        "density": density is not None,
        "products": 80 + 60 + 80,
    }


def pyhessian(network: Network, model: nn.Module, data: Data) -> dict[str, object]:
    from pyhessian import hessian

    nothing = torch.zeros(1)
    operator = hessian(
        Loss(network, model, data), lambda loss, _: loss, data=(nothing, nothing), cuda=False
    )
    values, vectors = operator.eigenvalues(maxIter=100, top_n=EIGENVALUES)
    trace = operator.trace(maxIter=100)
    try:
        operator.density(iter=100, n_v=1)
        density: object = True
    except (AttributeError, RuntimeError) as error:
        density = str(error).strip().split(". ")[0]
    losses = plane_along(network, model, data, vectors[:2])
    return {
        "values": values,
        "trace": float(np.mean(trace)),
        "traceSamples": len(trace),
        "plane": losses,
        "saddles": saddles_of(losses),
        "density": density,
    }


def landscaper(network: Network, model: nn.Module, data: Data) -> dict[str, object]:
    from landscaper import LossLandscape, PyHessian

    def gradients(model: nn.Module, *_: object):
        parameters = list(model.parameters())
        yield 1, torch.autograd.grad(network.loss(model, data), parameters, create_graph=True)

    hessian = PyHessian(model, None, [data], "cpu", hessian_generator=gradients, try_cache=True)
    values, vectors = hessian.eigenvalues(top_n=EIGENVALUES)
    trace = hessian.trace()
    _, weights = hessian.density(iter=100, n_v=1)
    norm = float(torch.sqrt(sum((p.detach() ** 2).sum() for p in model.parameters())))
    landscape = LossLandscape.compute(
        model, data, [[v.clone() for v in vector] for vector in vectors[:2]],
        lambda model, data: in_grad(network, model, data),
        steps=POINTS, distance=RANGE / norm, dim=2, device="cpu",
    )
    tree = landscape.get_sublevel_tree()
    landscape.smad()
    return {
        "values": values,
        "trace": float(trace),
        "plane": landscape.loss,
        "saddles": len(tree.leaves) - 1,
        "density": True,
        "densityWeights": float(np.real(np.sum(weights[0]))),
    }


def loss_landscapes(network: Network, model: nn.Module, data: Data) -> dict[str, object]:
    import loss_landscapes as ll
    from loss_landscapes.metrics.metric import Metric

    class Whole(Metric):
        def __call__(self, wrapper):
            return in_grad(network, wrapper.modules[0], data)

    losses = ll.random_plane(model, Whole(), distance=1, steps=POINTS, normalization="filter")
    return {"plane": losses, "saddles": saddles_of(losses), "isRandom": True}


def in_grad(network: Network, model: nn.Module, data: Data) -> float:
    # The loss of an equation takes derivatives in the points.
    with torch.enable_grad():
        return network.loss(model, data).item()


def unflattened(vector: Tensor, model: nn.Module) -> list[Tensor]:
    parts, at = [], 0
    for p in model.parameters():
        parts.append(vector[at : at + p.numel()].view_as(p))
        at += p.numel()
    return parts


PEERS: dict[str, Callable[..., dict[str, object]]] = {
    f.__name__: f for f in (eigenthings, pyhessian, landscaper, loss_landscapes)
}
#: What is a user's own of each, in lines.
WRITTEN = {
    "eigenthings": (eigenthings, unflattened, plane_along, saddles_of),
    "pyhessian": (pyhessian, Loss, plane_along, saddles_of),
    "landscaper": (landscaper, in_grad),
    "loss_landscapes": (loss_landscapes, in_grad, saddles_of),
}


def lines_of(name: str) -> int:
    """Lines of code of a peer's user: no comments, docstrings or empty lines."""
    count = 0
    for function in WRITTEN[name]:
        text = inspect.getsource(function).replace(function.__doc__ or "\0", "")
        lines = (line.strip() for line in text.splitlines())
        count += sum(1 for line in lines if line not in ("", '"""', '""""""') and line[0] != "#")
    return count


def reference(network: Network, model: nn.Module, data: Data) -> dict[str, object]:
    """Eigenvalues, trace and plane in float64, with how far each may be off."""
    steps = 120
    product, q, t = lanczos(network, model, data, steps)
    data = {k: v.double() if v.is_floating_point() else v for k, v in data.items()}
    values, vectors = torch.linalg.eigh(t[:steps, :steps])
    residuals = t[steps, steps - 1] * vectors[-1].abs()
    top = torch.arange(steps - 1, steps - 1 - EIGENVALUES, -1)
    # The trace: known on the Krylov space, sampled on what is orthogonal to it.
    known = float(t[:steps, :steps].diagonal().sum())
    samples = []
    for _ in range(200):
        v = torch.randint(0, 2, (q.shape[1],)).double() * 2 - 1
        v = v - q.T @ (q @ v)
        samples.append(float(v @ product(v)))
    axes = [unflattened((vectors[:, i] @ q), model) for i in top[:2]]
    return {
        "values": values[top].tolist(),
        "residual": float(residuals[top].max()),
        "trace": known + float(np.mean(samples)),
        "traceError": float(np.std(samples) / np.sqrt(len(samples))),
        "plane": plane_along(network, model, data, axes).tolist(),
        "loss": network.loss(model, data).item(),
        "products": steps + 200,
    }


def faults(folder: Path) -> dict[str, object]:
    """What is wrong in each, on examples whose answer is known or that were computed in float64."""
    import warnings

    warnings.simplefilter("ignore")
    return {
        "serpentine": serpentine(folder),
        "landscaper": landscaper_faults(folder),
        "pyhessian": pyhessian_faults(),
        "eigenthings": eigenthings_faults(),
    }


def some_digits(folder: Path) -> tuple[nn.Module, Data]:
    model, data = opened("digits", folder)
    return model, {name: values[:64] for name, values in data.items()}


def serpentine(folder: Path) -> dict[str, object]:
    import loss_landscapes as ll
    from loss_landscapes.metrics.metric import Metric

    slope = torch.tensor([[1.0, 2.0], [3.0, -1.0]])

    class Linear(Metric):
        """A loss that is linear in the weights has one minimum on a plane, in a corner."""

        def __call__(self, wrapper):
            (weight,) = wrapper.modules[0].parameters()
            return float((slope * weight).sum())

    torch.manual_seed(1)
    model = nn.Linear(2, 2, bias=False)
    plane = ll.random_plane(model, Linear(), distance=1, steps=41, normalization=None)
    network = NETWORKS["digits"]
    digits, data = some_digits(folder)

    class Whole(Metric):
        def __call__(self, wrapper):
            return in_grad(network, wrapper.modules[0], data)

    loss = in_grad(network, digits, data)
    # A larger distance makes a smaller plane: it is divided by.
    spans = []
    for distance in (1, 2):
        torch.manual_seed(1)
        one = ll.random_plane(
            nn.Linear(2, 2, bias=False), Linear(), distance=distance, steps=5, normalization=None
        )
        spans.append(float(one.max() - one.min()))
    torch.manual_seed(0)
    trained = ll.random_plane(digits, Whole(), distance=10, steps=31, normalization="filter")
    return {
        "linear": plane.tolist(),
        "spans": spans,
        "linearMinima": saddles_of(plane) + 1,
        "digits": trained.tolist(),
        "digitsLoss": loss,
        # It walks with the model itself, and does not go back.
        "digitsLossAfter": in_grad(network, digits, data),
        "digitsSaddles": saddles_of(trained),
        "nearestToLoss": float(np.abs(trained - loss).min() / loss),
    }


def landscaper_faults(folder: Path) -> dict[str, object]:
    from landscaper import compute
    from landscaper.hessian import PyHessian
    from landscaper.utils import generate_random_orthogonal_directions

    def cosine(a: list[Tensor], b: list[Tensor]) -> float:
        a_, b_ = (torch.cat([x.flatten() for x in d]) for d in (a, b))
        return float(a_ @ b_ / a_.norm() / b_.norm())

    network = NETWORKS["digits"]
    model, data = some_digits(folder)
    torch.manual_seed(0)
    random = generate_random_orthogonal_directions(model, 2)
    # What its own eigenvectors are after it has "normalised" them tensor by tensor.
    parameters = list(model.parameters())

    def gradients(model: nn.Module, *_: object):
        yield 1, torch.autograd.grad(network.loss(model, data), parameters, create_graph=True)

    hessian = PyHessian(model, None, [data], "cpu", hessian_generator=gradients, try_cache=True)
    _, vectors = hessian.eigenvalues(top_n=2)
    plain = [[v.clone() for v in vector] for vector in vectors]
    weights = [p.detach() for p in model.parameters()]
    scaled = [
        compute.normalize_direction([v.clone() for v in vector], weights) for vector in vectors
    ]
    # A loss that is the weight itself says where the points of the grid are.
    one = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        one.weight.fill_(1.0)
    axis = [[torch.ones(1, 1)]]
    position = lambda model, _: float(model.weight) - 1.0  # noqa: E731
    places, coordinates = compute.compute_loss_landscape(
        one, None, axis, position, steps=41, distance=1.0, dim=1, device="cpu"
    )
    even, marks = compute.compute_loss_landscape(
        one, None, axis, position, steps=40, distance=1.0, dim=1, device="cpu"
    )
    # Half of this line is not a number.
    broken = lambda model, _: (  # noqa: E731
        float("nan") if float(model.weight) > 1.5 else (float(model.weight) - 1.0) ** 2
    )
    filled, _ = compute.compute_loss_landscape(
        one, None, axis, broken, steps=41, distance=1.0, dim=1, device="cpu"
    )
    flat = lambda model, _: min(0.25, (float(model.weight) - 1.0) ** 2)  # noqa: E731
    twice = [
        compute.compute_loss_landscape(
            one, None, axis, flat, steps=41, distance=1.0, dim=1, device="cpu"
        )[0]
        for _ in range(2)
    ]
    _, density = hessian.density(iter=40, n_v=1)
    return {
        "randomCosine": cosine(random[0], random[1]),
        "eigenvectorCosine": cosine(plain[0], plain[1]),
        "normalisedCosine": cosine(scaled[0], scaled[1]),
        "turned": [cosine(a, b) for a, b in zip(plain, scaled, strict=True)],
        # The last point is left out: it is the maximum, to which noise is added.
        "reachSaid": float(coordinates[0][0]),
        "reach": float(places[0]),
        # What the coordinates say of the point that is the checkpoint.
        "evenCentre": float(marks[0][int(np.abs(even).argmin())]),
        "nanBecame": float(filled[-1]),
        "nanPoints": int((np.linspace(-1, 1, 41) * 40 / 41 > 0.5).sum()),
        "maximumTwice": [float(each.max()) for each in twice],
        "densityWeights": float(np.real(np.sum(density[0]))),
    }


def eigenthings_faults() -> dict[str, object]:
    """Its Lanczos with more than 50 steps, on a matrix whose eigenvalues are known."""
    import hessian_eigenthings as he

    torch.manual_seed(0)
    size = 400
    spectrum = torch.cat([torch.tensor([100.0, 50.0, 20.0]), torch.linspace(-1, 1, size - 3)])
    turn = torch.linalg.qr(torch.randn(size, size))[0]
    matrix = (turn * spectrum) @ turn.T

    class Weights(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.randn(size))

    operator = he.HessianOperator(
        Weights(), [torch.zeros(1)], lambda model, _: 0.5 * model.w @ matrix @ model.w
    )
    found = {
        steps: np.sort(
            np.asarray(he.lanczos(operator, k=4, max_iter=steps, which="LA", seed=0).eigenvalues)
        )[::-1].tolist()
        for steps in (50, 80)
    }
    return {"fifty": found[50], "eighty": found[80]}


def pyhessian_faults() -> dict[str, object]:
    """Its power iteration and its rule for the trace, on a matrix whose eigenvalues are known."""
    from pyhessian import hessian

    torch.manual_seed(0)
    size = 200
    spectrum = torch.cat([torch.tensor([10.0, 9.9, -12.0]), torch.linspace(-2, 5, size - 3)])
    turn = torch.linalg.qr(torch.randn(size, size))[0]
    matrix = (turn * spectrum) @ turn.T
    matrix = (matrix + matrix.T) / 2

    class Quadratic(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.randn(size))

        def forward(self, _: Tensor) -> Tensor:
            return 0.5 * self.w @ matrix @ self.w

    nothing = torch.zeros(1)
    found, samples, errors = [], [], []
    trace = float(spectrum.sum())
    for seed in range(40):
        torch.manual_seed(seed)
        operator = hessian(
            Quadratic(), lambda loss, _: loss, data=(nothing, nothing), cuda=False
        )
        found.append(operator.eigenvalues(maxIter=100, top_n=3)[0])
        drawn = operator.trace(maxIter=100)
        samples.append(len(drawn))
        errors.append(abs(float(np.mean(drawn)) / trace - 1))
    values = np.array(found)
    return {
        "first": float(np.median(values[:, 0])),
        "largest": [float(values.max(1).min()), float(values.max(1).max())],
        "traceSamples": float(np.median(samples)),
        "traceError": float(np.median(errors)),
    }


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    try:
        if command == "faults":
            print(json.dumps(faults(Path(rest[0]))))
        else:
            name, folder = rest[0], Path(rest[1])
            model, data = opened(name, folder)
            if name != "pinn":
                data = {key: values[:SAMPLES] for key, values in data.items()}
            arguments = (NETWORKS[name], model, data)
            if command == "reference":
                print(json.dumps(reference(*arguments)))
            else:
                # Random directions and samples are those of the last time.
                torch.manual_seed(0)
                answer = PEERS[rest[2]](*arguments)
                answer["plane"] = np.asarray(answer["plane"]).tolist()
                answer["values"] = [float(v) for v in answer.get("values", [])]
                print(json.dumps({**answer, "lines": lines_of(rest[2])}))
    except ImportError as error:
        print(json.dumps({"missing": str(error)}))
