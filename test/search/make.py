"""python make.py FOLDER [--count 5] [--seed 0] [--only NAME]: networks as people write and export them.

Architectures x losses x exporters x checkpoint shapes x data layouts x ranges, drawn at random but for the
architecture, which each gets --count combinations. A folder each: checkpoint, graph, data, basin.json and
expected.json with what PyTorch computes in float64 from the weights of the checkpoint: loss, number of
parameters, largest eigenvalues and exact trace of the dense Hessian over `named_parameters()`, accuracy.
Needs PyTorch 2.13, onnx, onnxscript, safetensors, NumPy. See docs/search.md.
"""
import argparse, copy, json, os, random, sys, warnings
import numpy as np
import torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
os.environ.setdefault("TORCH_LOGS", "-all")


class Lambda(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, *x):
        return self.f(*x)


def seq(*parts):
    return nn.Sequential(*[p if isinstance(p, nn.Module) else Lambda(p) for p in parts])


class Recurrent(nn.Module):
    def __init__(self, kind, layers=1, bidirectional=False):
        super().__init__()
        self.cell = kind(4, 3, layers, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(6 if bidirectional else 3, 3)

    def forward(self, x):
        return self.head(self.cell(x)[0][:, -1])


class Attention(nn.Module):
    def __init__(self, causal=False):
        super().__init__()
        self.attention, self.head, self.causal = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 3), causal

    def forward(self, x):
        mask = torch.triu(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device), 1) if self.causal else None
        return self.head(self.attention(x, x, x, attn_mask=mask, need_weights=False)[0].mean(1))


class Scaled(nn.Module):
    """A parameter of its own, a buffer that is none."""

    def __init__(self):
        super().__init__()
        self.scale, self.net = nn.Parameter(torch.ones(6) * 1.3), nn.Linear(6, 3)
        self.register_buffer("shift", torch.linspace(-0.5, 0.5, 6))

    def forward(self, x):
        return self.net(x * self.scale + self.shift)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 3)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.head(torch.tanh(self.b(torch.tanh(self.a(x)))))


class Tokens(nn.Module):
    def __init__(self, reduce=True):
        super().__init__()
        self.embedding, self.mix, self.head, self.reduce = nn.Embedding(9, 5), nn.Linear(5, 5), nn.Linear(5, 3), reduce

    def forward(self, ids):
        h = torch.tanh(self.mix(self.embedding(ids)))
        return self.head(h.mean(1) if self.reduce else h)


class WeightNorm(nn.Module):
    """Written out: the second derivative of PyTorch's own operation is not symmetric."""

    def __init__(self, inputs, outputs):
        super().__init__()
        linear = nn.Linear(inputs, outputs)
        self.v, self.g, self.bias = nn.Parameter(linear.weight.detach()), nn.Parameter(linear.weight.detach().norm(dim=1, keepdim=True)), nn.Parameter(linear.bias.detach())

    def forward(self, x):
        return F.linear(x, self.g * self.v / self.v.norm(dim=1, keepdim=True), self.bias)


class Fourier(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("frequencies", torch.tensor([1.0, 2.0, 4.0]))
        self.head = nn.Linear(36, 3)

    def forward(self, x):
        z = x[..., None] * self.frequencies
        return self.head(torch.cat([z.sin(), z.cos()], -1).flatten(1))


flat, image, series, ids = (6,), (3, 6, 6), (5, 4), "ids"
A = {}  # name: (maker, shape of a sample)
for act in "Tanh ReLU GELU SiLU Softplus ELU Mish Hardswish LeakyReLU PReLU SELU CELU Sigmoid Hardsigmoid Softsign Tanhshrink LogSigmoid".split():
    A[f"mlp-{act.lower()}"] = (lambda act=act: nn.Sequential(nn.Linear(6, 7), getattr(nn, act)(), nn.Linear(7, 3)), flat)
A["mlp-gelu-tanh"] = (lambda: nn.Sequential(nn.Linear(6, 7), nn.GELU(approximate="tanh"), nn.Linear(7, 3)), flat)
A["linear"] = (lambda: nn.Linear(6, 3), flat)
A["two-equal-norms"] = (lambda: nn.Sequential(nn.Linear(6, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 6), nn.LayerNorm(6), nn.Linear(6, 3)), flat)
A["batchnorm1d"] = (lambda: nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)), flat)
A["dropout"] = (lambda: nn.Sequential(nn.Linear(6, 7), nn.Dropout(0.5), nn.Tanh(), nn.Linear(7, 3)), flat)
A["glu"] = (lambda: nn.Sequential(nn.Linear(6, 8), nn.GLU(), nn.Linear(4, 3)), flat)
A["siren"] = (lambda: seq(nn.Linear(6, 7), torch.sin, nn.Linear(7, 3)), flat)
A["fourier-features"] = (Fourier, flat)
A["cosine-head"] = (lambda: seq(nn.Linear(6, 5), lambda h: F.normalize(h, dim=1), nn.Linear(5, 3)), flat)
A["rms-norm"] = (lambda: seq(nn.Linear(6, 6), lambda h: h * torch.rsqrt((h * h).mean(-1, keepdim=True) + 1e-6), nn.Linear(6, 3)), flat)
A["polynomial"] = (lambda: seq(lambda x: torch.cat([x, x**2, x**3], 1), nn.Linear(18, 3)), flat)
A["quadratic-form"] = (lambda: seq(lambda x: torch.einsum("ni,nj->nij", x, x).flatten(1), nn.Linear(36, 3)), flat)
A["log-exp"] = (lambda: seq(nn.Linear(6, 5), lambda h: torch.log1p(h.exp()), nn.Linear(5, 3)), flat)
A["sorted"] = (lambda: seq(nn.Linear(6, 6), lambda h: h.sort(1)[0], nn.Linear(6, 3)), flat)
A["top-k"] = (lambda: seq(nn.Linear(6, 6), lambda h: h.topk(3, 1)[0], nn.Linear(3, 3)), flat)
A["cumsum"] = (lambda: seq(nn.Linear(6, 6), lambda h: h.cumsum(1).tanh(), nn.Linear(6, 3)), flat)
A["roll"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.roll(h, 2, 1) * h, nn.Linear(6, 3)), flat)
A["clamp"] = (lambda: seq(nn.Linear(6, 6), lambda h: h.clamp(-0.5, 0.5), nn.Linear(6, 3)), flat)
A["where"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.where(h > 0, h * h, h.sin()), nn.Linear(6, 3)), flat)
A["abs-sqrt"] = (lambda: seq(nn.Linear(6, 6), lambda h: (h.abs() + 0.1).sqrt(), nn.Linear(6, 3)), flat)
A["softmax-inside"] = (lambda: seq(nn.Linear(6, 6), lambda h: h.softmax(1), nn.Linear(6, 3)), flat)
A["logsumexp"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.cat([h.logsumexp(1, keepdim=True), h], 1), nn.Linear(7, 3)), flat)
A["maxout"] = (lambda: seq(nn.Linear(6, 8), lambda h: h.reshape(-1, 4, 2).max(2)[0], nn.Linear(4, 3)), flat)
A["std-features"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.stack([h.mean(1), h.var(1), h.std(1)], 1), nn.Linear(3, 3)), flat)
A["erf"] = (lambda: seq(nn.Linear(6, 6), torch.erf, nn.Linear(6, 3)), flat)
A["atan"] = (lambda: seq(nn.Linear(6, 6), torch.atan, nn.Linear(6, 3)), flat)
A["asinh"] = (lambda: seq(nn.Linear(6, 6), torch.asinh, nn.Linear(6, 3)), flat)
A["scale-and-buffer"] = (Scaled, flat)
A["tied"] = (Tied, flat)
A["weight-norm"] = (lambda: nn.Sequential(WeightNorm(6, 5), nn.Tanh(), nn.Linear(5, 3)), flat)
A["residual"] = (lambda: seq(nn.Linear(6, 6), lambda h: h + h.tanh(), nn.Linear(6, 3)), flat)
A["frozen-first"] = (lambda: freeze(nn.Sequential(nn.Linear(6, 7), nn.Tanh(), nn.Linear(7, 3))), flat)
A["conv"] = (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), image)
A["conv-batchnorm"] = (lambda: nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), image)
A["conv-stride-groups"] = (lambda: nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1, groups=3), nn.Tanh(), nn.Flatten(), nn.Linear(54, 3)), image)
A["conv-dilated"] = (lambda: nn.Sequential(nn.Conv2d(3, 2, 2, dilation=2), nn.Tanh(), nn.Flatten(), nn.Linear(32, 3)), image)
A["conv-circular"] = (lambda: nn.Sequential(nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular"), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3)), image)
A["conv-reflect"] = (lambda: nn.Sequential(nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3)), image)
A["conv-same"] = (lambda: nn.Sequential(nn.Conv2d(3, 3, 2, padding="same"), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3)), image)
A["transposed"] = (lambda: nn.Sequential(nn.ConvTranspose2d(3, 2, 3, 2, 1, 1), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(8, 3)), image)
A["maxpool"] = (lambda: nn.Sequential(nn.Conv2d(3, 3, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3)), image)
A["avgpool-ceil"] = (lambda: nn.Sequential(nn.AvgPool2d(2, 2, 1, ceil_mode=True, count_include_pad=False), nn.Flatten(), nn.Linear(48, 3)), image)
A["group-norm"] = (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), image)
A["instance-norm"] = (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.InstanceNorm2d(4, affine=True), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), image)
A["upsample-nearest"] = (lambda: seq(nn.Conv2d(3, 2, 3), lambda h: F.interpolate(h, scale_factor=1.5, mode="nearest"), nn.Flatten(), nn.Linear(72, 3)), image)
A["upsample-bilinear"] = (lambda: seq(nn.Conv2d(3, 2, 3), lambda h: F.interpolate(h, size=(3, 3), mode="bilinear", align_corners=False), nn.Flatten(), nn.Linear(18, 3)), image)
A["upsample-bicubic"] = (lambda: seq(nn.Conv2d(3, 2, 3), lambda h: F.interpolate(h, size=(6, 6), mode="bicubic", align_corners=True), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(8, 3)), image)
A["pixel-shuffle"] = (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.PixelShuffle(2), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(4, 3)), image)
A["unfold"] = (lambda: seq(lambda x: F.unfold(x, 3, stride=3).mean(2), nn.Linear(27, 3)), image)
A["pad-constant"] = (lambda: seq(lambda x: F.pad(x, (1, 0, 2, 1), value=0.5), nn.Conv2d(3, 2, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(24, 3)), image)
A["conv1d"] = (lambda: seq(lambda x: x.transpose(1, 2), nn.Conv1d(4, 4, 2), nn.Tanh(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(4, 3)), series)
A["lstm"] = (lambda: Recurrent(nn.LSTM), series)
A["lstm-bidirectional"] = (lambda: Recurrent(nn.LSTM, 1, True), series)
A["gru"] = (lambda: Recurrent(nn.GRU), series)
A["rnn"] = (lambda: Recurrent(nn.RNN), series)
A["attention"] = (Attention, series)
A["attention-causal"] = (lambda: Attention(True), series)
A["encoder-layer"] = (lambda: seq(nn.TransformerEncoderLayer(4, 2, 5, dropout=0.1, batch_first=True), lambda h: h.mean(1), nn.Linear(4, 3)), series)
A["linear-on-3d"] = (lambda: seq(nn.Linear(4, 5), torch.tanh, nn.Linear(5, 3), lambda h: h.mean(1)), series)
A["layernorm-3d"] = (lambda: seq(nn.LayerNorm(4), nn.Linear(4, 5), torch.tanh, nn.LayerNorm((5, 5)), nn.Flatten(), nn.Linear(25, 3)), series)
A["tokens"] = (Tokens, ids)
A["tokens-each"] = (lambda: Tokens(False), ids)
A["embedding-bag"] = (lambda: seq(nn.Embedding(9, 5), lambda h: h.sum(1), nn.Linear(5, 3)), ids)
A["pixels"] = (lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Tanh(), nn.Conv2d(4, 3, 1)), image)

# Operators and numbers far out: what exporters make of them, and what float32 keeps of them.
A["scatter-add"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.zeros_like(h).scatter_add(1, torch.tensor([0, 1, 1, 3, 3, 3]).expand(h.shape[0], 6), h.tanh()), nn.Linear(6, 3)), flat)
A["scatter-amax"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.zeros_like(h).scatter_reduce(1, torch.tensor([0, 1, 1, 3, 3, 3]).expand(h.shape[0], 6), h, "amax"), nn.Linear(6, 3)), flat)
A["scatter-product"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.ones_like(h).scatter_reduce(1, torch.tensor([0, 1, 1, 3, 3, 3]).expand(h.shape[0], 6), h, "prod"), nn.Linear(6, 3)), flat)
A["index-put"] = (lambda: seq(nn.Linear(6, 6), lambda h: h.index_add(1, torch.tensor([0, 2, 0]), h[:, 3:].sin()), nn.Linear(6, 3)), flat)
A["gathered"] = (lambda: seq(nn.Linear(6, 6), lambda h: h.gather(1, h.argsort(1)[:, :4]), nn.Linear(4, 3)), flat)
A["median"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.cat([h.sort(1, descending=True)[0][:, :2], h.topk(2, 1, largest=False)[0]], 1), nn.Linear(4, 3)), flat)
A["fourier-1d"] = (lambda: seq(lambda x: torch.view_as_real(torch.fft.rfft(x, dim=1)).flatten(1), nn.Linear(24, 3)), series)
A["fourier-real"] = (lambda: seq(nn.Linear(6, 8), lambda h: torch.view_as_real(torch.fft.rfft(h)).tanh().flatten(1), nn.Linear(10, 3)), flat)
A["grid-sample"] = (lambda: seq(nn.Conv2d(3, 2, 3), lambda h: F.grid_sample(h, torch.stack([h[:, 0], h[:, 1]], 3).tanh() * 0.8, align_corners=False), nn.Flatten(), nn.Linear(32, 3)), image)
A["norms"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.stack([h.norm(dim=1), h.norm(p=1, dim=1), torch.linalg.vector_norm(h, 3, dim=1)], 1), nn.Linear(3, 3)), flat)
A["norm-of-zero"] = (lambda: seq(nn.Linear(6, 6, bias=False), lambda h: torch.cat([(h - h).norm(dim=1, keepdim=True), h], 1), nn.Linear(7, 3)), flat)
A["powers"] = (lambda: seq(nn.Linear(6, 2), lambda h: (h[..., None] ** torch.arange(4)).flatten(1), nn.Linear(8, 3)), flat)
A["remainder"] = (lambda: seq(nn.Linear(6, 6), lambda h: torch.remainder(h * 3, 1.25), nn.Linear(6, 3)), flat)
A["far-out"] = (lambda: seq(nn.Linear(6, 5), lambda h: torch.log(torch.sigmoid(40 * h) + 1e-10) * 0.1, nn.Linear(5, 3)), flat)
A["far-out-log-sigmoid"] = (lambda: seq(nn.Linear(6, 5), lambda h: F.logsigmoid(60 * h) * 0.05, nn.Linear(5, 3)), flat)
A["far-out-hyperbolic"] = (lambda: seq(nn.Linear(6, 5), lambda h: torch.asinh(1e3 * h) + torch.log(torch.cosh(20 * h)) * 0.1, nn.Linear(5, 3)), flat)
A["softmax-log"] = (lambda: seq(nn.Linear(6, 5), lambda h: torch.log(torch.softmax(50 * h, 1)) * 0.05, nn.Linear(5, 3)), flat)
A["upsample-by-odd-scales"] = (lambda: seq(nn.Conv2d(3, 2, 3), lambda h: F.interpolate(h, scale_factor=1.4, mode="nearest"), nn.Flatten(), nn.Linear(50, 3)), image)
A["downsample-by-odd-scales"] = (lambda: seq(nn.Conv2d(3, 2, 2), lambda h: F.interpolate(h, scale_factor=0.6, mode="nearest"), nn.Flatten(), nn.Linear(18, 3)), image)


def freeze(model):
    for p in model[0].parameters():
        p.requires_grad_(False)
    return model


EACH = {"tokens-each", "pixels"}  # an output for each token or pixel
EXPORTERS = {
    "names": dict(dynamo=False, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, opset_version=17),
    "legacy": dict(dynamo=False),
    "dynamo": dict(dynamo=True, optimize=False),
    "default": {},
}
SHAPES = ["flat", "nested", "model", "parallel", "compiled", "lightning", "safetensors", "old-format", "double", "bfloat16", "npz"]
LAYOUTS = ["float32", "float64", "float16", "fortran", "big-endian"]


def losses(name, shape):
    """Name: (objective, targets from labels, loss of logits and targets, accuracy)."""
    axis = 1 if name != "tokens-each" else -1
    move = (lambda z: z.movedim(-1, 1)) if name == "tokens-each" else (lambda z: z)
    accuracy = lambda z, y: (move(z).argmax(1) == y).double().mean().item()
    kept = lambda z, y: (move(z).argmax(1) == y)[y != -100].double().mean().item()
    weights = torch.tensor([1.0, 3.0, 0.5])
    def ignored(y):
        y = y.clone()
        y.view(-1)[::4] = -100
        return y
    hot = lambda y: F.one_hot(y, 3).float()
    back = (lambda t: t.movedim(-1, 1)) if name == "pixels" else (lambda t: t)
    table = {
        "cross-entropy": ({"kind": "classification"}, lambda y: y, lambda z, y: F.cross_entropy(move(z), y), accuracy),
        "ignored": ({"kind": "classification", "ignore": -100}, ignored, lambda z, y: F.cross_entropy(move(z), y, ignore_index=-100), kept),
        "weighted": ({"kind": "classification", "classWeights": [1, 3, 0.5]}, lambda y: y, lambda z, y: F.cross_entropy(move(z), y, weights.to(z)), accuracy),
        "smoothed": ({"kind": "classification", "labelSmoothing": 0.1}, lambda y: y, lambda z, y: F.cross_entropy(move(z), y, label_smoothing=0.1), accuracy),
        "binary": ({"kind": "binary"}, lambda y: back(hot(y)), lambda z, y: F.binary_cross_entropy_with_logits(z, y.to(z)), None),
        "binary-weighted": ({"kind": "binary", "positiveWeight": 3}, lambda y: back(hot(y)), lambda z, y: F.binary_cross_entropy_with_logits(z, y.to(z), pos_weight=torch.tensor(3.0).to(z)), None),
        "squared": ({"kind": "regression"}, lambda y: back(hot(y)) + 0.3, lambda z, y: F.mse_loss(z, y.to(z)), None),
        "absolute": ({"kind": "regression", "loss": "absolute"}, lambda y: back(hot(y)) + 0.3, lambda z, y: F.l1_loss(z, y.to(z)), None),
        "huber": ({"kind": "regression", "loss": "huber", "delta": 0.7}, lambda y: back(hot(y)) + 0.3, lambda z, y: F.huber_loss(z, y.to(z), delta=0.7), None),
    }
    return table


class WithLoss(nn.Module):
    """A loss that Basin has no name for, inside of the graph: the loss of each sample."""

    def __init__(self, net, loss):
        super().__init__()
        self.net, self.loss = net, loss

    def forward(self, x):
        return self.loss(self.net(x))


INSIDE = {
    "focal": lambda z: -((1 - z.sigmoid()[:, 0]) ** 2 * torch.log(z.sigmoid()[:, 0] + 1e-10)),
    "logistic": lambda z: -F.logsigmoid(z).mean(1),
    "poisson": lambda z: (z.exp() - 2 * z).mean(1),
    "hinge": lambda z: F.relu(1 - z).mean(1),
    "log-cosh": lambda z: torch.log(torch.cosh(z)).mean(1),
    "entropy": lambda z: -(z.softmax(1) * z.log_softmax(1)).sum(1),
    "norm": lambda z: z.norm(dim=1),
    "cauchy": lambda z: torch.log1p(z**2).mean(1),
}


def save(path, state, shape, model):
    """Returns the name of the file, and the state that it holds, as a reader finds it."""
    if shape == "bfloat16":
        state = {k: v.to(torch.bfloat16) if v.is_floating_point() else v for k, v in state.items()}
    if shape == "double":
        state = {k: v.double() if v.is_floating_point() else v for k, v in state.items()}
    held = state
    if shape == "safetensors":
        save_file({k: v.contiguous().clone() for k, v in state.items()}, f"{path}/epoch-1.safetensors")
        return "epoch-1.safetensors", held
    if shape == "npz":
        np.savez(f"{path}/epoch-1.npz", **{k: v.numpy() for k, v in state.items()})
        return "epoch-1.npz", held
    value = {
        "nested": {"epoch": 3, "state_dict": state, "optimizer": {"state": {}, "param_groups": []}},
        "model": {"model": state, "step": 100},
        "parallel": {f"module.{k}": v for k, v in state.items()},
        "compiled": {f"_orig_mod.{k}": v for k, v in state.items()},
        "lightning": {"epoch": 3, "global_step": 9, "state_dict": {f"model.{k}": v for k, v in state.items()}},
    }.get(shape, state)
    torch.save(value, f"{path}/epoch-1.pt", _use_new_zipfile_serialization=shape != "old-format")
    return "epoch-1.pt", held


def laid_out(array, layout):
    if array.dtype.kind == "f" and layout in ("float64", "float16"):
        return array.astype(layout)
    if layout == "fortran":
        return np.asfortranarray(array)
    if layout == "big-endian":
        return array.astype(array.dtype.newbyteorder(">"))
    return array


def hessian(model, loss):
    parameters = [p for p in dict.fromkeys(model.parameters()) if p.requires_grad]
    gradient = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, parameters, create_graph=True)])
    rows = []
    for g in gradient:
        if g.grad_fn is None:
            rows.append(torch.zeros(len(gradient), dtype=gradient.dtype))
            continue
        parts = torch.autograd.grad(g, parameters, retain_graph=True, allow_unused=True)
        rows.append(torch.cat([(q if q is not None else torch.zeros_like(p)).reshape(-1) for q, p in zip(parts, parameters)]))
    h = torch.stack(rows)
    return (h + h.T) / 2


def make(out, name, number, rng):
    seed = rng.randrange(2**31)
    torch.manual_seed(seed)
    maker, shape = A[name]
    net = maker().eval()
    n = rng.choice([24, 37, 60])
    scale = rng.choice([1, 1, 1, 5])
    x = torch.randint(0, 9, (n, 5)) if shape == ids else scale * torch.randn(n, *shape)
    labels_shape = {"tokens-each": (n, 5), "pixels": (n, 6, 6)}.get(name, (n,))
    labels = torch.randint(0, 3, labels_shape)
    exporter, kept, layout = rng.choice(list(EXPORTERS)), rng.choice(SHAPES), rng.choice(LAYOUTS)
    after = rng.random() < 0.6  # exported before the training it is used for
    inside = name not in EACH and rng.random() < 0.2
    choice = rng.choice(list(INSIDE)) if inside else rng.choice(list(losses(name, shape)))
    case = f"{name}-{number}"
    path = f"{out}/{case}"
    os.makedirs(path, exist_ok=True)

    model = WithLoss(net, INSIDE[choice]) if inside else net
    if inside:
        objective, target, loss, accuracy = {"kind": "output"}, None, lambda z, y: z.mean(), None
    else:
        objective, target, loss, accuracy = losses(name, shape)[choice]
    y = None if target is None else target(labels)

    def train():
        net.train()
        free = [p for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(free, 0.03)
        for _ in range(25):
            value = loss(model(x), y)
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(free, 5.0)
            optimizer.step()
        net.eval()

    def export():
        options = dict(EXPORTERS[exporter])
        if options.get("dynamo") is False:
            options |= dict(input_names=["x"], output_names=["out"], dynamic_axes={"x": {0: "batch"}, "out": {0: "batch"}})
        else:
            options |= dict(dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False)
        torch.onnx.export(copy.deepcopy(model), (x[:2],), f"{path}/model.onnx", **options)

    if not after:
        train()
    export()
    if after:
        train()
    state = {k: v for k, v in model.state_dict().items()}
    file, held = save(path, state, kept, model)
    arrays = {"x": laid_out(x.numpy(), layout if shape != ids else "float32")}
    if y is not None:
        arrays["y"] = laid_out(y.numpy(), layout if y.is_floating_point() else "float32")
    np.savez(f"{path}/val.npz", **arrays)
    frozen = [k for k, p in model.named_parameters() if not p.requires_grad]
    frozen += [k for k, b in model.named_buffers() if b.is_floating_point() and k in state and not k.endswith(("running_mean", "running_var"))]
    config = {
        "checkpoints": ["epoch-*"],
        "model": "model.onnx",
        "data": {"inputs": "val.npz#x", **({} if y is None else {"targets": "val.npz#y"})},
        "objective": objective,
        **({"frozen": frozen} if frozen else {}),
        "landscape": {"resolution": 3},
        "hessian": {"eigenvalues": 3, "lanczosSteps": 40, "probes": 4},
    }
    json.dump(config, open(f"{path}/basin.json", "w"), indent=1)

    # What PyTorch says in float64 of the weights and the data as they were written.
    model.load_state_dict({k: v.to(state[k].dtype) for k, v in held.items()})
    exact = copy.deepcopy(model).double()
    if kept in ("double", "bfloat16"):
        exact.load_state_dict({k: v.double() if v.is_floating_point() else v for k, v in held.items()})
    data = torch.from_numpy(np.ascontiguousarray(arrays["x"]).astype("<f8" if shape != ids else "<i8"))
    told = None if y is None else torch.from_numpy(np.ascontiguousarray(arrays["y"]).astype("<f8" if y.is_floating_point() else "<i8"))
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        z = exact(data)
        value = loss(z, told)
        h = hessian(exact, value)
    values = torch.linalg.eigvalsh(h)
    expected = {
        "what": {"architecture": name, "objective": choice, "exporter": exporter, "checkpoint": kept, "layout": layout, "exported": "before training" if after else "after training", "scale": scale, "seed": seed},
        "loss": value.item(), "parameters": h.shape[0], "largest": values[-3:].flip(0).tolist(), "smallest": values[0].item(), "trace": h.trace().item(),
        **({} if accuracy is None else {"accuracy": accuracy(z, told)}),
    }
    json.dump(expected, open(f"{path}/expected.json", "w"), indent=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    torch.set_num_threads(1)
    failed = 0
    for name in A:
        if not name.startswith(given.only):
            continue
        rng = random.Random(f"{given.seed}/{name}")
        for number in range(given.count):
            try:
                make(given.out, name, number, rng)
            except Exception as error:  # what PyTorch cannot export or differentiate is no case
                failed += 1
                print(f"{name}-{number}: {type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}", file=sys.stderr)
                folder = f"{given.out}/{name}-{number}"
                if os.path.exists(f"{folder}/basin.json") and not os.path.exists(f"{folder}/expected.json"):
                    os.remove(f"{folder}/basin.json")
    print(f"{len(A)} architectures, {failed} combinations that PyTorch itself refused")
