"""Makes the files of bench/checkpoints.mjs, and reads them as PyTorch, safetensors, NumPy and h5py do.

Needs torch 2.13, safetensors, numpy, and h5py where the HDF5 file is to be compared.
python checkpoints_peers.py make FOLDER MEGABYTES; python checkpoints_peers.py read FILE
"""

import json
import pathlib
import sys
import time

import numpy as np
import torch
from safetensors.torch import load_file, save_file

try:
    import h5py
except ImportError:
    h5py = None


def make(folder, megabytes):
    torch.manual_seed(0)
    tensors = {f"layer.{i}.weight": torch.randn(1024, 1024) for i in range(megabytes // 4)}
    torch.save(tensors, folder / "large.pt")
    save_file(tensors, folder / "large.safetensors")
    np.savez(folder / "large.npz", **{k: v.numpy() for k, v in tensors.items()})
    if h5py:
        with h5py.File(folder / "large.h5", "w") as file:
            for name, value in tensors.items():
                file[name] = value.numpy()
    small = {f"layer.{i}": torch.tensor([float(i)]) for i in range(50_000)}
    torch.save(small, folder / "legacy-50000.pt", _use_new_zipfile_serialization=False)
    np.savez(folder / "arrays-10000.npz", **{f"a{i}": np.ones(1, np.float32) for i in range(10_000)})


def copied(tensors):
    """Into memory of their own: a map of the file has read nothing yet."""
    return {k: v.clone() for k, v in tensors.items()}


def arrays(path):
    with np.load(path) as file:
        return {k: file[k] for k in file.files}


def datasets(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.__setitem__(name, item[...]) if isinstance(item, h5py.Dataset) else None)
    return found


WAYS = {
    "large.pt": ("torch.load(mmap=True)", lambda path: copied(torch.load(path, mmap=True))),
    "large.safetensors": ("safetensors.torch.load_file", lambda path: copied(load_file(path))),
    "large.npz": ("numpy.load", arrays),
    "large.h5": ("h5py", datasets),
    "legacy-50000.pt": ("torch.load", torch.load),
    "arrays-10000.npz": ("numpy.load", arrays),
}


def read(path):
    way, load = WAYS[path.name]
    begun, processor = time.perf_counter(), time.process_time()
    tensors = load(path)
    seconds = [time.perf_counter() - begun, time.process_time() - processor]
    print(json.dumps({"way": way, "seconds": seconds, "tensors": len(tensors)}))


if __name__ == "__main__":
    command, path = sys.argv[1], pathlib.Path(sys.argv[2])
    make(path, int(sys.argv[3])) if command == "make" else read(path)
