import { CheckpointFile } from '../../checkpoint/bytes/checkpointFile';
import { Fault, naming } from '../../checkpoint/fault';
import { vtkType } from './vtkXml';
import { parseVtp, parseVtu } from './vtu';
import type { ImportedMesh } from './vtu';
import { say } from '../../../shared/words/message';

const MAX_BYTES = 2 ** 32;

/** VTK's types of points that are no grid. */
const MESHES = ['UnstructuredGrid', 'PolyData'];

/** Whether a file is an unstructured grid: `readMesh` reads it, `readLandscape` does not. */
export async function isMesh(path: string): Promise<boolean> {
  const file = await CheckpointFile.open(path);
  try {
    const head = await file.read(0, Math.min(file.size, 4096));
    return MESHES.includes(vtkType(head) ?? '');
  } finally {
    await file.close();
  }
}

/**
 * Reads a landscape on points that are no grid, with the neighbourhood of its cells: `.vtu`, `.vtp`.
 *
 * @param array Name of the array that holds the losses; guessed unless given.
 * @throws InputError when the file is missing, damaged, or of a kind that is not read.
 */
export async function readMesh(path: string, array?: string): Promise<ImportedMesh> {
  const file = await CheckpointFile.open(path);
  try {
    return await naming(path, async () => {
      if (file.size > MAX_BYTES) {
        throw new Fault('unsupported', say`it has more than 4 GiB`, say`take fewer points`);
      }
      const bytes = await file.read(0, file.size);
      const mesh = vtkType(bytes) === 'PolyData' ? parseVtp(bytes, array) : parseVtu(bytes, array);
      if (mesh.values.length === 0) {
        throw new Fault('invalid', say`it has no points`, say`sample the landscape first`);
      }
      return mesh;
    });
  } finally {
    await file.close();
  }
}
