"""python lightning_run.py FOLDER: a Lightning run with the callback, whose loss is its training_step's."""
import sys
from pathlib import Path

import lightning
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "engine" / "init"))
from basin_export import lightning_callback  # noqa: E402

from reference import reference  # noqa: E402

OUT = Path(sys.argv[1]) / "lightning"
generator = torch.Generator().manual_seed(0)
x, y = torch.randn(48, 6, generator=generator), torch.arange(48) % 3


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 12), nn.LayerNorm(12), nn.Tanh(), nn.Linear(12, 3))

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, index):
        x, y = batch
        loss = F.cross_entropy(self(x), y, label_smoothing=0.05)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 0.01)


torch.manual_seed(0)
OUT.mkdir(parents=True, exist_ok=True)
(OUT / "basin.json").unlink(missing_ok=True)
model = Classifier()
saving = lightning.pytorch.callbacks.ModelCheckpoint(OUT, save_top_k=-1, every_n_epochs=5)
trainer = lightning.Trainer(
    max_epochs=10, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
    callbacks=[saving, lightning_callback(folder=OUT, checkpoints=["epoch=*.ckpt"])],
)
trainer.fit(model, DataLoader(TensorDataset(x, y), batch_size=16))
reference(OUT, model, lambda m: F.cross_entropy(m(x.double()), y, label_smoothing=0.05))
