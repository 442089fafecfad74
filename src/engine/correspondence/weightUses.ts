import type { Shape } from '../tensor';
import { TensorProto_DataType, type GraphProto, type TensorProto } from '../graph/onnx/onnx_pb';
import { tensorKinds } from '../graph/onnx/initializers';

/** One place where a graph reads an initializer. */
export interface WeightUse {
  /** Of the node, in the graph. */
  readonly node: number;
  /** Of the input, in the node. */
  readonly position: number;
  /** Name of the module the node belongs to, as state dicts have it; null where it is not said. */
  readonly module: string | null;
}

/** A floating-point initializer and where it is read. */
export interface Initializer {
  readonly tensor: TensorProto;
  readonly shape: readonly number[];
  readonly uses: readonly WeightUse[];
  /**
   * Whether the exporter made it of others: folded, fused. A weight of the checkpoint otherwise, or
   * what the module does not save.
   */
  readonly isDerived: boolean;
  /** What it was made of, where the exporter says so. */
  readonly madeOf: readonly string[] | null;
  /** Whether it is in no state dict, as the exporter says. */
  readonly isUnsaved: boolean;
}

const SCOPES = 'pkg.torch.onnx.name_scopes';

/** Names of what PyTorch's older exporter folds, and ONNX Runtime's optimiser fuses. */
const DERIVED = /^(onnx::|(Conv(Bn|Mul|Add)|MatMulBn)Fusion_)/;

const FOLDED = 'pkg.onnxscript.optimizer.folded_from';

/** Whether PyTorch's newer exporter wrote a graph, which says what is a parameter. */
export function saysKinds(graph: GraphProto): boolean {
  return graph.node.some(({ metadataProps }) => metadataProps.some(({ key }) => key === SCOPES));
}

/** The floating-point initializers of a graph by their names. */
export function initializersOf(graph: GraphProto): ReadonlyMap<string, Initializer> {
  const uses = new Map<string, WeightUse[]>();
  graph.node.forEach(({ input, name, metadataProps }, node) => {
    const scopes = metadataProps.find(({ key }) => key === SCOPES)?.value;
    const module = scopes === undefined ? moduleOfPath(name) : moduleOfScopes(scopes);
    input.forEach((value, position) => {
      if (value === '') return;
      const own = uses.get(value);
      if (own === undefined) uses.set(value, [{ node, position, module }]);
      else own.push({ node, position, module });
    });
  });
  const kinds = tensorKinds(graph);
  const isSaid = saysKinds(graph);
  const folded = new Map(
    graph.valueInfo.flatMap(({ name, metadataProps }) => {
      const from = metadataProps.find(({ key }) => key === FOLDED)?.value;
      return from === undefined ? [] : [[name, listIn(from)] as const];
    }),
  );
  return new Map(
    graph.initializer.filter(isFloat).map((tensor) => [
      tensor.name,
      {
        tensor,
        shape: tensor.dims.map(Number),
        uses: uses.get(tensor.name) ?? [],
        isDerived: isSaid ? !kinds.has(tensor.name) : DERIVED.test(tensor.name),
        madeOf: folded.get(tensor.name) ?? null,
        isUnsaved: kinds.get(tensor.name) === 'unsaved',
      },
    ]),
  );
}

function isFloat({ dataType }: TensorProto): boolean {
  return (
    dataType === (TensorProto_DataType.FLOAT as number) ||
    dataType === (TensorProto_DataType.DOUBLE as number)
  );
}

/** The texts of a list as Python prints it: `['', '0', '0.norm1', 'layer_norm']`. */
function listIn(text: string): readonly string[] {
  return [...text.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, a, b]) => a ?? b ?? '');
}

/** Modules from the outermost in, and at last the operation. */
function moduleOfScopes(scopes: string): string | null {
  return listIn(scopes).at(-2) ?? null;
}

/** The older exporter's names of nodes: `/layer1/layer1.0/conv1/Conv` is in `layer1.0.conv1`. */
function moduleOfPath(name: string): string | null {
  if (!name.startsWith('/')) return null;
  const parts = name.slice(1).split('/').slice(0, -1);
  const modules: string[] = [];
  for (const part of parts) {
    // A module of a list is called by both names.
    const outer = modules.at(-1);
    if (outer !== undefined && part.startsWith(`${outer}.`)) modules.pop();
    modules.push(part);
  }
  return modules.join('.');
}

/** The module a tensor of a state dict belongs to, and its name there. */
export function splitName(name: string): readonly [module: string, leaf: string] {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** The name of a tensor of a module. */
export function joinName(module: string, leaf: string): string {
  return module === '' ? leaf : `${module}.${leaf}`;
}

/** Whether a module is another one or a part of it. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || outer === '' || inner.startsWith(`${outer}.`);
}

/** Layers a BatchNorm behind them is folded into. */
export const FOLDING: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm']);

/** Operators whose weight and bias are the second and third input, and then statistics. */
export const NAMED_PLACES: ReadonlySet<string> = new Set([
  'BatchNormalization',
  'LayerNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'Gemm',
  'Conv',
  'ConvTranspose',
]);

/** Layers with weights at the second place and a bias at the third, or added. */
export const LAYERS: ReadonlySet<string> = new Set(['Gemm', 'Conv', 'ConvTranspose', 'MatMul']);

/** Names that stand for a weight that was equal at export, as the older exporter writes them. */
export function* aliasesOf(
  graph: GraphProto,
  named: ReadonlyMap<string, Shape>,
): Generator<readonly [string, Shape]> {
  for (const { opType, input, output } of graph.node) {
    const [source] = input;
    const [target] = output;
    if (opType !== 'Identity' || source === undefined || target === undefined) continue;
    const shape = named.get(source);
    if (shape !== undefined && !target.startsWith('/')) yield [target, shape];
  }
}
