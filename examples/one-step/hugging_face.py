"""python hugging_face.py FOLDER: BERT, GPT-2, Llama, ViT and ResNet of transformers, tiny and random.

Each is saved as `save_pretrained` saves it, in folders as a Trainer makes them, and exported by the one line;
GPT-2 is also trained by a real Trainer, with the callback.
"""
import sys
from pathlib import Path

import torch
import transformers as hf
from torch.utils.data import Dataset

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "engine" / "init"))
from basin_export import export, trainer_callback  # noqa: E402

from reference import reference  # noqa: E402

OUT = Path(sys.argv[1])
WANTED = sys.argv[2:]
N = 16
generator = torch.Generator().manual_seed(0)
ids = torch.randint(5, 50, (N, 9), generator=generator)
mask = torch.ones_like(ids)
mask[::3, 6:] = 0
tokens = ids.masked_fill(mask == 0, 0)
images = torch.randn(N, 3, 16, 16, generator=generator)
classes = torch.arange(N) % 3


class Rows(Dataset):
    def __init__(self, **columns):
        self.columns = columns

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, i):
        return {name: values[i] for name, values in self.columns.items()}


TEXT = dict(input_ids=tokens, attention_mask=mask)
LANGUAGE = dict(**TEXT, labels=tokens.masked_fill(mask == 0, -100))
bert = hf.BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, max_position_embeddings=12, num_labels=3)
gpt2 = hf.GPT2Config(vocab_size=50, n_positions=12, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)
llama = hf.LlamaConfig(vocab_size=50, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=12, pad_token_id=0, tie_word_embeddings=True)
vit = hf.ViTConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, image_size=16, patch_size=8, num_labels=3)
resnet = hf.ResNetConfig(embedding_size=6, hidden_sizes=[6, 8], depths=[1, 1], layer_type="basic", num_labels=3)
MODELS = {
    "bert": (hf.BertForSequenceClassification, bert, dict(**TEXT, labels=classes)),
    "gpt2": (hf.GPT2LMHeadModel, gpt2, LANGUAGE),
    "llama": (hf.LlamaForCausalLM, llama, LANGUAGE),
    "vit": (hf.ViTForImageClassification, vit, dict(pixel_values=images, labels=classes)),
    "resnet": (hf.ResNetForImageClassification, resnet, dict(pixel_values=images, labels=classes)),
}


def loss_in_double(columns):
    def loss(model):
        model.config._attn_implementation = "eager"
        return model(**{k: v.double() if v.is_floating_point() else v for k, v in columns.items()}).loss

    return loss


for name, (kind, config, columns) in MODELS.items():
    if WANTED and name not in WANTED:
        continue
    torch.manual_seed(0)
    model = kind(config)
    folder = OUT / name
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    for step in range(1, 21):
        model.train()
        value = model(**columns).loss
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        if step % 10 == 0:
            model.save_pretrained(folder / f"checkpoint-{step}")
    (folder / "basin.json").unlink(missing_ok=True)
    loader = torch.utils.data.DataLoader(Rows(**columns), batch_size=8)
    export(model, loader, folder=folder, checkpoints=["checkpoint-*/model.safetensors"])
    reference(folder, model, loss_in_double(columns))

if not WANTED or "trainer" in WANTED:
    torch.manual_seed(0)
    folder = OUT / "trainer"
    (folder / "basin.json").unlink(missing_ok=True)
    arguments = hf.TrainingArguments(str(folder), max_steps=20, save_steps=10, per_device_train_batch_size=8, report_to=[], learning_rate=0.01, use_cpu=True, disable_tqdm=True)
    trainer = hf.Trainer(hf.GPT2LMHeadModel(gpt2), arguments, train_dataset=Rows(**LANGUAGE), eval_dataset=Rows(**LANGUAGE))
    trainer.add_callback(trainer_callback(checkpoints=["checkpoint-*/model.safetensors"]))
    trainer.train()
    reference(folder, trainer.model, loss_in_double(LANGUAGE))
