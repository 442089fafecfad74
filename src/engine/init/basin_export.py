"""Write what Basin needs beside a run's checkpoints: graph, evaluation data, probe and basin.json.

Add one line to the training script, where the model, a data loader and the loss exist::

    from basin_export import export; export(model, loader, loss)

It works before, during and after training: Basin takes the weights from the checkpoints. Needs PyTorch 1.13
or newer and NumPy (``onnx`` and ``onnxscript`` too if you have them). Nothing of yours is changed: the work
is done on a copy of the model, in float32 on the CPU and in evaluation mode.

Longer than 500 lines: it is the one file that is put beside a training script.
"""
import copy, functools, inspect, json, math, os, re, sys, tempfile, warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

FOLDER = Path(__file__).resolve().parent  # of the run: everything is written here
CHECKPOINTS = ["*.pt"]  # globs of the run's checkpoints, relative to FOLDER
TARGETS = ("labels", "label", "targets", "target", "y")
PROBE_ROWS = 16


def export(model, batches=None, loss=None, folder=None, *, samples=512, output=None, checkpoints=None, overwrite=False):
    """Write ``model.onnx``, ``data.npz``, ``probe.npz`` and ``basin.json``.

    Args:
        model: The network, wrapped or not (DataParallel, DDP, ``torch.compile``); or a ``transformers.Trainer``.
        batches: A data loader, a list of batches, a data set or one batch. Batches are ``(x, y)``,
            ``(x1, x2, y)``, ``((x1, x2), y)`` or dictionaries such as ``{"input_ids", "attention_mask", "labels"}``.
        loss: A loss of ``torch.nn`` or ``torch.nn.functional``, or any function of output and target. May be
            left out where the model computes its own: Hugging Face with ``labels``, Lightning's ``training_step``.
        folder: Where the checkpoints are; that of this file if absent.
        samples: How many samples of the data are kept.
        output: Which output the loss is of, by name or number, where the model has several.
        checkpoints: Globs of the checkpoints, relative to the folder.
        overwrite: Whether a basin.json that is there is written anew; if not, only settings that name
            what was exported are replaced, and what you wrote yourself stays.

    Returns:
        What was written to basin.json.
    """
    if batches is None and hasattr(model, "get_eval_dataloader"):  # a transformers.Trainer
        trainer, model = model, model.model
        batches = trainer.get_eval_dataloader() if trainer.eval_dataset is not None else trainer.get_train_dataloader()
    if batches is None:
        raise ValueError("Basin needs evaluation data: export(model, loader, loss).")
    folder = Path(folder or FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    model = unwrap(model)
    arrays, target = collect(model, batches, samples, loss)
    twin = detached_copy(model)
    ties = distinct(twin)
    task = Task(twin, loss, arrays, target, output)
    task.settle()
    exporter = write_graph(task, folder / "model.onnx")
    np.savez(folder / "data.npz", **{name: as_array(value) for name, value in task.data().items()})
    task.write_probe(folder / "probe.npz", ties, exporter)
    frozen, names = frozen_names(model), saved_names(twin, folder / "model.onnx")
    written = configuration(task, checkpoints or CHECKPOINTS, frozen, names)
    path = folder / "basin.json"
    if path.exists() and not overwrite:
        written = merged(path, written)
    if written is not None:
        path.write_text(json.dumps(written, indent=2) + "\n")
    print(f"Basin: wrote model.onnx ({exporter}), data.npz ({len(next(iter(arrays.values())))} samples), probe.npz and basin.json to {folder}.")
    if os.environ.get("BASIN_EXPORT") == "only":  # Basin ran the script for the export alone.
        sys.stdout.flush()
        sys.exit(0)
    return written


# The model


def unwrap(model):
    """The model inside of DataParallel (``module``) and ``torch.compile`` (``_orig_mod``)."""
    while True:
        names = dict(model.named_children())
        inner = names.get("_orig_mod", names.get("module") if len(names) == 1 else None)
        if inner is None:
            return model
        model = inner


def duplicate(model):
    """A deep copy, also of what PyTorch will not copy: values that weight_norm and caches leave behind."""
    memo = {}
    for module in model.modules():
        for value in vars(module).values():
            if isinstance(value, torch.Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    for name in ("_trainer", "_fabric"):  # Lightning's hold the whole run
        if vars(model).get(name) is not None:
            memo[id(vars(model)[name])] = None
    return copy.deepcopy(model, memo)


def detached_copy(model):
    """A copy in float32 on the CPU, in evaluation mode, that shares nothing with the model."""
    twin = duplicate(model).cpu()
    for tensor in [*twin.parameters(), *twin.buffers()]:
        if tensor.is_floating_point():
            tensor.data = tensor.data.float()
        tensor.grad = None
    config = getattr(twin, "config", None)
    if hasattr(twin, "gradient_checkpointing_disable"):
        twin.gradient_checkpointing_disable()
    if hasattr(config, "use_cache"):
        config.use_cache = False
    if hasattr(twin, "set_attn_implementation"):
        try:
            twin.set_attn_implementation("eager")
        except Exception:  # a model with one kind of attention only
            pass
    return twin.eval()


def distinct(model):
    """Make tensors different that are equal by chance, and say which are one tensor under two names.

    Exporters store tensors of equal values once, as those of two norms before training: trained
    weights could not be told apart. The graph's weights are replaced by a checkpoint's anyway.
    """
    named = [(n, p) for n, p in named_tensors(model, nn.Module.named_parameters)]
    norms = [f"{n}.{b}" if n else b for n, m in model.named_modules() for b in ("running_mean", "running_var") if getattr(m, b, None) is not None]
    buffers = dict(named_tensors(model, nn.Module.named_buffers))
    named += [(n, buffers[n]) for n in norms if n in buffers]
    seen, ties, by_id = {}, [], {}
    for name, tensor in named:
        if id(tensor) in by_id:
            ties.append([by_id[id(tensor)], name])
            continue
        by_id[id(tensor)] = name
        if not tensor.is_floating_point() or tensor.numel() == 0:
            continue
        key = (tuple(tensor.shape), hash(tensor.detach().numpy().tobytes()))
        seen.setdefault(key, []).append(tensor)
    for same in seen.values():
        for k, tensor in enumerate(same[1:], 1):
            if tensor.requires_grad or not isinstance(tensor, nn.Parameter) or not torch.equal(tensor, tensor.round()):
                tensor.data.add_(1e-3 * k / len(same))
    return ties


def named_tensors(model, walk):
    """Names and tensors, those of tied ones too. PyTorch 1.13 cannot be asked for them in one call."""
    for prefix, module in model.named_modules(remove_duplicate=False):
        for name, tensor in walk(module, recurse=False):
            yield (f"{prefix}.{name}" if prefix else name), tensor


def frozen_names(model):
    """Globs of what no optimizer moves: parameters without gradient, and saved buffers but for BatchNorm's."""
    parameters = list(named_tensors(model, nn.Module.named_parameters))
    moving = {n for n, p in parameters if p.requires_grad}
    saved = set(model.state_dict())
    frozen = [n for n, p in parameters if not p.requires_grad]
    frozen += [
        n for n, b in named_tensors(model, nn.Module.named_buffers)
        if n in saved and b.is_floating_point() and not n.endswith(("running_mean", "running_var"))
    ]
    globs = []
    for name in frozen:
        if any(g.endswith("*") and name.startswith(g[:-1]) for g in globs):
            continue
        parts = name.split(".")
        for depth in range(1, len(parts)):
            prefix = ".".join(parts[:depth]) + "."
            if not any(other.startswith(prefix) for other in moving):
                globs.append(prefix + "*")
                break
        else:
            globs.append(name)
    return globs


# The data


def collect(model, batches, samples, loss):
    """The first samples as arrays by name, and the name of the target (or None)."""
    if isinstance(batches, torch.utils.data.Dataset) and not isinstance(batches, torch.utils.data.IterableDataset):
        batches = torch.utils.data.DataLoader(batches, batch_size=min(32, samples))
    kept, count, target = OrderedDict(), 0, None
    for batch in [batches] if is_batch(batches) else batches:
        named, target = name_batch(model, batch, loss)
        if count == 0:
            kept = OrderedDict((name, []) for name in named)
        for name, values in named.items():
            kept[name].append(values.detach().cpu())
        count += len(next(iter(named.values())))
        if count >= samples:
            break
    if count == 0:
        raise ValueError("Basin needs evaluation data, and the batches are empty.")
    arrays = OrderedDict((name, join(name, parts, target)[:samples]) for name, parts in kept.items())
    return OrderedDict((n, v.float() if v.is_floating_point() else v) for n, v in arrays.items()), target


def is_batch(value):
    if isinstance(value, (torch.Tensor, Mapping)) or hasattr(value, "data") and hasattr(value, "keys"):
        return True
    return isinstance(value, (tuple, list)) and len(value) > 0 and (
        isinstance(value[0], torch.Tensor) or len(value) == 2 and isinstance(value[1], torch.Tensor))


def name_batch(model, batch, loss):
    """A batch as tensors by name, the inputs in the order the model takes them."""
    accepted = [p.name for p in inspect.signature(type(model).forward).parameters.values()][1:]
    own = loss is None and hasattr(model, "training_step")
    if hasattr(batch, "keys"):
        tensors = OrderedDict((k, v) for k, v in batch.items() if isinstance(v, torch.Tensor))
        target = next((k for k in TARGETS if k in tensors), None)
        if not own:
            order = [k for k in accepted if k in tensors and k != target] or [k for k in tensors if k != target]
            tensors = OrderedDict((k, tensors[k]) for k in [*order, *([target] if target else [])])
        return tensors, target
    if isinstance(batch, torch.Tensor):
        return OrderedDict(x=batch), None
    inputs, target = ([*batch[:-1]], batch[-1]) if len(batch) > 1 else ([*batch], None)
    if len(inputs) == 1 and hasattr(inputs[0], "keys"):
        named = OrderedDict((k, v) for k, v in inputs[0].items() if isinstance(v, torch.Tensor))
    else:
        flat = [*inputs[0]] if len(inputs) == 1 and isinstance(inputs[0], (tuple, list)) else inputs
        names = accepted[: len(flat)] if len(accepted) >= len(flat) and "args" not in accepted else [f"x{i}" for i in range(len(flat))]
        named = OrderedDict(zip(["x"] if len(flat) == 1 else names, flat))
    if target is None:
        return named, None
    named["y"] = target
    return named, "y"


def join(name, parts, target):
    """Batches one after the other; those of tokens are padded to the longest as tokenizers do."""
    shape = [max(sizes) for sizes in zip(*(p.shape[1:] for p in parts))]
    if any(list(p.shape[1:]) != shape for p in parts):
        if parts[0].is_floating_point():
            raise ValueError(f"Basin needs batches of one shape, and {name} has several: {sorted({tuple(p.shape[1:]) for p in parts})}.")
        value = -100 if name == target else 0
        parts = [F.pad(p, [n for have, want in zip(reversed(p.shape[1:]), reversed(shape)) for n in (0, want - have)], value=value) for p in parts]
    return torch.cat(parts)


# The loss


class Task:
    """What is evaluated: a model, inputs and targets, and the loss in the words of basin.json."""

    def __init__(self, model, loss, arrays, target, output):
        self.model, self.loss, self.target, self.output = model, mean_of(loss), target, output
        self.arrays = arrays
        self.inputs = [name for name in arrays if name != target]
        self.by_name = not (len(self.inputs) == 1 and self.inputs[0] == "x") and set(self.inputs) <= set(
            inspect.signature(type(model).forward).parameters)
        self.objective, self.score, self.shift = None, None, False

    def settle(self):
        """Find the objective that gives what the loss gives, on several weights and samples."""
        if self.loss is None and self.target is None:
            self.objective = {"kind": "output"}
            return
        twin = duplicate(self.model).double()
        generator = torch.Generator().manual_seed(0)
        trials = []
        for trial in range(3):
            rows = {n: to_double(v[trial :: 3][:PROBE_ROWS]) if len(v) >= 6 else to_double(v) for n, v in self.arrays.items()}
            with torch.no_grad():
                for p in twin.parameters() if trial else []:
                    p.add_(0.05 * torch.randn(p.shape, generator=generator, dtype=p.dtype))
                wanted = self.reference(twin, rows)
                trials.append((self.predict(twin, rows), rows[self.target], wanted, self.reference(twin, rows)))
        if any(not torch.equal(first, again) for _, _, first, again in trials):
            raise ValueError("Basin needs a loss that is the same every time, and this model draws random numbers in evaluation mode.")
        for objective, score, shift in candidates(self.loss, *trials[0][:3]):
            if all(agrees(score, out, shifted(y) if shift else y, wanted) for out, y, wanted, _ in trials):
                self.objective, self.score, self.shift = objective, score, shift
                return
        self.objective = {"kind": "output"}  # anything else is exported inside of the graph

    @property
    def in_graph(self):
        return self.objective["kind"] == "output" and self.target is not None

    def data(self):
        """The arrays Basin is given."""
        values = OrderedDict(self.arrays)
        if self.target is not None and self.shift:
            values[self.target] = shifted(values[self.target])
        return values

    def predict(self, model, rows):
        """The one output that is meant."""
        rows = {n: rows[n] for n in self.inputs}
        if self.loss is None and hasattr(model, "training_step") and not self.by_name and len(rows) != 1:
            return None
        return self.pick(base_forward(model)(**rows) if self.by_name else base_forward(model)(*rows.values()))

    def pick(self, out):
        if isinstance(out, torch.Tensor):
            return out
        names = list(out.keys()) if hasattr(out, "keys") else None
        if self.output is not None:
            return out[self.output]
        if names is not None:
            return out[next((n for n in ("logits", "prediction", "out", "last_hidden_state") if n in names), next(n for n in names if isinstance(out[n], torch.Tensor) and n != "loss"))]
        if not isinstance(out, (tuple, list)):
            return next(v for v in vars(out).values() if isinstance(v, torch.Tensor))
        if len(out) > 1 and self.target is not None:
            raise ValueError(f"The model has {len(out)} outputs; say which one the loss is of: export(…, output=0).")
        return out[0]

    def reference(self, model, rows):
        """The loss as the training script computes it, as a mean."""
        target = rows.get(self.target) if self.target else None
        inputs = {n: rows[n] for n in self.inputs}
        if self.loss is None:
            if hasattr(model, "training_step"):
                for name in ("log", "log_dict"):
                    object.__setattr__(model, name, lambda *a, **k: None)
                batch = rows if self.target in TARGETS[:-1] else (*inputs.values(), target)
                vars(model)["forward"] = functools.partial(getattr(type(model), "_basin_forward", type(model).forward), model)
                try:
                    out = model.training_step(batch, 0)
                finally:
                    del vars(model)["forward"]
            else:
                out = base_forward(model)(**inputs, **{self.target: target})
            out = out["loss"] if hasattr(out, "keys") else out
            return (out[0] if isinstance(out, (tuple, list)) else out).mean()
        raw = None
        if self.output is None:
            raw = base_forward(model)(**inputs) if self.by_name else base_forward(model)(*inputs.values())
        out = self.pick(raw) if self.is_known or isinstance(raw, torch.Tensor) or raw is None and self.output is not None else raw
        out = self.predict(model, rows) if out is None else out
        if self.is_known and isinstance(out, torch.Tensor):
            return call_known(self.loss, out, target).mean()
        return self.loss(out, target).mean()

    @property
    def is_known(self):
        return describe(self.loss) is not None

    # What is written

    def graph_forward(self):
        """The forward pass of the graph: the output that is meant, or the loss and it."""
        task = self

        def forward(self, *values):
            rows = dict(zip(task.graph_inputs, values))
            if not task.in_graph:
                return task.predict(self, rows)
            loss = task.reference(self, rows)
            try:
                logits = task.predict(self, rows)
            except Exception:  # the loss is of several outputs
                logits = None
            return loss if logits is None else (loss, logits)

        return forward

    @property
    def graph_inputs(self):
        return [*self.inputs, *([self.target] if self.in_graph else [])]

    def write_probe(self, path, ties, exporter):
        """What PyTorch says, in float64 if it can, of the graph's own weights on the first samples."""
        rows = {n: v[:PROBE_ROWS] for n, v in self.data().items()}
        for precision in (torch.float64, torch.float32):
            try:
                twin = duplicate(self.model).to(precision)
                given = {n: to_double(v) if precision is torch.float64 else v for n, v in rows.items()}
                with torch.enable_grad():
                    out = None if self.in_graph or self.target is None else self.predict(twin, given)
                    loss = self.reference(twin, given) if self.in_graph else self.predict(twin, given).mean() if self.target is None else self.score(out, given[self.target])
                    moving = [(n, p) for n, p in twin.named_parameters() if p.requires_grad]
                    found = torch.autograd.grad(loss, [p for _, p in moving], allow_unused=True)
                break
            except RuntimeError:
                if precision is torch.float32:
                    raise
        about = {
            "version": 1, "torch": torch.__version__, "exporter": exporter, "precision": str(precision).split(".")[1],
            "loss": float(loss.detach()), "tied": ties,
            "gradients": {n: 0.0 if g is None else float(g.detach().double().norm()) for (n, _), g in zip(moving, found)},
            "weights": {n: float(p.detach().double().norm()) for n, p in moving},
        }
        extra = {} if out is None else {"output": out.detach().double().numpy()}
        np.savez(path, probe=np.frombuffer(json.dumps(about).encode(), np.uint8), **{n: as_array(v) for n, v in rows.items()}, **extra)


def base_forward(model):
    """The model's own forward pass, under the one that was put before it for the export."""
    own = getattr(type(model), "_basin_forward", None)
    return functools.partial(own, model) if own is not None else model


def describe(loss):
    """Kind and options of a loss of torch.nn or torch.nn.functional; None for any other."""
    if isinstance(loss, functools.partial):
        base = describe(loss.func)
        return base and (base[0], {**base[1], **loss.keywords})
    functions = {
        F.cross_entropy: "cross_entropy", F.nll_loss: "nll", F.mse_loss: "squared", F.l1_loss: "absolute", F.huber_loss: "huber",
        F.smooth_l1_loss: "smooth", F.binary_cross_entropy_with_logits: "binary",
    }
    modules = {
        nn.CrossEntropyLoss: "cross_entropy", nn.NLLLoss: "nll", nn.MSELoss: "squared", nn.L1Loss: "absolute", nn.HuberLoss: "huber",
        nn.SmoothL1Loss: "smooth", nn.BCEWithLogitsLoss: "binary",
    }
    if inspect.isfunction(loss) or inspect.isbuiltin(loss):
        return (functions[loss], {}) if loss in functions else None
    kind = modules.get(type(loss))
    if kind is None:
        return None
    options = {k: getattr(loss, k, None) for k in ("weight", "ignore_index", "label_smoothing", "pos_weight", "delta", "beta", "reduction")}
    return kind, {k: v for k, v in options.items() if v is not None}


def mean_of(loss):
    """The same loss on the CPU, its mean instead of its sum."""
    known = describe(loss)
    if known is None:
        return copy.deepcopy(loss).cpu() if isinstance(loss, nn.Module) else loss
    if known[1].get("reduction", "mean") != "mean":
        print(f'Basin: takes the mean of the loss, where this one has reduction="{known[1]["reduction"]}".')
    if isinstance(loss, nn.Module):
        loss = copy.deepcopy(loss).cpu()
        loss.reduction = "mean"
        return loss
    if isinstance(loss, functools.partial):
        keywords = {k: v.cpu() if isinstance(v, torch.Tensor) else v for k, v in loss.keywords.items()}
        return functools.partial(loss.func, *loss.args, **{**keywords, "reduction": "mean"})
    return loss


def call_known(loss, out, y):
    """A loss of PyTorch's with the output and the target in the shapes that scripts give them."""
    kind = describe(loss)[0]
    if isinstance(loss, nn.Module):
        loss = copy.deepcopy(loss).to(out.dtype)
    elif isinstance(loss, functools.partial):
        cast = {k: v.to(out.dtype) if isinstance(v, torch.Tensor) and v.is_floating_point() else v for k, v in loss.keywords.items()}
        loss = functools.partial(loss.func, *loss.args, **cast)
    if kind in ("cross_entropy", "nll"):
        if out.dim() > 2 and y.shape == out.shape[:-1] and y.shape != out.shape[:1] + out.shape[2:]:
            return loss(out.flatten(0, -2), y.flatten())
        return loss(out, y.reshape(-1) if y.dim() == 2 and y.shape[1] == 1 and out.dim() == 2 else y)
    return loss(out, y.to(out.dtype).reshape(out.shape) if y.numel() == out.numel() else y)


def candidates(loss, out, y, wanted):
    """Objectives of basin.json that may be meant: settings, function, and whether targets are shifted."""
    if out is None or not isinstance(out, torch.Tensor):
        return
    kind, given = describe(loss) or (None, {})
    like = lambda v: v.detach().cpu().double() if isinstance(v, torch.Tensor) else v
    if not y.is_floating_point() and out.dim() > 1 and kind in (None, "cross_entropy", "nll"):
        weight, smoothing, ignore = like(given.get("weight")), given.get("label_smoothing", 0.0), given.get("ignore_index", -100)
        settings = {"kind": "classification"}
        if (y == ignore).any() or kind is None and hasattr(loss, "ignore_index") or loss is None and (y < 0).any():
            settings["ignore"] = int(ignore)
        if weight is not None:
            settings["classWeights"] = weight.tolist()
        if smoothing:
            settings["labelSmoothing"] = float(smoothing)
        for axis in (1, -1):
            last = out.movedim(axis, -1)
            if tuple(y.shape) not in (tuple(last.shape[:-1]), tuple(last.shape[:-1]) + (1,)):
                continue
            more = {"classAxis": axis} if out.dim() > 2 else {}

            def score(out, y, axis=axis, smoothing=smoothing):
                w = None if weight is None else weight.to(out.dtype)
                return F.cross_entropy(out.movedim(axis, -1).flatten(0, -2), y.reshape(-1).long(), w, ignore_index=ignore, label_smoothing=smoothing)

            yield {**settings, **more}, score, False
            if loss is None and y.dim() == 2 and out.dim() == 3:
                yield {**settings, **more, "ignore": -100}, score, True
            if kind is None:  # smoothing is linear: what it must be can be read off
                plain, smooth = score(out, y), score(out, y, smoothing=1.0)
                found = round(float((wanted - plain) / (smooth - plain)), 6)
                if 1e-4 < found <= 1:
                    yield {**settings, **more, "labelSmoothing": found}, functools.partial(score, smoothing=found), False
    if y.numel() != out.numel():
        return
    fit = lambda y, out: y.to(out.dtype).reshape(out.shape)
    if kind in (None, "binary") and "weight" not in given and ((y >= 0) & (y <= 1)).all():
        positive = like(given.get("pos_weight"))
        if positive is None or positive.numel() == 1:
            yield (
                {"kind": "binary", **({} if positive is None else {"positiveWeight": float(positive)})},
                lambda out, y: F.binary_cross_entropy_with_logits(out, fit(y, out), pos_weight=positive if positive is None else positive.to(out.dtype)), False)
    delta = given.get("delta", given.get("beta", 1.0))
    for name, function in (
        ("squared", F.mse_loss), ("absolute", F.l1_loss), ("huber", functools.partial(F.huber_loss, delta=delta if delta > 0 else 1.0)),
    ):
        extra = {"loss": name} if name != "squared" else {}
        if name == "huber":
            extra["delta"] = float(delta)
        yield {"kind": "regression", **extra}, lambda out, y, f=function: f(out, fit(y, out)), False


def agrees(score, out, y, wanted):
    try:
        value = score(out, y)
    except Exception:  # not for these shapes
        return False
    return math.isclose(float(value), float(wanted), rel_tol=1e-6, abs_tol=1e-12)


def shifted(labels):
    """Causal language models predict the next token: the label of a place is that of the one after it."""
    return torch.cat([labels[:, 1:], torch.full_like(labels[:, :1], -100)], 1)


def to_double(value):
    return value.double() if value.is_floating_point() else value


def as_array(value):
    return value.detach().cpu().numpy()


# The graph


def write_graph(task, path):
    """Export with the exporter that keeps the names of the weights. Returns which one it was."""
    model, names = task.model, task.graph_inputs
    rows = tuple(task.data()[n][: max(2, min(4, len(task.data()[n])))] for n in names)
    original = type(model)
    outputs = ["loss", "logits"] if task.in_graph else ["logits" if task.objective["kind"] == "classification" else "output"]
    place = inspect.signature(torch.onnx.export).parameters
    failures = []
    # Tracing asks the class: the names in the state dict stay as they are.
    forward = named_arguments(task.graph_forward(), names)
    model.__class__ = type(original.__name__, (original,), {"forward": forward, "_basin_forward": original.forward})
    try:
        with torch.enable_grad(), warnings.catch_warnings():  # with gradients on, fast paths are off
            warnings.simplefilter("ignore")
            count = len(outputs) if isinstance(model(*rows), tuple) else 1
            outputs = outputs[:count]
            for exporter in ("dynamo", "torchscript"):
                if exporter == "dynamo" and not ("optimize" in place and has("onnxscript")):
                    continue
                options = {"input_names": list(names), "output_names": outputs}
                if exporter == "dynamo":
                    batch = torch.export.Dim("batch", min=1)
                    options.update(dynamo=True, optimize=False, external_data=False, verbose=False, dynamic_shapes=tuple({0: batch} for _ in names))
                else:
                    keeps = outputs if not task.in_graph else outputs[1:]
                    options.update(
                        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, opset_version=17,
                        dynamic_axes={n: {0: "batch"} for n in [*names, *keeps]}, **({"dynamo": False} if "dynamo" in place else {}))
                try:
                    with quiet():
                        torch.onnx.export(model, rows, str(path), **options)
                    missing = lost(model, rows, path)
                    if not missing:
                        return exporter
                    failures.append(f"{exporter} lost the names of {', '.join(missing[:3])}")
                except Exception as error:  # the other one may do it
                    while error.__cause__ is not None:  # PyTorch names what it cannot export innermost
                        error = error.__cause__
                    failures.append(f"{exporter}: {type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}")
    finally:
        model.__class__ = original
    raise RuntimeError("Basin could not export this model. " + "; ".join(failures))


def named_arguments(forward, names):
    """The same function with arguments of these names, as exporters ask for them."""
    safe = [f"basin_{i}" if not n.isidentifier() else n for i, n in enumerate(names)]
    scope = {"forward": forward}
    exec(f"def named(self, {', '.join(safe)}):\n    return forward(self, {', '.join(safe)})", scope)
    return scope["named"]


def has(package):
    import importlib.util

    return importlib.util.find_spec(package) is not None


def quiet():
    import contextlib, io, logging

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    return contextlib.redirect_stdout(io.StringIO())


def lost(model, rows, path):
    """Used parameters that the graph does not hold under their own name, as a tensor or as an alias of one."""
    made = model(*rows)
    made = sum(v.sum() for v in (made if isinstance(made, tuple) else (made,)))
    parameters = [p for p in model.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(made, parameters, allow_unused=True)
    used = {id(p) for p, g in zip(parameters, gradients) if g is not None}
    held, by_id = names_in(path), {}
    for name, tensor in named_tensors(model, nn.Module.named_parameters):
        by_id.setdefault(id(tensor), []).append(name)
    return [names[0] for key, names in by_id.items() if key in used and not any(held(n) for n in names)]


def names_in(path):
    """Whether a graph has a tensor of a name, or an alias: what stands before a name in the file tells."""
    content = Path(path).read_bytes()

    def held(name):
        text = name.encode()
        length, size = len(text), bytearray()
        while length > 127:
            size.append(length & 127 | 128)
            length >>= 7
        size.append(length)
        return any(tag + bytes(size) + text in content for tag in (b"\x42", b"\x12"))  # a tensor's name, a node's output

    return held


def saved_names(model, path):
    """Names of the graph, and those ``save_pretrained`` saves the same tensors by, where they differ."""
    if not hasattr(model, "save_pretrained"):
        return {}
    saved = {}
    with tempfile.TemporaryDirectory() as place:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save_pretrained(place)
        for file in Path(place).glob("*.safetensors"):
            with open(file, "rb") as stream:
                length = int.from_bytes(stream.read(8), "little")
                header = json.loads(stream.read(length))
                for name, entry in header.items():
                    if name != "__metadata__":
                        start, end = entry["data_offsets"]
                        stream.seek(8 + length + start)
                        saved[tuple(entry["shape"]), hash(stream.read(end - start))] = name
    taken, held, names = set(saved.values()), names_in(path), {}
    for name, tensor in model.state_dict().items():
        other = saved.get((tuple(tensor.shape), hash(tensor.detach().cpu().numpy().tobytes())))
        if other is not None and name not in taken and held(name):
            # One line for all layers, where their numbers are all that is different.
            places = [number.sub("*", n) for n in (name, other)]
            same = number.findall(name) == number.findall(other)
            names.update([places if same else (name, other)])
    return names


number = re.compile(r"(?<=\.)\d+(?=\.)")


# basin.json


def configuration(task, checkpoints, frozen, names):
    arrays = {name: f"data.npz#{name}" for name in task.graph_inputs}
    single = len(arrays) == 1
    data = {"inputs": next(iter(arrays.values())) if single else arrays}
    if task.target is not None and not task.in_graph:
        data["targets"] = f"data.npz#{task.target}"
    return {
        "checkpoints": list(checkpoints), "model": "model.onnx", "data": data, "objective": task.objective,
        **({"output": "loss"} if task.in_graph else {}),
        **({"frozen": frozen} if frozen else {}),
        **({"names": names} if names else {}),
        "probe": "probe.npz",
    }


def merged(path, written):
    """The basin.json that is there, with what was exported replaced; None where it cannot be read."""
    try:
        before = json.loads(path.read_text())
    except ValueError:
        print(f"Basin: {path} has comments and stays as it is; it should say: {json.dumps(written)}")
        return None
    for key in ("model", "data", "objective", "output", "frozen", "names", "probe"):
        before.pop(key, None)
    return {**written, **before}


# Callbacks, for whoever prefers them to a line in the script


def trainer_callback(**options):
    """``trainer.add_callback(trainer_callback())``: exports when a transformers.Trainer begins to train."""
    from transformers import TrainerCallback

    class BasinExport(TrainerCallback):
        def on_train_begin(self, args, state, control, model=None, eval_dataloader=None, train_dataloader=None, **rest):
            export(model, eval_dataloader or train_dataloader, folder=options.pop("folder", args.output_dir), **options)

    return BasinExport()


def lightning_callback(loss=None, **options):
    """``Trainer(callbacks=[lightning_callback()])``: exports when Lightning begins to train."""
    try:
        from lightning.pytorch import Callback
    except ImportError:
        from pytorch_lightning import Callback

    class BasinExport(Callback):
        def on_train_start(self, trainer, module):
            loaders = trainer.val_dataloaders or trainer.train_dataloader
            export(module, loaders[0] if isinstance(loaders, (list, tuple)) else loaders, loss, **options)

    return BasinExport()
