"""python operators.py FOLDER [NAME…]: networks with operators that are seldom met, each exported in three ways.

NAME@one-step is exported by the one line of basin_export.py, NAME@torchscript and NAME@dynamo as somebody calls the
exporter, with a basin.json by hand. Networks that draw random numbers have no loss to compare: refused.json says what
the message must name. See check.mjs.
"""
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "engine" / "init"))
from basin_export import export  # noqa: E402  in a project: the file that `basin init` writes

from reference import reference  # noqa: E402

warnings.filterwarnings("ignore")
OUT, WANTED = Path(sys.argv[1]), sys.argv[2:]
VERSION = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
N = 24
g = torch.Generator().manual_seed(0)
flat = torch.randn(N, 6, generator=g)
waves = torch.randn(N, 2, 16, generator=g)
sequence = torch.randn(N, 7, 3, generator=g)
classes = torch.arange(N) % 3


class Fourier(nn.Module):
    """A small Fourier neural operator: of each channel the lowest frequencies are mixed.

    Exporters have no products of complex numbers, nor zeros after them: the parts are multiplied and padded, the
    transforms are PyTorch's.
    """

    def __init__(self, modes=4, width=3):
        super().__init__()
        self.modes, self.lift, self.head = modes, nn.Conv1d(2, width, 1), nn.Linear(width, 3)
        self.weight = nn.Parameter(torch.randn(width, width, modes, 2) / width)
        self.skip = nn.Conv1d(width, width, 1)

    def mixed(self, h):
        """Real and imaginary parts of the lowest frequencies."""
        f = torch.view_as_real(torch.fft.rfft(h))[:, :, : self.modes]
        re, im, a, b = f[..., 0], f[..., 1], self.weight[..., 0], self.weight[..., 1]
        mix = lambda u, v: torch.einsum("bim,iom->bom", u, v)
        return mix(re, a) - mix(im, b), mix(re, b) + mix(im, a)

    def back(self, real, imaginary, x):
        n = x.shape[-1]
        parts = F.pad(torch.stack([real, imaginary], -1), (0, 0, 0, n // 2 + 1 - self.modes))
        return torch.fft.irfft(torch.view_as_complex(parts), n=n)

    def forward(self, x):
        h = self.lift(x)
        return self.head(torch.tanh(self.back(*self.mixed(h), x) + self.skip(h)).mean(-1))


class Written(Fourier):
    """The same with the way back as a product with sines and cosines."""

    def back(self, real, imaginary, x):
        place = 2 * np.pi / x.shape[-1] * torch.arange(self.modes, dtype=x.dtype)[:, None] * torch.arange(x.shape[-1], dtype=x.dtype)
        twice = torch.full((self.modes, 1), 2.0, dtype=x.dtype)
        twice[0] = 1.0
        return (real @ (twice * place.cos()) - imaginary @ (twice * place.sin())) / x.shape[-1]


class Packed(nn.Module):
    def __init__(self, cell=nn.LSTM):
        super().__init__()
        self.cell, self.head = cell(3, 4, batch_first=True, bidirectional=cell is nn.GRU), nn.Linear(8 if cell is nn.GRU else 4, 3)

    def forward(self, x, lengths):
        out, _ = self.cell(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        padded, _ = pad_packed_sequence(out, batch_first=True, total_length=7)
        return self.head(padded.sum(1))


class Of(nn.Module):
    """A layer, something done to it, and another layer."""

    def __init__(self, work, inner=8, outer=3):
        super().__init__()
        self.first, self.last, self.work = nn.Linear(6, inner), nn.Linear(outer, 3), work

    def forward(self, x):
        return self.last(self.work(torch.tanh(self.first(x))))


place = torch.tensor([0, 1, 0, 2, 1, 1, 2, 0])
scattered = lambda reduce: lambda h: torch.zeros(h.shape[0], 3, dtype=h.dtype).scatter_reduce(1, place.expand(h.shape[0], -1), h, reduce, include_self=False)
summed = lambda h: torch.zeros(h.shape[0], 3, dtype=h.dtype).scatter_reduce(1, place.expand(h.shape[0], -1), h, "sum", include_self=False)
lengths = torch.tensor([7, 3, 5, 2, 6, 7, 1, 4] * 3)
# What the message must name, of every export or of one.
RANDOM = {"refused": "random"}
HALVES = {"refused": "dynamo=True, optimize=False", "refused_of": "dynamo"}  # which the one step exports with

# name: (network, inputs, more)
CASES = {
    "fourier": (Fourier, (waves,), HALVES),
    "fourier-written": (Written, (waves,), HALVES),
    "packed-lstm": (Packed, (sequence, lengths), {}),
    "packed-gru": (lambda: Packed(nn.GRU), (sequence, lengths), {}),
    "topk": (lambda: Of(lambda h: h.topk(3, dim=1)[0]), (flat,), {}),
    "topk-smallest": (lambda: Of(lambda h: h.topk(3, dim=1, largest=False)[0]), (flat,), {}),
    "sort": (lambda: Of(lambda h: h.sort(dim=1)[0], outer=8), (flat,), {}),
    "sort-descending": (lambda: Of(lambda h: h.sort(dim=1, descending=True)[0] * torch.arange(8.0).to(h.dtype), outer=8), (flat,), {}),
    "argsort-gather": (lambda: Of(lambda h: h.gather(1, h.argsort(dim=1)[:, :3])), (flat,), {}),
    "largest-and-least": (lambda: Of(lambda h: torch.stack([h.max(1)[0], h.min(1)[0], h.amax(1)], 1)), (flat,), {}),
    "scatter-add": (lambda: Of(lambda h: torch.zeros(h.shape[0], 3, dtype=h.dtype).scatter_add(1, place.expand(h.shape[0], -1), h)), (flat,), {}),
    "scatter-amax": (lambda: Of(scattered("amax")), (flat,), {}),
    "scatter-amin": (lambda: Of(scattered("amin")), (flat,), {}),
    "scatter-prod": (lambda: Of(scattered("prod")), (flat,), {}),
    # No exporter has a mean, and the newer one leaves it out.
    "scatter-mean": (lambda: Of(scattered("mean")), (flat,), {"refused": "left out how values"}),
    "scatter-mean-written": (lambda: Of(lambda h: summed(h) / summed(torch.ones_like(h))), (flat,), {}),
    "scatter": (lambda: Of(lambda h: torch.zeros(h.shape[0], 8, dtype=h.dtype).scatter(1, torch.tensor([3, 1, 0, 2, 7, 5, 4, 6]).expand(h.shape[0], -1), h), outer=8), (flat,), {}),
    "index-add": (lambda: Of(lambda h: torch.zeros(3, h.shape[0], dtype=h.dtype).index_add(0, place, h.T).T), (flat,), {}),
    "cumsum": (lambda: Of(lambda h: h.cumsum(1)[:, ::3]), (flat,), {}),
    "dropout-left-on": (lambda: Of(lambda h: F.dropout(h, 0.5, training=True)[:, :3]), (flat,), RANDOM),
    "noise": (lambda: Of(lambda h: (h + 0.1 * torch.randn_like(h))[:, :3]), (flat,), RANDOM),
    "uniform-noise": (lambda: Of(lambda h: (h * torch.rand_like(h))[:, :3]), (flat,), RANDOM),
}


def by_hand(folder, model, inputs, exporter):
    """As somebody calls the exporter, with its defaults; None where PyTorch does not export the network."""
    names = ["x", "lengths"][: len(inputs)]
    options = {"input_names": names}
    if exporter == "dynamo":
        options.update(dynamo=True, verbose=False, dynamic_shapes=tuple({0: torch.export.Dim("batch")} for _ in inputs))
    else:
        options.update(dynamic_axes={name: {0: "batch"} for name in names}, opset_version=17, **({"dynamo": False} if VERSION >= (2, 5) else {}))
    try:
        torch.onnx.export(model, inputs, str(folder / "model.onnx"), **options)
    except Exception as error:
        return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
    np.savez(folder / "data.npz", y=classes.numpy(), **{n: v.numpy() for n, v in zip(names, inputs)})
    settings = {
        "checkpoints": ["epoch-*.pt"], "model": "model.onnx", "objective": {"kind": "classification"},
        "data": {"inputs": {n: f"data.npz#{n}" for n in names}, "targets": "data.npz#y"},
    }
    (folder / "basin.json").write_text(json.dumps(settings, indent=1))
    return None


for name, (make, inputs, more) in CASES.items():
    if WANTED and name not in WANTED:
        continue
    torch.manual_seed(0)
    model = make()
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(15):
        loss = F.cross_entropy(model(*inputs), classes)
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    model.eval()
    for way in ("one-step", "torchscript", "dynamo"):
        if way == "dynamo" and VERSION < (2, 5):
            continue
        folder = OUT / f"{name}@{way}"
        folder.mkdir(parents=True, exist_ok=True)
        for old in ("basin.json", "expected.json", "refused.json"):
            (folder / old).unlink(missing_ok=True)
        torch.save(model.state_dict(), folder / "epoch-1.pt")
        try:
            if way == "one-step":
                export(model, (*inputs, classes), nn.CrossEntropyLoss(), folder=folder, checkpoints=["epoch-*.pt"])
                problem = None
            else:
                problem = by_hand(folder, model, inputs, way)
        except Exception as error:
            problem = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
        if problem is not None:
            print(f"{folder.name}: not exported: {problem[:300]}")
            continue
        if "refused" in more and more.get("refused_of", way) == way:
            (folder / "refused.json").write_text(json.dumps({"names": more["refused"]}))
            continue
        double = [t.double() if t.is_floating_point() else t for t in inputs]
        reference(folder, model, lambda m: F.cross_entropy(m(*double), classes))
