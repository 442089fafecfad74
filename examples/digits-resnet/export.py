"""Write the ONNX graph and the probe that Basin reads beside PyTorch checkpoints.

Copy this file into your own project and call, once per architecture::

    export(model, example, "runs/mine/model.onnx", "runs/mine/probe.npz")

It needs ``torch``, ``numpy`` and ``onnx``. The graph holds every parameter under
its ``state_dict`` name, so that Basin can put the weights of any checkpoint of
the same architecture into it.
"""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

WRAPPERS = ("module", "_orig_mod")
OPSET = 17


class ExportError(RuntimeError):
    """The graph does not hold the model's parameters under their own names."""


def unwrap(model: nn.Module) -> nn.Module:
    """Return the model inside DataParallel (``module``) and torch.compile (``_orig_mod``)."""
    while True:
        inner = next((child for name, child in model.named_children() if name in WRAPPERS), None)
        if inner is None or len(list(model.children())) != 1:
            return model
        model = inner


def export(
    model: nn.Module,
    example: Tensor,
    path: str | Path,
    probe: str | Path | None = None,
) -> list[str]:
    """Export ``model`` for Basin and check what was written.

    The options are the ones under which parameters keep their names:

    - ``model.eval()``: BatchNorm uses its running statistics and dropout is off,
      as when the loss of a checkpoint is evaluated.
    - ``training=PRESERVE``: the default (``EVAL``) fuses BatchNorm into the
      convolution before it. The fused weights have other values, and some keep the
      convolution's name. ``TRAINING`` would leave batch statistics and dropout in.
    - ``do_constant_folding=False``: folding replaces ``layer.weight`` by its
      transpose under a made-up name such as ``onnx::MatMul_12``.
    - ``dynamo=False``: the newer exporter optimises the graph, fuses BatchNorm and
      keeps the convolution's name for the fused weight. Versions of PyTorch without
      the argument have only the exporter that is wanted here.
    - ``opset_version=17``: the last one this exporter was tried with everywhere;
      LayerNormalization is an operator of its own from here on.
    - ``dynamic_axes``: the number of samples is left open, so that a whole
      evaluation set can be cut into batches of any size.

    Training modes are given back afterwards, module by module, so it is safe to
    call this in the middle of a training run.

    Args:
        model: The model, wrapped or not. Its present weights are written.
        example: A batch of inputs as the model takes them. Eight samples are enough.
        path: Where the graph goes.
        probe: Where the inputs and the model's outputs for them go (``.npz`` with
            ``x`` and ``logits``). Basin runs the graph on the inputs and compares.

    Returns:
        Names in the state_dict that the graph does not use, an auxiliary head for
        example. Empty for most models.

    Raises:
        ExportError: If BatchNorm was fused or parameters lost their names.
    """
    model = unwrap(model)
    modes = {module: module.training for module in model.modules()}
    options: dict[str, Any] = {
        "training": torch.onnx.TrainingMode.PRESERVE,
        "do_constant_folding": False,
        "opset_version": OPSET,
        "input_names": ["input"],
        "output_names": ["logits"],
        "dynamic_axes": {"input": {0: "batch"}, "logits": {0: "batch"}},
    }
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False

    model.eval()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.onnx.export(model, (example,), str(path), **options)
            logits = model(example)
    finally:
        for module, mode in modes.items():
            module.training = mode

    unused = check(model, path)
    if probe is not None:
        np.savez(
            probe,
            x=example.detach().cpu().numpy(),
            logits=logits.detach().cpu().numpy().astype(np.float32),
        )
    return unused


def check(model: nn.Module, path: str | Path) -> list[str]:
    """Check that the graph at ``path`` holds the parameters of ``model`` by name.

    A name survives as an initializer or as an alias, the output of an ``Identity``
    of an initializer: the exporter stores equal tensors once. Tied parameters
    survive under one of their names.

    Returns:
        Names in the state_dict that the graph does not use.

    Raises:
        ExportError: If BatchNorm was fused or parameters lost their names.
    """
    onnx.checker.check_model(str(path), full_check=True)
    graph = onnx.load(str(path)).graph
    names = {tensor.name for tensor in graph.initializer}
    renamed = sorted(name for name in names if name.startswith("onnx::"))
    if renamed:
        raise ExportError(f"{path}: parameters lost their names: {', '.join(renamed)}")
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in names:
            names.add(node.output[0])

    state = {
        name: value
        for name, value in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    norms = [node for node in graph.node if node.op_type == "BatchNormalization"]
    if any(name.endswith("running_mean") for name in state) and not norms:
        raise ExportError(f"{path}: BatchNorm was fused into the layers before it")
    for node in norms:
        if any(a.name == "training_mode" and a.i != 0 for a in node.attribute):
            raise ExportError(f"{path}: {node.name} uses the statistics of the batch")

    present = {_place(state[name]) for name in names if name in state}
    return [name for name, value in state.items() if _place(value) not in present]


def _place(tensor: Tensor) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """What two names share if and only if they are tied."""
    return tensor.data_ptr(), tuple(tensor.shape), tensor.stride()
