import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportLine, findExportPlace } from '../../../src/extension/setup/trainingScript';

/** The script with the line in it. */
function inserted(text: string, folder: string | null = null): string {
  const place = findExportPlace(text)!;
  const lines = text.split('\n');
  lines.splice(place.line, 0, exportLine(place, folder).trimEnd());
  return lines.join('\n');
}

describe('the line for Basin in a training script', () => {
  it('stands before the loop, with the names of the script', () => {
    const text = `
import torch
from torch import nn
net = nn.Linear(3, 2)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for epoch in range(10):
    for x, y in train_loader:
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
    torch.save(net.state_dict(), f"epoch-{epoch}.pt")
`;
    expect(inserted(text).split('\n')[6]).toBe(
      'from basin_export import export; export(net, train_loader, criterion)',
    );
    expect(findExportPlace(text)!.isCertain).toBe(true);
  });

  it('prefers the loader of evaluation data', () => {
    const text = `
model = Net()
val_loader = DataLoader(val)
for epoch in range(3):
    for i, (x, y) in enumerate(tqdm(loader)):
        loss = F.cross_entropy(model(x), y)
        loss.backward()
`;
    expect(findExportPlace(text)).toMatchObject({
      model: 'model',
      batches: 'val_loader',
      loss: 'F.cross_entropy',
      line: 3,
    });
  });

  it('keeps the options of a functional loss', () => {
    const text = `
for epoch in range(3):
    for x, y in loader:
        loss = F.cross_entropy(model(x), y, label_smoothing=0.1)
        loss.backward()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, "last.pt")
`;
    expect(findExportPlace(text)!.loss).toBe(
      'lambda out, y: F.cross_entropy(out, y, label_smoothing=0.1)',
    );
  });

  it('takes all data at once where the script does', () => {
    const text = `
model = Net()
loss_fn = nn.MSELoss()
for step in range(100):
    out = model(x)
    loss = loss_fn(out, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
torch.save(model.state_dict(), "model.pt")
`;
    expect(findExportPlace(text)).toMatchObject({
      model: 'model',
      batches: '(x, y)',
      loss: 'loss_fn',
      line: 3,
    });
  });

  it('stands where a function that trains is called from, with the names there', () => {
    const text = `
def train_epoch(network, batches, step, criterion):
    network.train()
    for x, y in batches:
        loss = criterion(network(x), y)
        loss.backward()
        step.step()

def main():
    net = Net().to(device)
    loss = nn.CrossEntropyLoss()
    loader = DataLoader(data)
    for epoch in range(5):
        train_epoch(net, loader, optimizer, criterion=loss)
        torch.save(net.state_dict(), "last.pt")

if __name__ == "__main__":
    main()
`;
    expect(findExportPlace(text)).toMatchObject({
      model: 'net',
      batches: 'loader',
      loss: 'loss',
      line: 12,
      indentation: '    ',
    });
  });

  it('is for a Trainer of transformers or Lightning', () => {
    const hugging = 'trainer = Trainer(model, args, train_dataset=data)\ntrainer.train()\n';
    expect(inserted(hugging).split('\n')[1]).toBe(
      'from basin_export import export; export(trainer)',
    );
    const lightning =
      'trainer = L.Trainer(max_epochs=3)\ntrainer.fit(module, train_dataloaders=loader)\n';
    expect(inserted(lightning).split('\n')[1]).toBe(
      'from basin_export import export; export(module, loader)',
    );
  });

  it('leaves the loss to a model that computes it', () => {
    const text = `
for batch in loader:
    outputs = model(**batch)
    outputs.loss.backward()
    model.save_pretrained("out")
`;
    expect(findExportPlace(text)).toMatchObject({ batches: 'loader', loss: null });
  });

  it('finds the file of a run that is elsewhere', () => {
    const text = 'for x, y in loader:\n    criterion(model(x), y).backward()\n    model.train()\n';
    expect(inserted(text, 'runs/a').split('\n')[0]).toBe(
      'import sys; sys.path.insert(0, "runs/a"); from basin_export import export; export(model, loader, criterion)',
    );
  });

  it('is not for scripts that train nothing, nor for what stands in strings and comments', () => {
    expect(findExportPlace('print(1)\n')).toBeNull();
    expect(
      findExportPlace('# for x in y:\n#   loss.backward()\ntext = "loss.backward()"\n'),
    ).toBeNull();
  });

  it('says where names are to be filled in', () => {
    expect(findExportPlace('for i in range(3):\n    step(i).backward()\n')).toMatchObject({
      model: 'model',
      batches: 'loader',
      loss: 'loss',
      isCertain: false,
    });
  });

  it("fits the example's own script", () => {
    const text = readFileSync(
      join(import.meta.dirname, '../../../examples/digits-resnet/train.py'),
      'utf8',
    );
    const place = findExportPlace(text);
    expect(place).not.toBeNull();
    expect(text.split('\n')[place!.line]).toBe('    for epoch in range(args.epochs + 1):');
    expect(place).toMatchObject({ model: 'model', loss: 'F.cross_entropy' });
  });
});
