import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isBaseName } from './formats/shardIndex';
import { DEEPSPEED_WEIGHTS } from './pytorch/deepspeed';
import { DISTRIBUTED_INDEX } from './pytorch/distributed';
import { naming } from './fault';
import { otherFolder } from './formats/otherFormats';

/** What stands for a folder that is a checkpoint: the first that is in it. */
const STANDS_FOR_IT = [
  DISTRIBUTED_INDEX,
  DEEPSPEED_WEIGHTS,
  'model.safetensors.index.json',
  'pytorch_model.bin.index.json',
  'adapter_model.safetensors',
  'model.safetensors',
  'pytorch_model.bin',
  'diffusion_pytorch_model.safetensors',
  'model.weights.h5',
  'flax_model.msgpack',
  'adapter_model.bin',
];
const MAX_TAG_BYTES = 1024;

/**
 * The file that is opened for a path: itself, or in a folder that is a checkpoint as PyTorch,
 * DeepSpeed or the libraries of Hugging Face write it, the one that stands for it.
 *
 * @throws InputError when it is another folder.
 */
export async function fileOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() !== true) return path;
  return naming(path, async () => {
    const names = await readdir(path);
    const index = STANDS_FOR_IT.find((name) => names.includes(name));
    if (index !== undefined) return join(path, index);
    if (names.includes('latest')) {
      const inside = await taggedBy(join(path, 'latest'));
      if (inside !== null && names.includes(inside)) return fileOf(join(path, inside));
    }
    throw otherFolder(names);
  });
}

/** What DeepSpeed calls its latest checkpoint: a folder beside this file. */
async function taggedBy(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true || found.size > MAX_TAG_BYTES) return null;
  const tag = (await readFile(path, 'utf8')).trim();
  return isBaseName(tag) ? tag : null;
}
