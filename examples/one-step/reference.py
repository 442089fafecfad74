"""What PyTorch says in float64: the loss of a trained model, and the largest eigenvalue of its Hessian."""
import json
from pathlib import Path

import numpy as np
import scipy.sparse.linalg
import torch

from basin_export import duplicate


def reference(folder, model, loss, **more):
    """Write expected.json. ``loss(model)`` is the mean loss over the data, of a model in float64."""
    twin = duplicate(model).double().eval()
    parameters = [p for p in twin.parameters() if p.requires_grad]
    count = sum(p.numel() for p in parameters)
    attention = getattr(torch.nn, "attention", None)  # the math kernel is the one with second derivatives
    context = attention.sdpa_kernel(attention.SDPBackend.MATH) if attention else torch.enable_grad()
    with context:
        value = loss(twin)
        gradient = torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, parameters, create_graph=True)])

        def product(v):
            v = torch.from_numpy(np.asarray(v, np.float64).reshape(-1))
            parts = torch.autograd.grad(gradient @ v, parameters, retain_graph=True, allow_unused=True)
            return torch.cat([(torch.zeros_like(p) if q is None else q).reshape(-1) for q, p in zip(parts, parameters)]).numpy()

        operator = scipy.sparse.linalg.LinearOperator((count, count), matvec=product, dtype=np.float64)
        largest = scipy.sparse.linalg.eigsh(operator, k=1, which="LA", tol=1e-9, v0=np.ones(count))[0][0]
    expected = {"loss": value.item(), "parameters": count, "largest": float(largest), "torch": torch.__version__, **more}
    Path(folder, "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    print(f"{Path(folder).name}: loss {value.item():.8f}, λmax {largest:.8f}, {count} parameters")
