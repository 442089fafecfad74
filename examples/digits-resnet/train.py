"""Train a ResNet-20 with and without its shortcuts, and save checkpoints for Basin.

With no options this remakes the two runs of this folder on scikit-learn's digits,
the evaluation samples and the reference values. ``--study`` trains five seeds of
each network instead and keeps the last weights of each, for study.json.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export import ExportError, export
from model import ResNet

HERE = Path(__file__).resolve().parent

# When a checkpoint is saved, as shares of the run: early epochs change the most.
SAVED = [share / 30 for share in (0, 1, 2, 4, 8, 12, 18, 24, 30)]


@dataclass(frozen=True)
class Data:
    """Samples, [N, C, H, W] float32 with int64 labels, and how they may be varied."""

    x_train: Tensor
    y_train: Tensor
    x_eval: Tensor
    y_eval: Tensor
    shift: int
    flip: bool


@dataclass(frozen=True)
class Recipe:
    """What is trained and how long, by default."""

    width: int
    channels: int
    epochs: int
    batch: int
    lr: float
    out: str


RECIPES = {
    "digits": Recipe(width=4, channels=1, epochs=30, batch=32, lr=0.05, out="runs"),
    "cifar10": Recipe(width=16, channels=3, epochs=160, batch=128, lr=0.1, out="cifar10/runs"),
}


def load_digits() -> Data:
    """The 1797 digits, 8x8 pixels scaled to [0, 1]; 360 of them, by class, held out."""
    from sklearn.datasets import load_digits as sklearn_digits
    from sklearn.model_selection import train_test_split

    digits = sklearn_digits()
    x = (digits.images / 16).astype(np.float32)[:, None]
    y = digits.target.astype(np.int64)
    x_train, x_eval, y_train, y_eval = (
        torch.from_numpy(part)
        for part in train_test_split(x, y, test_size=360, stratify=y, random_state=0)
    )
    return Data(x_train, y_train, x_eval, y_eval, shift=1, flip=False)


def load_cifar10() -> Data:
    """CIFAR-10 from torchvision, which downloads it; its test set is held out."""
    from torchvision.datasets import CIFAR10

    mean = torch.tensor([0.4914, 0.4822, 0.4465])
    deviation = torch.tensor([0.2470, 0.2435, 0.2616])

    def tensors(train: bool) -> tuple[Tensor, Tensor]:
        split = CIFAR10(str(HERE / "cifar10" / "data"), train=train, download=True)
        pixels = torch.from_numpy(split.data).float() / 255
        x = ((pixels - mean) / deviation).permute(0, 3, 1, 2).contiguous()
        return x, torch.tensor(split.targets)

    return Data(*tensors(True), *tensors(False), shift=4, flip=True)


def augment(x: Tensor, shift: int, flip: bool) -> Tensor:
    """Move every image by up to ``shift`` pixels each way and mirror half of them."""
    samples, channels, height, width = x.shape
    padded = F.pad(x, (shift,) * 4)
    rows = torch.randint(0, 2 * shift + 1, (samples, 1)) + torch.arange(height)
    columns = torch.randint(0, 2 * shift + 1, (samples, 1)) + torch.arange(width)
    if flip:
        mirrored = torch.rand(samples) < 0.5
        columns[mirrored] = columns[mirrored].flip(1)
    sample = torch.arange(samples)[:, None, None, None]
    channel = torch.arange(channels)[:, None, None]
    return padded[sample, channel, rows[:, None, :, None], columns[:, None, None, :]]


@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Mean cross-entropy and accuracy with the running statistics of BatchNorm."""
    training = model.training
    model.eval()
    loss, right = 0.0, 0
    for inputs, targets in zip(x.split(500), y.split(500), strict=True):
        logits = model(inputs)
        loss += F.cross_entropy(logits, targets, reduction="sum").item()
        right += int((logits.argmax(1) == targets).sum())
    model.train(training)
    return loss / len(y), right / len(y)


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    # The order of a sum depends on the number of threads, and so do its last bits.
    torch.set_num_threads(1)


def train(args: argparse.Namespace, data: Data, run: Path) -> None:
    """Train one network into the folder ``run``. Checkpoints of an older run are replaced."""
    recipe = RECIPES[args.dataset]
    seed_everything(args.seed)
    run.mkdir(parents=True, exist_ok=True)
    for old in run.glob("epoch-*.pt"):
        old.unlink()

    model = ResNet(20, recipe.width, recipe.channels, residual=args.residual)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=args.lr, momentum=0.9, weight_decay=args.weight_decay
    )
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
    saved = {round(share * args.epochs) for share in SAVED}

    for epoch in range(args.epochs + 1):
        if epoch > 0:
            model.train()
            # The last batch may be too small for the statistics of BatchNorm.
            batches = torch.randperm(len(data.y_train)).split(args.batch_size)
            for batch in (batch for batch in batches if len(batch) == args.batch_size):
                x = augment(data.x_train[batch], data.shift, data.flip)
                loss = F.cross_entropy(model(x), data.y_train[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            scheduler.step()
        if epoch in saved:
            held_out, accuracy = evaluate(model, data.x_eval, data.y_eval)
            checkpoint: dict[str, Any] = {
                "epoch": epoch,
                "model_state_dict": model.state_dict(),
                "loss": held_out,
                "accuracy": accuracy,
                "args": vars(args),
            }
            if epoch == args.epochs:
                checkpoint["optimizer_state_dict"] = optimizer.state_dict()
            torch.save(checkpoint, run / f"epoch-{epoch:03d}.pt")
            print(f"{run.name:>6} epoch {epoch:3d}  loss {held_out:.4f}  accuracy {accuracy:.4f}")

    unused = export(model, data.x_eval[:8], run / "model.onnx", run / "probe.npz")
    if unused:
        raise ExportError(f"the graph does not use {', '.join(unused)}")


def reference(args: argparse.Namespace, data: Data, run: Path) -> dict[str, Any]:
    """Loss and accuracy of every checkpoint of ``run`` in float64, keyed by its path."""
    recipe = RECIPES[args.dataset]
    values: dict[str, Any] = {}
    for path in sorted(run.glob("epoch-*.pt")):
        checkpoint = torch.load(path, weights_only=True)
        residual = checkpoint["args"]["residual"]
        model = ResNet(20, recipe.width, recipe.channels, residual=residual)
        model.load_state_dict(checkpoint["model_state_dict"])
        loss, accuracy = evaluate(model.double(), data.x_eval.double(), data.y_eval)
        values[f"{run.parent.name}/{run.name}/{path.name}"] = {
            "epoch": checkpoint["epoch"],
            "loss": loss,
            "accuracy": accuracy,
            "parameters": sum(p.numel() for p in model.parameters()),
        }
    return values


STUDY_SEEDS = 5


def train_study(args: argparse.Namespace, data: Data, folder: Path) -> None:
    """Five seeds with and without shortcuts: the last weights of each, in float32.

    Networks that are there are not trained again.
    """
    from safetensors.torch import save_file

    path = folder / "reference.json"
    values: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    kinds = {True: "with", False: "without"}
    for shortcuts in kinds.values() if args.residual is None else (kinds[args.residual],):
        for seed in range(STUDY_SEEDS) if args.seed is None else (args.seed,):
            own = argparse.Namespace(
                **{**vars(args), "residual": shortcuts == "with", "seed": seed}
            )
            run = folder / f"shortcuts-{shortcuts}" / f"seed-{seed}"
            if any(run.glob("epoch-*.safetensors")):
                print(f"{run} is there; remove it to train it again.")
                continue
            train(own, data, run)
            found = reference(own, data, run)
            for checkpoint in sorted(run.glob("epoch-*.pt")):
                if checkpoint.name == f"epoch-{args.epochs:03d}.pt":
                    state = torch.load(checkpoint, weights_only=True)["model_state_dict"]
                    name = checkpoint.with_suffix(".safetensors").name
                    state = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
                    save_file(state, run / name, metadata={"epoch": str(args.epochs)})
                    key = f"shortcuts-{shortcuts}/seed-{seed}/{name}"
                    values[key] = found[f"{run.parent.name}/{run.name}/{checkpoint.name}"]
                checkpoint.unlink()
            (run / "probe.npz").unlink()
            graph = folder / f"shortcuts-{shortcuts}" / "model.onnx"
            (run / "model.onnx").replace(graph)
            write_study_config(run, args.dataset, shortcuts)
            path.write_text(json.dumps(dict(sorted(values.items())), indent=1) + "\n")


def write_study_config(run: Path, dataset: str, shortcuts: str) -> None:
    path = run / "basin.json"
    if path.exists():
        return
    limit = 120 if dataset == "digits" else 500
    path.write_text(
        f"""{{
  // A ResNet-20 {shortcuts} shortcuts, at the end of training.
  "checkpoints": ["epoch-*.safetensors"],
  "model": "../model.onnx",
  "data": {{
    "inputs": "../../../{dataset}-eval.npz#x",
    "targets": "../../../{dataset}-eval.npz#y",
    "limit": {limit}
  }},
  "objective": {{ "kind": "classification" }},
  "landscape": {{ "directions": "random", "resolution": 25, "range": 1, "normalization": "filter" }},
  "hessian": {{ "eigenvalues": 5, "lanczosSteps": 20, "probes": 2 }}
}}
"""
    )


def write_config(run: Path, dataset: str) -> None:
    """Write ``basin.json`` beside the checkpoints, unless there is one already."""
    path = run / "basin.json"
    if path.exists():
        return
    path.write_text(
        f"""{{
  // A ResNet-20 {"without its shortcuts" if run.name == "plain" else "with shortcuts"}, from initialisation to the end of training.
  "checkpoints": ["epoch-*.pt"],
  "model": "model.onnx",
  "data": {{
    "inputs": "../../{dataset}-eval.npz#x",
    "targets": "../../{dataset}-eval.npz#y"
  }},
  "objective": {{ "kind": "classification" }},
  "landscape": {{
    "directions": "random",
    "dimensions": 2,
    "resolution": 17,
    "range": 0.5,
    "normalization": "filter",
    "seed": 0
  }},
  "hessian": {{ "eigenvalues": 3, "lanczosSteps": 12, "probes": 3 }}
}}
"""
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", choices=RECIPES, default="digits")
    parser.add_argument(
        "--residual",
        action=argparse.BooleanOptionalAction,
        help="train only the network with, or without, shortcuts (default: both)",
    )
    parser.add_argument(
        "--study", action="store_true", help="five seeds of each, into study, or cifar10/study"
    )
    parser.add_argument("--epochs", type=int, help="default: 30 for digits, 160 for cifar10")
    parser.add_argument("--batch-size", type=int, help="default: 32 for digits, 128 for cifar10")
    parser.add_argument(
        "--lr", type=float, help="at the start (default: 0.05 for digits, 0.1 for cifar10)"
    )
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, help="default: 0; of a study all of 0 to 4")
    parser.add_argument(
        "--out", help="folder of the runs, from this one (default: runs, or cifar10/runs)"
    )
    args = parser.parse_args()

    recipe = RECIPES[args.dataset]
    args.epochs = recipe.epochs if args.epochs is None else args.epochs
    args.batch_size = recipe.batch if args.batch_size is None else args.batch_size
    args.lr = recipe.lr if args.lr is None else args.lr
    args.out = recipe.out if args.out is None else args.out
    return args


def main() -> None:
    args = parse()
    out = HERE / args.out
    data = load_digits() if args.dataset == "digits" else load_cifar10()

    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out.parent / f"{args.dataset}-eval.npz", x=data.x_eval.numpy(), y=data.y_eval.numpy()
    )
    if args.study:
        train_study(args, data, out.parent / "study")
        return
    args.seed = 0 if args.seed is None else args.seed
    values: dict[str, Any] = {}
    for residual in (True, False) if args.residual is None else (args.residual,):
        run = out / ("resnet" if residual else "plain")
        train(argparse.Namespace(**{**vars(args), "residual": residual}), data, run)
        write_config(run, args.dataset)
        values |= reference(args, data, run)

    path = out.parent / "reference.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(dict(sorted((before | values).items())), indent=2) + "\n")


if __name__ == "__main__":
    main()
