import { InputError } from '../../shared/inputError';
import { say } from '../../shared/words/message';

/**
 * A glob in which `{name}` stands for one factor: `beta-{beta}/seed-{seed}/step-*.pt` has the factors
 * beta and seed, each what stands in its place in the path of a checkpoint.
 */
export interface CheckpointPattern {
  readonly text: string;
  /** In the order they stand. */
  readonly factors: readonly string[];
  /** With a star for each factor. */
  readonly glob: string;
  /** The factors of a path, with forward slashes; null where it does not fit. */
  readonly match: (path: string) => Readonly<Record<string, string>> | null;
}

const FACTOR = /\{([^{}]*)\}/g;
const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/** @throws InputError where a brace holds no name, or a name twice. */
export function checkpointPattern(text: string, file: string): CheckpointPattern {
  const factors = [...text.matchAll(FACTOR)].map(([, name]) => name!);
  for (const name of factors) {
    if (!NAME.test(name)) {
      throw new InputError(
        say`${file}: "checkpoints" has {${name}}, and a factor is a name of letters, digits and _, as in {seed}; list what differs as patterns of their own.`,
      );
    }
  }
  const twice = factors.find((name, at) => factors.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new InputError(
      say`${file}: "checkpoints" has the factor {${twice}} twice in ${text}; give each place a name of its own.`,
    );
  }
  const expression = new RegExp(`^${expressionOf(text)}$`, 'u');
  return {
    text,
    factors,
    glob: text.replaceAll(FACTOR, '*'),
    match: (path) => {
      const found = expression.exec(path);
      return found === null ? null : { ...found.groups };
    },
  };
}

/** `**` stands for any folders, `*` and a factor for anything within a name, `?` for one character. */
function expressionOf(glob: string): string {
  return glob.replaceAll(
    /\{([^{}]*)\}|\*\*\/|\*\*|\*|\?|[^{}*?]+/g,
    (piece, name: string | undefined) => {
      if (name !== undefined) return `(?<${name}>[^/]+?)`;
      if (piece === '**/') return '(?:[^/]+/)*';
      if (piece === '**') return '.*';
      if (piece === '*') return '[^/]*';
      if (piece === '?') return '[^/]';
      return piece.replaceAll(/[.+^$()|[\]\\/]/g, '\\$&');
    },
  );
}
