import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import { eventually, inWorkspace } from './workspace';

async function hover(uri: vscode.Uri, needle: string): Promise<vscode.MarkdownString[]> {
  const document = await vscode.workspace.openTextDocument(uri);
  const offset = document.getText().indexOf(needle);
  assert.ok(offset >= 0, `${needle} is in the document`);
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    uri,
    document.positionAt(offset + 2),
  );
  return hovers
    .flatMap(({ contents }) => contents)
    .filter((content) => content instanceof vscode.MarkdownString);
}

async function write(name: string, text: string): Promise<vscode.Uri> {
  const uri = vscode.Uri.file(inWorkspace(name));
  await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
  return uri;
}

describe('hovering over a path', () => {
  it('tells what the checkpoint holds, from its header', async () => {
    const uri = await write('load.py', 'state = torch.load("runs/resnet/epoch-030.pt")\n');
    const text = await eventually('a hover', async () => {
      const found = (await hover(uri, 'runs/resnet')).map(({ value }) => value).join('\n');
      return found.includes('tensors') ? found : undefined;
    });
    assert.match(text, /epoch\\-030\\\.pt/);
    assert.match(text, /PyTorch/);
    assert.match(text, /128 tensors · 17,875 values/);
    assert.match(text, /epoch 30 ·/);
    assert.match(text, /KiB/);
  });

  it('tells how far the weights have come, once they are read', async () => {
    const uri = await write('far.py', 'state = torch.load("runs/resnet/epoch-030.pt")\n');
    const text = await eventually('the distances of the weights', async () => {
      const found = (await hover(uri, 'runs/resnet')).map(({ value }) => value).join('\n');
      return found.includes('‖θ‖') ? found : undefined;
    });
    // By PyTorch in float64, over all floating-point tensors.
    assert.match(
      text.replaceAll('\\', ''),
      /‖θ‖ 72\.83 · 61\.33 from the first checkpoint · 2\.043 from the one before/,
    );
  });

  it('offers its own two commands and trusts nothing else', async () => {
    const uri = await write('load.ts', 'const path = `runs/plain/epoch-030.pt`;\n');
    const [content] = await eventually('a hover', async () => {
      const found = await hover(uri, 'runs/plain');
      return found.length > 0 ? found : undefined;
    });
    assert.ok(content);
    const commands = [...content.value.matchAll(/\(command:([a-zA-Z.]+)\?/g)].map((m) => m[1]);
    assert.deepEqual(commands, ['basin.analyzeCheckpoint', 'basin.openLandscape']);
    assert.notEqual(content.supportHtml, true);
    assert.notEqual(content.isTrusted, true);
    for (const figures of (await hover(uri, 'runs/plain')).slice(1)) {
      assert.equal(figures.isTrusted, undefined);
    }
  });

  it('finds a name that is beside a basin.json', async () => {
    const uri = await write('name.json', '{ "best": "epoch-012.pt" }\n');
    await eventually('a hover', async () => {
      const found = await hover(uri, 'epoch-012');
      return found.some(({ value }) => value.includes('same path leads to 1 more file'))
        ? true
        : undefined;
    });
  });

  it('says nothing about files that are not there, and about other strings', async () => {
    const uri = await write('none.py', 'a = "runs/resnet/epoch-999.pt"\nb = "hello"\n');
    assert.deepEqual(await hover(uri, 'runs/resnet'), []);
    assert.deepEqual(await hover(uri, 'hello'), []);
  });
});
