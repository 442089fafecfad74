"""python remedies.py FOLDER CASE [STEP]: a graph or a setting that does not fit, or what was done about it.

Without STEP the folder is made as somebody may have it: graph, checkpoint, data.npz, basin.json. STEP is a JSON
object of what a message of Basin said: {"call": "torch.onnx.export(…)"} is evaluated as it stands, {"again": true}
exports the trained model with the settings of before, {"dynamic": true} with a dynamic batch axis, {"bare": true}
without its last layer, {"then": true} saves the checkpoint of the moment of the export, {"equal": true} one in which
tied weights are equal. expected.json holds what PyTorch computes in float64 from the dense Hessian. Needs torch
(1.13 to 2.13), numpy and onnx, from 2.5 on onnxscript. See remedies.mjs, which reads the messages.
"""
import copy
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings("ignore")
VERSION = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
N = 24
g = lambda seed: torch.Generator().manual_seed(seed)
flat = torch.randn(N, 4, generator=g(1))
sequence = torch.randn(N, 3, 4, generator=g(2))
images = torch.randn(N, 2, 5, 5, generator=g(3))
classes = torch.arange(N) % 3


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(4, 5), nn.LayerNorm(5), nn.Linear(5, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.norm(self.first(x)))).mean(1)


class Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 3)
        nn.init.uniform_(self.norm.running_mean), nn.init.uniform_(self.norm.running_var, 0.5, 2)
        nn.init.uniform_(self.norm.weight, 0.5, 2)

    def forward(self, x):
        return self.head(torch.tanh(self.norm(self.conv(x))).mean((2, 3)))


class Shifts(nn.Module):
    """Two vectors of one module that are equal before training."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))
        self.last = nn.Linear(4, 3)

    def forward(self, x):
        return self.last(torch.tanh(x * self.one) * self.two)


class Twins(nn.Module):
    def __init__(self, tied):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)
        if tied:
            self.second.weight = self.first.weight

    def forward(self, x):
        return self.last(torch.tanh(self.second(torch.tanh(self.first(x)))))


class Named(nn.Module):
    def __init__(self, names=("first", "second", "third"), width=5, more=False):
        super().__init__()
        self.names = names
        setattr(self, names[0], nn.Linear(4, width))
        setattr(self, names[1], nn.Linear(width, width))
        setattr(self, names[2], nn.Linear(width, 3))
        self.gate = nn.Linear(4, 3) if more else None

    def forward(self, x):
        h = torch.tanh(getattr(self, self.names[0])(x))
        h = getattr(self, self.names[2])(torch.tanh(getattr(self, self.names[1])(h)))
        return h if self.gate is None else h + self.gate(x)


class Ends(nn.Module):
    def __init__(self, end, outputs=3):
        super().__init__()
        self.body, self.end = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, outputs)), end

    def forward(self, x):
        return self.body(x) if self.end is None else self.end(self.body(x))


class Several(Ends):
    def forward(self, x):
        h = self.body[1](self.body[0](x))
        return h, self.body[2](h)


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.full((4,), 0.3))
        self.register_buffer("std", torch.linspace(0.5, 2, 4))
        self.first, self.last = nn.Linear(4, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.first((x - self.mean) / self.std)))



# name: (exporters, the model that was trained, that of the graph if another, data, more)
BOTH, OLD = ("torchscript", "dynamo"), ("torchscript",)
CASES = {
    "folded-weights": (BOTH, Sequence, None, sequence, {"moment": True}),
    "fused-batchnorm": (BOTH, Convolution, None, images, {"moment": True}),
    "equal-at-export": (BOTH, Shifts, None, flat, {}),
    "untied-twins": (BOTH, lambda: Twins(False), lambda: Twins(True), flat, {}),
    "other-names": (BOTH, lambda: Named(("stem", "neck", "exit")), Named, flat, {}),
    "missing-tensors": (BOTH, Named, lambda: Named(more=True), flat, {}),
    "other-shapes": (BOTH, Named, lambda: Named(width=6), flat, {}),
    "which-weights": (BOTH, Named, None, flat, {}),
    "frozen-matches-nothing": (BOTH, Named, None, flat, {"settings": {"frozen": ["backbone.*"]}}),
    "names-match-nothing": (BOTH, Named, None, flat, {"settings": {"names": {"backbone.*": "first.*"}}}),
    "several-outputs": (BOTH, lambda: Several(None), None, flat, {}),
    "fixed-batch": (BOTH, Named, None, flat, {"samples": 5}),
    "ends-in-softmax": (BOTH, lambda: Ends(nn.Softmax(1)), None, flat, {}),
    "ends-in-sigmoid": (BOTH, lambda: Ends(nn.Sigmoid(), 1), None, flat, {"kind": "binary"}),
    "one-logit": (BOTH, lambda: Ends(None, 1), None, flat, {"kind": "binary", "settings": {"objective": {"kind": "classification"}}}),
    "one-logit-flat": (BOTH, lambda: Ends(nn.Flatten(0), 1), None, flat, {"kind": "binary", "settings": {"objective": {"kind": "classification"}}}),
    "dropout-in-training": (OLD, lambda: Ends(nn.Dropout(0.3)), None, flat, {"train": True}),
    "batchnorm-in-training": (OLD, Convolution, None, images, {"train": True}),
    "saved-buffers": (BOTH, Scaled, None, flat, {}),
}

folder, (CASE, EXPORTER) = Path(sys.argv[1]), sys.argv[2].split("@")
step = json.loads(sys.argv[3]) if len(sys.argv) > 3 else None
exporters, make, make_graph, x, more = CASES[CASE]
if EXPORTER not in exporters or (EXPORTER == "dynamo" and VERSION < (2, 5)):
    sys.exit(3)
folder.mkdir(parents=True, exist_ok=True)
kind = more.get("kind", "classification")
torch.manual_seed(0)
model = make()
before = copy.deepcopy(model)


def logits(m, x):
    out = m.body(x) if isinstance(m, Ends) else m(x)
    return out[:, 0] if kind == "binary" else out


def loss_of(m, x):
    out, y = logits(m, x), classes[: len(x)]
    return F.cross_entropy(out, y) if kind == "classification" else F.binary_cross_entropy_with_logits(out, (y == 0).to(out))


model.train()
optimizer = torch.optim.Adam(model.parameters(), 0.05)
for _ in range(12):
    value = loss_of(model, x)
    optimizer.zero_grad(), value.backward(), optimizer.step()
model.eval()


def export(network, dynamic=False, training=False):
    """As somebody calls it: the exporter of that name with its defaults."""
    samples = more.get("samples", 4)
    options = {}
    if VERSION >= (2, 5):
        options["dynamo"] = EXPORTER == "dynamo"
    if dynamic and EXPORTER == "dynamo":
        options["dynamic_shapes"] = ({0: torch.export.Dim("samples")},)
    elif dynamic:
        options.update(input_names=["x"], dynamic_axes={"x": {0: "samples"}})
    if training:
        options["training"] = torch.onnx.TrainingMode.TRAINING
    # A copy: the exporter runs the network, and in training that moves the statistics of BatchNorm.
    network = copy.deepcopy(network).train(training)
    torch.onnx.export(network, x[:samples], str(folder / "model.onnx"), **options)


graph_of = make_graph() if make_graph else None
if step is None:
    export(graph_of or (before if more.get("moment") or CASE == "equal-at-export" else model), CASE != "fixed-batch", more.get("train", False))
    targets = classes.numpy() if kind == "classification" or CASE == "one-logit-flat" else (classes == 0).float().numpy()[:, None]
    if CASE.startswith("one-logit"):
        targets = (classes == 0).long().numpy()
    np.savez(folder / "data.npz", x=x.numpy(), y=targets)
    settings = {
        "checkpoints": ["last.pt"], "model": "model.onnx", "data": {"inputs": "data.npz#x", "targets": "data.npz#y"},
        "objective": {"kind": kind}, "hessian": {"eigenvalues": 1, "lanczosSteps": 60, "probes": 4},
    }
    settings.update(more.get("settings", {}))
    (folder / "basin.json").write_text(json.dumps(settings, indent=1))
    weights = model.state_dict()
    torch.save({"generator": weights, "student": before.state_dict()} if CASE == "which-weights" else weights, folder / "last.pt")
elif "call" in step:
    args, file = (x[:4],), str(folder / "model.onnx")
    eval(step["call"], {"torch": torch, "model": model, "args": args, "file": file})
elif "again" in step:
    export(model, CASE != "fixed-batch")
elif "dynamic" in step:
    export(model, True)
elif "bare" in step:
    model.end = None
    export(model, True)
elif "then" in step:
    torch.save(before.state_dict(), folder / "then.pt")
elif "equal" in step:
    (folder / "equal").touch()
    model.second.weight = model.first.weight
    torch.save(model.state_dict(), folder / "last.pt")

settings = json.loads((folder / "basin.json").read_text())
samples = x[: settings["data"].get("limit", N)].double()
if (folder / "equal").exists():
    model.second.weight = model.first.weight
exact = copy.deepcopy(model).double().eval()
frozen = settings.get("frozen", [])
parameters = [p for name, p in exact.named_parameters() if name not in frozen]
value = loss_of(exact, samples)
gradient = torch.cat([d.reshape(-1) for d in torch.autograd.grad(value, parameters, create_graph=True)])
rows = []
for entry in gradient:
    row = torch.autograd.grad(entry, parameters, retain_graph=True, allow_unused=True)
    rows.append(torch.cat([(torch.zeros_like(p) if d is None else d).reshape(-1) for d, p in zip(row, parameters)]))
largest = np.linalg.eigvalsh(torch.stack(rows).numpy())[-1]
(folder / "expected.json").write_text(json.dumps({"loss": value.item(), "largest": float(largest), "parameters": len(gradient), "torch": torch.__version__}))
