import { largest, smallest } from '../../shared/extremes';
import { leadingFigures } from '../../shared/leadingFigures';
import type { CheckpointFormat, ResultDocument } from '../../shared/result';
import type { Hessian } from '../../shared/result/hessian';
import type { Topology } from '../../shared/result/topology';
import type { Metrics } from '../../shared/result/metrics';
import { fromScalar } from '../../shared/result/scalar';
import type { Inspection } from '../../shared/engineProtocol';
import { notesOf } from '../../shared/notes';
import { distinct } from '../../shared/words/message';
import {
  formatBytes,
  formatCount,
  formatNumber,
  formatShare,
  formatSure,
  formatWithUncertainty,
  largerError,
} from '../../shared/words/numbers';
import { plural, t, translated } from '../../shared/words/text';
import { curvatureFacts } from './curvatureFacts';

/** What a result says, in words: for the tree, tooltips and hovers. */

/** One line: loss, largest eigenvalue, saddles, as far as they are known. */
export function describeResult(document: ResultDocument): string {
  const parts: string[] = [];
  if (document.metrics) parts.push(t('loss {0}', lossText(document.metrics)));
  const largest = document.hessian?.eigenvalues[0];
  if (largest) {
    const figure = `λmax ${formatSure(largest.value, largerError(largest.residual, largest.samplingError))}`;
    parts.push(largest.converged ? figure : t('{0}, not converged', figure));
  }
  if (document.topology) parts.push(plural(leadingFigures(document.topology).saddles, 'saddle'));
  return parts.join(' · ');
}

export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** Every figure of a result with how sure it is; few rows, for a hover shows few. */
export function resultFacts(document: ResultDocument): Fact[] {
  const facts: Fact[] = [{ name: t('Parameters'), value: formatCount(document.parameters) }];
  const { metrics, hessian, topology } = document;
  if (metrics) facts.push(metricsFact(metrics));
  const largest = hessian?.eigenvalues[0];
  if (largest) {
    const figure = formatWithUncertainty(largest.value, largest.residual);
    facts.push({
      name: t('λmax ± residual'),
      value: largest.converged ? figure : t('{0}, not converged', figure),
    });
  }
  if (metrics?.samplingError !== undefined) {
    facts.push({
      name: t('Loss ± of the data'),
      value: formatWithUncertainty(fromScalar(metrics.loss), metrics.samplingError),
    });
  }
  if (largest?.samplingError !== undefined) {
    facts.push({
      name: t('λmax ± of the data'),
      value: formatWithUncertainty(largest.value, largest.samplingError),
    });
  }
  if (hessian) {
    const { value, standardError } = hessian.trace;
    facts.push({
      name: t('Trace ± s.e.'),
      value: `${formatWithUncertainty(value, standardError)} (${plural(hessian.probes, 'probe')})`,
    });
    if (hessian.trace.samplingError !== undefined) {
      facts.push({
        name: t('Trace ± of the data'),
        value: formatWithUncertainty(value, hessian.trace.samplingError),
      });
    }
    for (const each of edgeFacts(hessian)) facts.push(each);
    for (const each of curvatureFacts(hessian)) facts.push(each);
  }
  if (topology) {
    for (const each of topologyFacts(topology)) facts.push(each);
  }
  return facts;
}

/** What lies inside of the plane first; what its border made, beside it. */
function topologyFacts(topology: Topology): Fact[] {
  const { neighborhood, threshold, summaries } = topology;
  const figures = leadingFigures(topology);
  const counts = t(
    '{0}, {1} ({2}, above {3})',
    formatCount(figures.minima),
    formatCount(figures.saddles),
    neighborhood,
    formatNumber(threshold, 2),
  );
  const atBorder = figures.borderMinima + figures.borderSaddles > 0;
  const persistence = formatNumber(summaries.finite.mean);
  return [
    {
      name: t('Minima, saddles'),
      value: atBorder
        ? t(
            '{0}; at the border {1}, {2}',
            counts,
            formatCount(figures.borderMinima),
            formatCount(figures.borderSaddles),
          )
        : counts,
    },
    ...otherCounts(topology),
    {
      name: t('Average persistence'),
      value: !figures.knowsBorder
        ? t('{0} of all finite pairs', persistence)
        : figures.averagePersistence === null
          ? summaries.finite.count === 0
            ? t('no finite pair')
            : t('no pair inside; {0} of all finite pairs', persistence)
          : t(
              '{0} of the pairs inside; {1} of all finite pairs',
              formatNumber(figures.averagePersistence),
              persistence,
            ),
    },
  ];
}

/** Notes that are read where there is little room; the panel has all. */
const NOTES = 3;

/** What must be known to judge the figures: sentences. */
export function resultNotes(document: ResultDocument): string[] {
  const shown = distinct(notesOf(document)).map((note) => translated(note));
  const more = shown.length - NOTES;
  return more <= 0 ? shown : [...shown.slice(0, NOTES), t('{0} more notes in the panel.', more)];
}

/** λmax as a share of the curvature at which descent diverges. */
function edgeFacts({ edgeOfStability }: Hessian): Fact[] {
  if (edgeOfStability === undefined) return [];
  const { bound, sharpness, state, optimizer } = edgeOfStability;
  const words = { stable: t('stable'), edge: t('at the edge'), unstable: t('unstable') };
  const share = formatShare(sharpness / bound);
  return [
    {
      name: t('Edge of stability'),
      value:
        optimizer === 'adam'
          ? t('λmax scaled by Adam is {0} of {1}: {2}', share, formatNumber(bound), words[state])
          : t('λmax is {0} of {1}: {2}', share, formatNumber(bound), words[state]),
    },
  ];
}

/** How many saddles other choices of neighbours, resolution and directions give. */
function otherCounts(topology: Topology): Fact[] {
  const { saddlesByNeighborhood } = topology.sensitivity;
  const counts = Object.values(saddlesByNeighborhood).filter((count) => count !== undefined);
  const { low, high } = leadingFigures(topology).band ?? {
    low: smallest(counts),
    high: largest(counts),
  };
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [];
  const value = low === high ? formatCount(low) : `${formatCount(low)}–${formatCount(high)}`;
  return [{ name: t('Saddles with other choices'), value }];
}

function lossText({ loss, samplingError = 0 }: Metrics): string {
  return formatSure(loss, samplingError);
}

function metricsFact(metrics: Metrics): Fact {
  const { accuracy, error, samples } = metrics;
  const names = [t('Loss')];
  const values = [lossText(metrics)];
  if (accuracy !== undefined) {
    names.push(t('accuracy'));
    values.push(formatShare(accuracy));
  }
  if (error !== undefined) {
    names.push(t('error'));
    values.push(formatNumber(error));
  }
  return { name: names.join(', '), value: `${values.join(', ')} (${plural(samples, 'sample')})` };
}

/** What the header says, in one line. */
export function describeInspection(inspection: Inspection): string {
  return [
    formatName(inspection.format),
    ...(inspection.epoch === null ? [] : [t('epoch {0}', formatCount(inspection.epoch))]),
    ...(inspection.step === null ? [] : [t('step {0}', formatCount(inspection.step))]),
    plural(inspection.tensors.length, 'tensor'),
    t('{0}, buffers included', plural(inspection.parameters, 'value')),
  ].join(' · ');
}

/** Size and time of a file. */
export function fileLine(file: { readonly size: number; readonly modified: number }): string {
  const time = new Date(file.modified).toLocaleString('sv-SE').slice(0, 16);
  return `${formatBytes(file.size)} · ${t('modified {0}', time)}`;
}

function formatName(format: CheckpointFormat): string {
  const names: Readonly<Record<CheckpointFormat, string>> = {
    pytorch: 'PyTorch',
    'pytorch-legacy': t('PyTorch (legacy)'),
    'pytorch-distributed': t('PyTorch (distributed)'),
    safetensors: 'safetensors',
    npz: t('NumPy archive'),
    keras: 'Keras',
    hdf5: 'HDF5',
    tfjs: 'TensorFlow.js',
    onnx: 'ONNX',
    gguf: 'GGUF',
    flax: 'Flax',
  };
  return names[format];
}
