import type { DoctorReport, RuntimeReport } from '../../shared/engineProtocol';
import { formatBytes } from '../../shared/words/numbers';
import { escapeMarkdown } from '../words/markdown';
import { t, translated } from '../../shared/words/text';

/** What the host knows of itself and of its engine. */
export interface Installation {
  /** Of the extension. */
  readonly version: string;
  readonly vscode: string;
  /** `linux-x64`, and where the extension runs. */
  readonly platform: string;
  /** The engine's script and the executable that runs it. */
  readonly script: string;
  readonly executable: string;
  readonly trusted: boolean;
}

/** What the engine answered, or the sentence that says why it did not. */
export type Diagnosis =
  | { readonly ok: true; readonly report: DoctorReport; readonly milliseconds: number }
  | { readonly ok: false; readonly message: string };

/** The state of Basin as a document to read, and to send along with a report of a fault. */
export function doctorDocument(installation: Installation, diagnosis: Diagnosis): string {
  const { version, vscode, platform, script, executable, trusted } = installation;
  const parts = [`# ${t('Basin Doctor')}`];
  if (diagnosis.ok) {
    parts.push(`✓ ${plain(t('The engine works: it answered in {0} ms.', diagnosis.milliseconds))}`);
  } else {
    parts.push(
      `✗ ${plain(t('The engine does not answer.'))} ${plain(diagnosis.message)}`,
      `## ${plain(t('What to do'))}`,
      [
        t('Look into the log: Basin: Show Log.'),
        t('Check that the script and the executable named below exist and may be run.'),
        t('Install the extension again, in the variant for this platform.'),
      ]
        .map((step, index) => `${index + 1}. ${plain(step)}`)
        .join('\n'),
    );
  }
  parts.push(
    `## ${plain(t('Extension'))}`,
    list([
      [t('Version'), version],
      ['Visual Studio Code', vscode],
      [t('Platform'), platform],
      [t('Workspace'), trusted ? t('trusted') : t('not trusted: checkpoints are not analyzed')],
      [t('Engine'), script],
      [t('Run by'), executable],
    ]),
  );
  if (diagnosis.ok) {
    const { report } = diagnosis;
    parts.push(
      `## ${plain(t('Engine'))}`,
      list([
        [t('Version'), report.version],
        ['Node.js', report.node],
        [t('Platform'), report.platform],
        [t('Cores'), String(report.cores)],
        [t('Memory'), formatBytes(report.memoryBytes)],
        [t('An analysis takes at most'), formatBytes(report.memoryLimitBytes)],
      ]),
      `## ${plain(t('Runtimes'))}`,
      [
        ...report.runtimes.map(runtimeLine),
        `- ${report.gpu.state === 'gpu' ? '✓' : '✗'} ${plain(translated(report.gpu.said))}`,
      ].join('\n'),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

function runtimeLine({ name, found, version, providers, advice }: RuntimeReport): string {
  const names = providers.map((provider) => provider.name);
  const runsOn = names.length === 0 ? '' : ` (${names.join(', ')})`;
  const state = found
    ? `${version ?? ''}${runsOn}`
    : advice === null
      ? t('not found')
      : translated(advice);
  return `- ${found ? '✓' : '✗'} **${plain(name)}** ${plain(state)}`;
}

function list(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, value]) => `- ${plain(name)}: ${plain(value)}`).join('\n');
}

function plain(text: string): string {
  return escapeMarkdown(text);
}
