import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  DATA_ARCHIVE,
  DATA_ARRAYS,
  IMPLIED_CHECKPOINTS,
  impliedData,
  impliedFolder,
  mayHoldConfiguration,
} from '../../shared/impliedRun';
import { settingsText } from '../../shared/sources';
import { BASIN_JSON } from './configurations';
import { inTurns } from '../turns/inTurns';
import type { CheckpointFile, ConfigurationFile, Finding } from './runs';

/** Runs that need no basin.json, and those that would need none if there were data beside them. */
export interface ImpliedRuns {
  readonly findings: readonly Finding[];
  /** Where their basin.json would be, with what it would say. */
  readonly configurations: readonly ConfigurationFile[];
}

/** Of a basin.json that says nothing, as the engine has it. */
const NO_SETTINGS = createHash('sha256').update(settingsText({})).digest('hex');

/**
 * Finds folders whose models of Keras or TensorFlow.js are analysed without a basin.json, by names alone:
 * what is in a model is for the engine to say.
 *
 * @param files checkpoints that no basin.json has to name.
 * @param written paths of all basin.json files: below one of them nothing is implied.
 */
export async function impliedRuns(
  files: readonly CheckpointFile[],
  written: readonly string[],
): Promise<ImpliedRuns> {
  const governed = new Set(written.map((path) => dirname(path)));
  const models = files.filter(
    ({ path }) => mayHoldConfiguration(basename(path)) && !isGoverned(dirname(path), governed),
  );
  const data = await dataOf(
    new Set(models.flatMap(({ path }) => [dirname(path), dirname(dirname(path))])),
  );
  const whole = new Map<string, CheckpointFile[]>();
  const lacking: CheckpointFile[] = [];
  for (const file of models) {
    const own = dirname(file.path);
    const folder = impliedFolder(basename(file.path), own, dirname(own), (each) => data.has(each));
    if (!data.has(folder)) lacking.push(file);
    else if (whole.has(folder)) whole.get(folder)!.push(file);
    else whole.set(folder, [file]);
  }
  const findings: Finding[] = [{ configuration: null, implied: 'no data', files: lacking }];
  const configurations: ConfigurationFile[] = [];
  for (const [folder, own] of whole) {
    const path = join(folder, BASIN_JSON);
    findings.push({ configuration: path, implied: 'whole', files: own });
    configurations.push({
      path,
      checkpoints: IMPLIED_CHECKPOINTS,
      inputs: data.get(folder)!,
      settings: NO_SETTINGS,
    });
  }
  return { findings, configurations };
}

function isGoverned(folder: string, governed: ReadonlySet<string>): boolean {
  for (let each = folder; ; each = dirname(each)) {
    if (governed.has(each)) return true;
    if (dirname(each) === each) return false;
  }
}

/** The data in folders, absolute, by folder: of those that have any. */
async function dataOf(folders: ReadonlySet<string>): Promise<ReadonlyMap<string, string[]>> {
  const found = new Map<string, string[]>();
  await inTurns([...folders], async (folder) => {
    const there = new Set<string>();
    for (const name of [DATA_ARCHIVE, ...DATA_ARRAYS]) {
      if (await isFile(join(folder, name))) there.add(name);
    }
    const names = impliedData((name) => there.has(name));
    if (names !== null)
      found.set(
        folder,
        names.map((name) => join(folder, name)),
      );
  });
  return found;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
