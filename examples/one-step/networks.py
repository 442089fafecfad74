"""python networks.py FOLDER [NAME…]: twelve networks as people train them, each with one line for Basin.

Every network is trained for a few steps and saved as people save them; ``export`` is called where its
line would stand, before or after training. What PyTorch says in float64 goes to expected.json.
"""
import copy
import functools
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "engine" / "init"))
from basin_export import export  # noqa: E402  in a project: the file that `basin init` writes

from reference import reference  # noqa: E402

OUT = Path(sys.argv[1])
WANTED = sys.argv[2:]
N = 48


def train(model, loss_of, steps=30, rate=0.01):
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], rate)
    model.train()
    for _ in range(steps):
        value = loss_of(model)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()


def run(name, make, tensors, loss, call=None, before=False, save=None, wrap=None, options=None, loss_of=None, formula=None):
    """Train, save and export one network, as its training script would."""
    if WANTED and name not in WANTED:
        return
    torch.manual_seed(0)
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "basin.json").unlink(missing_ok=True)
    model = make()
    loader = DataLoader(TensorDataset(*tensors), batch_size=20)
    call = call or (lambda m, t: m(*t[:-1]))
    given = loss_of is not None
    loss_of = loss_of or (lambda m, t: loss(call(m, t), t[-1]))
    one_line = lambda: export(wrap(model) if wrap else model, loader, loss, folder=folder, checkpoints=["epoch-*.pt"], **(options or {}))
    if before:
        one_line()
    for epoch in (1, 2):
        train(model, lambda m: loss_of(m, tensors), 15)
        torch.save(save(model) if save else model.state_dict(), folder / f"epoch-{epoch}.pt")
    if not before:
        one_line()
    double = [t.double() if t.is_floating_point() else t for t in tensors]
    exact = copy.deepcopy(loss).double() if isinstance(loss, nn.Module) else loss
    of_double = loss_of if given else (lambda m, t: exact(call(m, t), t[-1]))
    reference(folder, model, lambda m: (formula or of_double)(m, double))


x = torch.randn(N, 6, generator=torch.Generator().manual_seed(1))
y = torch.arange(N) % 3
images = torch.randn(N, 3, 8, 8, generator=torch.Generator().manual_seed(2))
sequence = torch.randn(N, 5, 6, generator=torch.Generator().manual_seed(3))
tokens = torch.randint(0, 11, (N, 6), generator=torch.Generator().manual_seed(4))
following = torch.roll(tokens, -1, 1)
following[:, -1] = -100


# 1 · a multilayer perceptron
run("mlp", lambda: nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3)), [x, y], nn.CrossEntropyLoss())


# 2 · convolutions with BatchNorm and a skip, in DataParallel, exported before training
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm1 = nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.second, self.norm2 = nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        h = torch.relu(self.norm1(self.first(x)))
        h = torch.relu(self.norm2(self.second(h)) + h)
        return self.head(h.mean((2, 3)))


run("convolutions", Block, [images, y], F.cross_entropy, before=True, wrap=nn.DataParallel)

# 3 · LayerNorms that are equal before training; smoothed labels and weights of classes
run(
    "equal-norms",
    lambda: nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 8), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 3)),
    [x, y], nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5]), label_smoothing=0.1), before=True,
)

# 4 · a transformer encoder
run(
    "transformer",
    lambda: nn.Sequential(nn.TransformerEncoderLayer(6, 2, 12, dropout=0.0, batch_first=True), nn.Flatten(), nn.Linear(30, 3)),
    [sequence, y], nn.CrossEntropyLoss(), before=True,
)


# 5 · an LSTM, saved as {"model": …, "optimizer": …}
class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.LSTM(6, 7, batch_first=True), nn.Linear(7, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


run("lstm", Recurrent, [sequence, y], nn.CrossEntropyLoss(), save=lambda m: {"model": m.state_dict(), "epoch": 1})


# 6 · a language model with tied embeddings, tokens and -100
class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.place, self.mix = nn.Embedding(11, 8), nn.Embedding(6, 8), nn.Linear(8, 8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        h = self.embed(tokens) + self.place.weight
        return self.head(h + torch.tanh(self.mix(h.cumsum(1))))


run("language", Language, [tokens, following], nn.CrossEntropyLoss(ignore_index=-100), loss_of=lambda m, t: F.cross_entropy(m(t[0]).flatten(0, 1), t[1].flatten()))

# 7 · segmentation: a class for each pixel
pixels = (images.sum(1) > 0).long()
pixels[:, 0] = 255
run(
    "segmentation", lambda: nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.BatchNorm2d(5), nn.Tanh(), nn.Conv2d(5, 2, 1)),
    [images, pixels], nn.CrossEntropyLoss(ignore_index=255),
)

# 8 · one logit, positives count three times
run(
    "binary", lambda: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0)),
    [x, (y == 0).float()], nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)),
)

# 9 · regression with Huber's loss, as an expression
run(
    "huber", lambda: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2)),
    [x, torch.stack([x[:, 0] * 2, x[:, 1] - x[:, 2]], 1)], functools.partial(F.huber_loss, delta=0.5), before=True,
)


# 10 · a frozen backbone, saved buffers, two inputs
class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.full((6,), 0.3))
        self.register_buffer("std", torch.linspace(0.2, 3, 6))
        self.backbone = nn.Sequential(nn.Linear(6, 12), nn.Tanh()).requires_grad_(False)
        self.side, self.head = nn.Linear(4, 12), nn.Linear(12, 3)

    def forward(self, x, u):
        return self.head(self.backbone((x - self.mean) / self.std) * torch.tanh(self.side(u)))


run("frozen", Frozen, [x, sequence[:, 0, :4].contiguous(), y], lambda out, y: F.cross_entropy(out, y))


# 11 · a loss of its own: in the graph
def focal(out, y):
    p = F.log_softmax(out, 1).gather(1, y[:, None])[:, 0]
    return (-((1 - p.exp()) ** 2) * p).mean()


run("focal", lambda: nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3)), [x, y], focal)

# 12 · log-probabilities and weight_norm, whose second derivative in PyTorch is not symmetric (off by 0.06): written out
def written_out(m, t):
    first, last = m[0], m[3]
    weight = first.weight_v * (first.weight_g / first.weight_v.norm(dim=1, keepdim=True))
    return F.cross_entropy(last(F.gelu(F.linear(t[0], weight, first.bias))), t[1])


run(
    "log-probabilities",
    lambda: nn.Sequential(nn.utils.weight_norm(nn.Linear(6, 10)), nn.GELU(), nn.Dropout(0.0), nn.Linear(10, 3), nn.LogSoftmax(1)),
    [x, y], nn.NLLLoss(), formula=written_out,
)
