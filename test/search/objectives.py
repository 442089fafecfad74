"""python objectives.py FOLDER [--count 200] [--seed 0]: losses, targets, inputs and outputs as people have them.

Losses x settings of theirs x shapes of targets x element types x ways of naming inputs and outputs x numbers
of samples x exporters, drawn at random. Each folder is one that compare.mjs reads: PyTorch's float64 loss,
dense Hessian and accuracy beside a basin.json that says the same. A tenth of the cases are wrong in one place,
and `refuse` in expected.json says that they are to be refused. Needs PyTorch 2.13, onnxscript, NumPy.
"""
import argparse, json, os, random, warnings
import numpy as np
import torch, torch.nn as nn, torch.nn.functional as F

warnings.filterwarnings("ignore")
C = 4


class Network(nn.Module):
    """Takes one or several inputs, gives one or several outputs, of any shape a loss takes."""

    def __init__(self, shape, inputs, outputs, classes):
        super().__init__()
        self.shape, self.several, self.outputs = shape, inputs, outputs
        width = 4
        if shape == "pixels":
            self.first, self.last = nn.Conv2d(2, width, 2, padding=1), nn.Conv2d(width, classes, 2)
        elif inputs in ("ids", "ids and mask"):
            self.first, self.last = nn.Embedding(7, width), nn.Linear(width, classes)
        else:
            self.first, self.last = nn.Linear(3, width), nn.Linear(width, classes)
        self.second = nn.Linear(2, width) if inputs == "two" else None

    def forward(self, x, other=None):
        h = torch.tanh(self.first(x))
        if self.several == "two":
            own = torch.tanh(self.second(other))
            h = h * (own[:, :, None, None] if self.shape == "pixels" else own[:, None] if h.dim() == 3 else own)
        if self.several == "ids and mask":
            h = h * other[..., None].to(h.dtype)
        if self.shape == "samples" and h.dim() == 3:
            h = h.mean(1)
        out = self.last(h)
        if self.shape == "channels second":
            out = out.transpose(1, 2)
        return {"one": out, "second": (h, out), "first": (out, h)}[self.outputs]


def hessian(model, loss):
    parameters = list(model.parameters())
    gradient = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, parameters, create_graph=True)])
    rows = []
    for g in gradient:
        parts = torch.autograd.grad(g, parameters, retain_graph=True, allow_unused=True) if g.grad_fn is not None else [None] * len(parameters)
        rows.append(torch.cat([(torch.zeros_like(p) if q is None else q).reshape(-1) for q, p in zip(parts, parameters)]))
    h = torch.stack(rows)
    return (h + h.T) / 2


def make(path, rng):
    seed = rng.randrange(2**31)
    torch.manual_seed(seed)
    kind = rng.choice(["indices"] * 4 + ["probabilities", "labels", "one logit", "values"])
    shape = rng.choice(["samples", "tokens", "channels second", "pixels"]) if kind != "one logit" else "samples"
    inputs = rng.choice(["one", "two"]) if shape == "pixels" else rng.choice(["one", "two", "ids", "ids and mask"])
    outputs = rng.choice(["one", "one", "second", "first"])
    classes = 1 if kind == "one logit" else C
    n = rng.choice([3, 17, 64, 256, 257, 300, 500])
    length = rng.choice([3, 5])  # Never the number of classes: then the axis is a doubt.
    model = Network(shape, inputs, outputs, classes).eval()
    with torch.no_grad():
        model.last.weight.mul_(rng.choice([1, 1, 3, 40]))

    scale = rng.choice([1, 1, 3])
    per = {"samples": (), "tokens": (length,), "channels second": (length,), "pixels": (5, 3)}[shape]
    whole_type = rng.choice(["int64", "int32", "int16", "uint8", "int8"])
    if shape == "pixels":
        x = scale * torch.randn(n, 2, 5, 3)
    elif inputs.startswith("ids"):
        x = torch.randint(0, 7, (n, length))
    else:
        x = scale * (torch.randn(n, 3) if shape == "samples" else torch.randn(n, length, 3))
    arrays, arguments, names = {"x": x}, [x], ["x"]
    if inputs == "two":
        arrays["u"] = torch.randn(n, 2)
    if inputs == "ids and mask":
        arrays["u"] = (torch.rand(n, length) < 0.7).to(torch.int64)
        arrays["u"][:, 0] = 1
    if "u" in arrays:
        arguments.append(arrays["u"])
        names.append("u")

    objective, y, loss, accuracy = drawn(kind, shape, n, per, rng, whole_type)
    wrong = rng.random() < 0.1
    refuse = None
    data = {"inputs": {each: f"val.npz#{each}" for each in names} if len(names) > 1 or rng.random() < 0.3 else "val.npz#x", "targets": "val.npz#y"}
    config = {"checkpoints": ["epoch-*"], "model": "model.onnx", "data": data, "objective": objective, "landscape": {"resolution": 3}, "hessian": {"eigenvalues": 3, "lanczosSteps": 40, "probes": 4}}
    if outputs != "one":
        config["output"] = "out"
    stored = {key: value.numpy().astype(whole_type) if not value.is_floating_point() else value.numpy() for key, value in arrays.items()}
    stored["y"] = y
    if rng.random() < 0.2:
        stored["x"] = np.asfortranarray(stored["x"])
    if wrong:
        refuse = spoil(rng, config, stored, objective, kind, len(names), outputs)
    np.savez(f"{path}/val.npz", **stored)
    json.dump(config, open(f"{path}/basin.json", "w"), indent=1)
    torch.save(model.state_dict(), f"{path}/epoch-1.pt")

    exporter = rng.choice(["names", "dynamo"])
    result_names = {"one": ["out"], "second": ["hidden", "out"], "first": ["out", "hidden"]}[outputs]
    small = tuple(each[:3] for each in arguments)
    if exporter == "names":
        torch.onnx.export(model, small, f"{path}/model.onnx", dynamo=False, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, opset_version=17, input_names=names, output_names=result_names, dynamic_axes={each: {0: "batch"} for each in names + result_names})
    else:
        shapes = tuple({0: torch.export.Dim("batch")} for _ in small)
        torch.onnx.export(model, small, f"{path}/model.onnx", dynamo=True, optimize=False, input_names=names, output_names=result_names, dynamic_shapes=shapes, verbose=False)

    exact = model.double()
    given = [value.double() if value.is_floating_point() else value for value in arguments]
    out = exact(*given)
    out = out if outputs == "one" else out[outputs == "second"]
    value = loss(out)
    h = hessian(exact, value)
    values = torch.linalg.eigvalsh(h)
    what = {"architecture": shape, "objective": kind, "settings": " ".join(sorted(objective)), "exporter": exporter, "inputs": inputs, "outputs": outputs, "samples": n, "types": whole_type, "seed": seed}
    expected = {"what": what, "loss": value.item(), "parameters": h.shape[0], "largest": values[-3:].flip(0).tolist(), "smallest": values[0].item(), "trace": h.trace().item()}
    if accuracy is not None:
        expected["accuracy"] = accuracy(out)
    if refuse is not None:
        expected["refuse"] = refuse
    json.dump(expected, open(f"{path}/expected.json", "w"), indent=1)


def drawn(kind, shape, n, per, rng, whole_type):
    """An objective, its targets as they are stored, PyTorch's loss of the output, and its accuracy."""
    last = shape == "tokens"
    move = (lambda z: z.movedim(-1, 1)) if last else (lambda z: z)
    back = (lambda t: t.movedim(1, -1)) if last else (lambda t: t)
    if kind in ("indices", "probabilities"):
        objective = {"kind": "classification"}
        weights = [round(rng.uniform(0.2, 3), 3) for _ in range(C)] if rng.random() < 0.5 else None
        smoothing = rng.choice([0.0, 0.0, 0.1, 0.4])
        options = {"weight": None if weights is None else torch.tensor(weights, dtype=torch.float64), "label_smoothing": smoothing}
        if weights is not None:
            objective["classWeights"] = weights
        if smoothing:
            objective["labelSmoothing"] = smoothing
        if kind == "probabilities":
            soft = torch.randn(n, C, *per).softmax(1)
            if per:
                objective["classAxis"] = rng.choice([len(per) + 1, -1]) if last else 1
            return objective, back(soft).contiguous().numpy(), lambda z: F.cross_entropy(move(z), soft.double(), **options), lambda z: (move(z).argmax(1) == soft.argmax(1)).double().mean().item()
        y = torch.randint(0, C, (n, *per))
        ignore = rng.choice([None, None, -100, -1, 2, 100])
        if ignore is not None:
            y[torch.rand(y.shape) < rng.choice([0.1, 0.6])] = ignore
            y.view(-1)[0] = 1
            objective["ignore"] = ignore
            options["ignore_index"] = ignore
            if ignore < 0 and whole_type == "uint8":
                whole_type = "int16"
        if rng.random() < 0.2:
            objective["classAxis"] = rng.choice([len(per) + 1, -1]) if last or not per else 1
        counts = torch.ones_like(y, dtype=torch.bool) if ignore is None else y != ignore
        return objective, y.numpy().astype(whole_type), lambda z: F.cross_entropy(move(z), y, **options), lambda z: (move(z).argmax(1) == y)[counts].double().mean().item()
    full = (n, C, *per) if kind != "one logit" else (n, 1)
    if kind == "values":
        y = torch.randn(full)
        choice = rng.choice(["squared", "absolute", "huber"])
        objective = {"kind": "regression", **({} if choice == "squared" and rng.random() < 0.5 else {"loss": choice})}
        delta = round(rng.uniform(0.1, 2), 3)
        if choice == "huber":
            objective["delta"] = delta
        of = {"squared": F.mse_loss, "absolute": F.l1_loss, "huber": lambda z, t: F.huber_loss(z, t, delta=delta)}[choice]
        stored = back(y).contiguous().numpy()
        return objective, stored.astype("float64") if rng.random() < 0.3 else stored, lambda z: of(z, back(y).double()), None
    y = torch.randint(0, 2, full).double() if rng.random() < 0.7 else torch.rand(full).double().half().double()
    objective = {"kind": "binary"}
    factor = None
    if rng.random() < 0.5:
        factor = round(rng.uniform(0.2, 5), 3)
        objective["positiveWeight"] = factor
        if rng.random() < 0.5 and (last or not per):
            factor = [round(rng.uniform(0.2, 5), 3) for _ in range(full[1])]
            objective["positiveWeight"] = factor
    told = back(y)
    pos = None if factor is None else torch.tensor(factor, dtype=torch.float64)
    stored = told.contiguous().numpy()
    is_whole = bool(np.all(stored == np.round(stored)))
    stored = stored.astype(rng.choice(["bool", "uint8", "int64", "float32"]) if is_whole else "float16")
    if kind == "one logit" and rng.random() < 0.5:
        stored = stored[:, 0]
    return objective, stored, lambda z: F.binary_cross_entropy_with_logits(z, told, pos_weight=pos), lambda z: ((z > 0) == (told > 0.5)).double().mean().item()


def spoil(rng, config, stored, objective, kind, inputs, outputs):
    """Makes one thing wrong, and says what."""
    ways = ["missing array", "fewer targets", "not a number"]
    if kind == "indices":
        ways += ["a class too many", "float classes", "weights"]
    if kind in ("labels", "one logit"):
        ways += ["beyond one"]
    if stored["x"].dtype.kind in "iu":
        ways += ["float ids", "ids too large"]
    if inputs > 1:
        ways += ["one array for two", "an input that is none"]
    if outputs != "one":
        ways += ["which output", "an output that is none"]
    way = rng.choice(ways)
    if way == "missing array":
        config["data"]["targets"] = "val.npz#targets"
    elif way == "fewer targets":
        stored["y"] = stored["y"][:-1]
    elif way == "not a number":
        stored["y"] = stored["y"].astype("float64")
        stored["y"].reshape(-1)[-1] = np.nan
    elif way == "a class too many":
        stored["y"] = stored["y"].astype("int64")
        stored["y"].reshape(-1)[-1] = C
        objective.pop("ignore", None)
    elif way == "float classes":
        stored["y"] = stored["y"].astype("float32")
    elif way == "weights":
        objective["classWeights"] = [1] * (C + 1)
    elif way == "beyond one":
        stored["y"] = stored["y"].astype("float32")
        stored["y"].reshape(-1)[0] = 2
    elif way == "float ids":
        stored["x"] = stored["x"].astype("float32")
    elif way == "ids too large":
        stored["x"] = stored["x"].astype("int64")
        stored["x"].reshape(-1)[0] = rng.choice([7, -1, 2**40])
    elif way == "one array for two":
        config["data"]["inputs"] = "val.npz#x"
    elif way == "an input that is none":
        config["data"]["inputs"]["z"] = "val.npz#x"
    elif way == "which output":
        del config["output"]
    elif way == "an output that is none":
        config["output"] = "output"
    return way


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for number in range(given.count):
        path = f"{given.out}/objective-{number:03}"
        os.makedirs(path, exist_ok=True)
        make(path, random.Random(f"{given.seed}/{number}"))
    print(f"{given.count} combinations")
