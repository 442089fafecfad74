#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import packageJson from '../../../package.json';
import type { InputError } from '../../shared/inputError';
import { PARTS } from '../../shared/result';
import { PRECISIONS, RUNTIMES } from '../../shared/runtimeSetting';
import type { AnalyzeFlags } from './analyze';
import type { CompareFlags } from './compare';
import type { DiffFlags } from './diff';
import type { DoctorFlags } from './doctor';
import { ExitStatus } from './exitStatus';
import { EXPORT_FORMATS } from './exportFormats';
import type { InspectFlags } from './inspect';
import { Interruption } from './interruption';
import type { StudyFlags } from './study';
import type { TopologyFlags } from './topology';
import { complain } from './output';

interface JsonFlag {
  readonly json?: boolean;
}

const interruption = new Interruption();

async function main(): Promise<number> {
  let status: number = ExitStatus.done;
  const run =
    <A extends unknown[]>(command: (...args: A) => Promise<number>) =>
    async (...args: A): Promise<void> => {
      status = await command(...args);
    };

  const program = new Command('basin')
    .description('Loss landscapes, their topology and the curvature of the loss.')
    .version(packageJson.version)
    .exitOverride()
    .showHelpAfterError(false);
  program
    .command('inspect')
    .description('what a checkpoint holds; reads its header only, unless statistics are asked for')
    .argument('<file>', 'a checkpoint, or a folder that is one')
    .option('--statistics', 'norms, spectral norm, stable rank and spectrum of every tensor')
    .option('--first <file>', 'statistics with the distance to the first checkpoint of the run')
    .option('--previous <file>', 'statistics with the distance to the checkpoint before')
    .option('--json', 'print one JSON document')
    .option('--base <file>', 'the weights an adapter (LoRA) belongs to')
    .action(
      run(async (file: string, flags: InspectFlags) =>
        (await import('./inspect')).inspectCommand(file, flags, interruption.signal),
      ),
    );
  program
    .command('init')
    .description('prepares a run: writes basin_export.py beside its checkpoints')
    .argument('[folder]', 'a folder with checkpoints', '.')
    .option('--json', 'print one JSON document')
    .action(
      run(async (folder: string, flags: JsonFlag) =>
        (await import('./init')).initCommand(folder, flags, interruption.listen()),
      ),
    );
  program
    .command('analyze')
    .description('loss, landscape, topology and curvature of checkpoints')
    .argument('<path>', 'a basin.json, or a folder with some')
    .option('--checkpoint <file...>', 'only these checkpoints')
    .addOption(
      new Option('--only <parts>', `comma-separated: ${PARTS.join(', ')}`).argParser(parseParts),
    )
    .option('--out <folder>', 'write the result documents there as well')
    .option('--json', 'print the result documents as JSON')
    .option('--workers <count>', 'worker threads; as many as cores if absent', parseCount)
    .option(
      '--memory <size>',
      'what it may take, as "8 GB"; three quarters of what is free if absent',
    )
    .addOption(
      new Option('--runtime <name>', 'what computes')
        .choices(['auto', ...RUNTIMES])
        .default('auto'),
    )
    .option('--provider <name>', 'execution provider of onnxruntime-node', 'cpu')
    .addOption(
      new Option('--precision <type>', 'of the arithmetic').choices(PRECISIONS).default('float32'),
    )
    .option('--tensorflow <folder>', 'where @tensorflow/tfjs-node is installed; its code is run')
    .action(
      run(async (path: string, flags: AnalyzeFlags) =>
        (await import('./analyze')).analyzeCommand(path, flags, interruption.listen()),
      ),
    );
  program
    .command('topology')
    .description(
      'merge tree and persistence of any landscape: .npy, .npz, .vti, .vtu, .csv, .h5, .json',
    )
    .argument('<file>', 'a landscape')
    .option(
      '--neighborhood <kind>',
      'freudenthal (the default), 4, 8 or knn:K; of a .vtu its cells (the default), gabriel or knn:K',
    )
    .option('--array <name>', 'the array, dataset or column that holds the losses')
    .option('--export <file>', `write the landscape as well: ${EXPORT_FORMATS}`)
    .option('--trees', 'the split tree and the contour tree as well')
    .option(
      '--basins',
      'the basin, the hill and the Morse–Smale cell of each point as well; in --export too',
    )
    .option('--repair', 'move back the lines of a plane that was sampled back and forth')
    .option('--threshold <persistence>', 'leave out pairs up to this; 0 keeps all', parseThreshold)
    .option('--json', 'print one JSON document')
    .action(
      run(async (file: string, flags: TopologyFlags) =>
        (await import('./topology')).topologyCommand(file, flags),
      ),
    );
  program
    .command('compare')
    .description('what differs between two results, landscapes or analyzed checkpoints')
    .argument('<first>', 'a result document, a landscape, or a checkpoint that has been analyzed')
    .argument('<second>', 'another')
    .addOption(
      new Option(
        '--interpolate <path>',
        'sample the loss between two checkpoints as well: on a straight line, or on a curve trained for a low loss',
      ).choices(['line', 'curve']),
    )
    .option('--json', 'print one JSON document')
    .action(
      run(async (first: string, second: string, flags: CompareFlags) =>
        (await import('./compare')).compareCommand(first, second, flags, interruption.listen()),
      ),
    );
  program
    .command('diff')
    .description('what differs between the tensors of two checkpoints')
    .argument('<first>', 'a checkpoint')
    .argument('<second>', 'another')
    .option('--base <file>', 'the weights that adapters (LoRA) belong to')
    .option('--json', 'print one JSON document')
    .action(
      run(async (first: string, second: string, flags: DiffFlags) =>
        (await import('./diff')).diffCommand(first, second, flags, interruption.signal),
      ),
    );
  program
    .command('export')
    .description('a landscape in another format, for ParaView, NumPy or a spreadsheet')
    .argument('<file>', 'a result document or a landscape')
    .argument('<out>', `the file to write, by its ending: ${EXPORT_FORMATS}`)
    .option('--array <name>', 'the array, dataset or column that holds the losses')
    .action(
      run(async (file: string, out: string, flags: { array?: string }) =>
        (await import('./export')).exportCommand(file, out, flags),
      ),
    );
  program
    .command('report')
    .description('the panel as one self-contained page')
    .argument('<folder>', 'a folder with result documents, here or below')
    .requiredOption('--out <file>', 'the page to write')
    .action(
      run(async (folder: string, flags: { out: string }) =>
        (await import('./report')).reportCommand(folder, flags),
      ),
    );
  program
    .command('study')
    .description('many runs and checkpoints: a table, a page; in shards for schedulers')
    .argument('<config>', 'a study.json, or a folder with one')
    .option(
      '--shard <i/n>',
      'only this part of it; in an array of a scheduler its task’s if absent',
    )
    .option(
      '--merge',
      'compute nothing: put together what the shards did, and list what is missing',
    )
    .addOption(
      new Option('--submit <scheduler>', 'write the scripts of an array and submit them').choices([
        'slurm',
      ]),
    )
    .option('--shards <count>', 'of the array; one for each checkpoint if absent', parseCount)
    .option('--out <file...>', 'write it as well: .html (a page), .md, .csv, .json')
    .option('--json', 'print one JSON document')
    .option('--workers <count>', 'worker threads; as many as cores if absent', parseCount)
    .option(
      '--memory <size>',
      'what it may take, as "8 GB"; three quarters of what is free if absent',
    )
    .action(
      run(async (config: string, flags: StudyFlags) =>
        (await import('./study')).studyCommand(config, flags, interruption.listen()),
      ),
    );
  program
    .command('doctor')
    .description('what Basin runs on here, and what is missing')
    .option('--json', 'print one JSON document')
    .option('--tensorflow <folder>', 'where @tensorflow/tfjs-node is installed; its code is run')
    .action(run(async (flags: DoctorFlags) => (await import('./doctor')).doctorCommand(flags)));

  await program.parseAsync();
  return status;
}

function parseParts(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  const unknown = parts.find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown !== undefined) {
    throw new CommanderError(
      ExitStatus.usage,
      'basin.part',
      `error: "${unknown}" is no part; choose from ${PARTS.join(', ')}.`,
    );
  }
  return parts;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new CommanderError(
      ExitStatus.usage,
      'basin.count',
      `error: "${text}" must be a whole number from 1 up.`,
    );
  }
  return count;
}

function parseThreshold(text: string): number {
  const threshold = Number(text);
  if (text.trim() === '' || !Number.isFinite(threshold) || threshold < 0) {
    throw new CommanderError(
      ExitStatus.usage,
      'basin.threshold',
      `error: the threshold "${text}" must be a number from 0 up.`,
    );
  }
  return threshold;
}

/** By its name: commands are in files of their own, with a class of their own. */
function isInputError(error: unknown): error is InputError {
  return error instanceof Error && error.name === ('InputError' satisfies InputError['name']);
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    if (error instanceof CommanderError) {
      if (error.code.startsWith('basin.')) complain(error.message);
      process.exitCode = error.exitCode === 0 ? ExitStatus.done : ExitStatus.usage;
    } else if (interruption.signal.aborted) {
      if (interruption.status !== ExitStatus.unread) {
        complain('Interrupted. What was computed is kept and is not computed again.');
      }
      process.exitCode = interruption.status;
    } else if (isInputError(error)) {
      complain(error.message);
      process.exitCode = ExitStatus.input;
    } else {
      complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exitCode = ExitStatus.fault;
    }
  },
);
