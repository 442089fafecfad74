import type { CheckpointFormat, ResultDocument } from '../shared/result';
import type { Inspection } from '../shared/engineProtocol';
import {
  counted,
  formatBytes,
  formatCount,
  formatNumber,
  formatShare,
  formatWithUncertainty,
} from './numbers';

/** What a result says, in words: for the tree, tooltips and hovers. */

/** One line: loss, largest eigenvalue, saddles, as far as they are known. */
export function describeResult(document: ResultDocument): string {
  const parts: string[] = [];
  if (document.metrics) parts.push(`loss ${formatNumber(document.metrics.loss)}`);
  const largest = document.hessian?.eigenvalues[0];
  if (largest) parts.push(`λmax ${formatNumber(largest.value)}`);
  if (document.topology) parts.push(counted(document.topology.saddles, 'saddle'));
  return parts.join(' · ');
}

export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** Every figure of a result with how sure it is. */
export function resultFacts(document: ResultDocument): Fact[] {
  const facts: Fact[] = [];
  const { metrics, hessian, topology } = document;
  facts.push({ name: 'Parameters', value: formatCount(document.parameters) });
  if (metrics) {
    facts.push({
      name: 'Loss',
      value: `${formatNumber(metrics.loss, 4)} (${counted(metrics.samples, 'sample')})`,
    });
    if (metrics.accuracy !== undefined) {
      facts.push({ name: 'Accuracy', value: formatShare(metrics.accuracy) });
    }
    if (metrics.error !== undefined) {
      facts.push({ name: 'Mean absolute error', value: formatNumber(metrics.error) });
    }
  }
  const largest = hessian?.eigenvalues[0];
  if (largest) {
    facts.push({
      name: 'λmax ± residual',
      value:
        formatWithUncertainty(largest.value, largest.residual) +
        (largest.converged ? '' : ' (not converged)'),
    });
  }
  if (hessian) {
    facts.push({
      name: 'Trace ± standard error',
      value: `${formatWithUncertainty(hessian.trace.value, hessian.trace.standardError)} (${counted(hessian.probes, 'probe')})`,
    });
  }
  if (topology) {
    facts.push({
      name: 'Minima, saddles',
      value: `${counted(topology.minima, 'minimum', 'minima')}, ${counted(topology.saddles, 'saddle')} (${topology.neighborhood} neighbourhood, persistence above ${formatNumber(topology.threshold, 2)})`,
    });
    facts.push({
      name: 'Average persistence',
      value: `${formatNumber(topology.summaries.withEssential.mean)} (essential pair included)`,
    });
  }
  return facts;
}

/** What the header says: one line for each kind of thing. */
export function inspectionLines(inspection: Inspection): string[] {
  const when = [
    inspection.epoch === null ? '' : `epoch ${inspection.epoch}`,
    inspection.step === null ? '' : `step ${inspection.step.toLocaleString('en')}`,
  ].filter(Boolean);
  return [
    `${formatName(inspection.format)} · ${counted(inspection.tensors.length, 'tensor')} · ${counted(inspection.parameters, 'value')}`,
    ...(when.length > 0 ? [when.join(' · ')] : []),
  ];
}

/** Size and time of a file. */
export function fileLine(file: { readonly size: number; readonly modified: number }): string {
  const time = new Date(file.modified).toLocaleString('sv-SE').slice(0, 16);
  return `${formatBytes(file.size)} · modified ${time}`;
}

export function formatName(format: CheckpointFormat): string {
  const names: Readonly<Record<CheckpointFormat, string>> = {
    pytorch: 'PyTorch',
    'pytorch-legacy': 'PyTorch (legacy)',
    safetensors: 'safetensors',
    npz: 'NumPy archive',
    keras: 'Keras',
    hdf5: 'HDF5',
    tfjs: 'TensorFlow.js',
    onnx: 'ONNX',
  };
  return names[format];
}
