import type * as z from 'zod';
import { configurationSchema, type WrittenConfiguration } from './configuration';
import { unfitMessage } from './unfit';
import { say, type Message } from './words/message';

/** What is wrong with a setting of a basin.json. */
export interface SettingProblem {
  /** Of the setting, from the top of the file. */
  readonly path: readonly PropertyKey[];
  /** The rest of a sentence that begins with the setting's name. */
  readonly message: Message;
  /** Whether a JSON schema cannot say it: values that do not belong together. */
  readonly isBeyondSchema: boolean;
}

/** What a basin.json holds, or what is wrong with it. */
export type Checked =
  | { readonly ok: true; readonly configuration: WrittenConfiguration }
  | { readonly ok: false; readonly problems: readonly SettingProblem[] };

/** Checks the value of a basin.json against the schema, and says in Basin's words what is wrong. */
export function checkConfiguration(value: unknown): Checked {
  const result = configurationSchema.safeParse(value);
  if (result.success) return { ok: true, configuration: result.data };
  return { ok: false, problems: problemsOf(result.error, value) };
}

/** What is wrong with a value by a schema, in Basin's words. */
export function problemsOf(error: z.ZodError, value: unknown): readonly SettingProblem[] {
  return error.issues.flatMap((issue) => problems(issue, [], value));
}

type Issue = z.core.$ZodIssue;

function problems(
  issue: Issue,
  above: readonly PropertyKey[],
  root: unknown,
): readonly SettingProblem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: say`is no setting that is known here; check its name and its place`,
      isBeyondSchema: false,
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The alternative that was meant is the one of the right kind.
    const meant = issue.errors.find((errors) =>
      errors.some((error) => error.code !== 'invalid_type' || error.path.length > 0),
    );
    if (meant !== undefined) return meant.flatMap((error) => problems(error, path, root));
    const kinds = issue.errors.flatMap(([error]) =>
      error?.code === 'invalid_type' ? [kindOf(error.expected)] : [],
    );
    const kind = kinds.reduce((one, other) => say`${one} or ${other}`);
    const given = at(root, path);
    const message =
      given === undefined
        ? say`is missing; it must be ${kind}`
        : say`must be ${kind}, not ${described(given)}`;
    return [{ path, message, isBeyondSchema: false }];
  }
  return [{ path, message: messageOf(issue, path, root), isBeyondSchema: issue.code === 'custom' }];
}

/** What values are called in a basin.json. */
const KINDS: Readonly<Record<string, Message>> = {
  string: say`a text`,
  number: say`a number`,
  int: say`a whole number`,
  boolean: say`true or false`,
  array: say`a list`,
  tuple: say`a list`,
  object: say`an object`,
  record: say`an object with a value for each name`,
};

function kindOf(expected: string): string | Message {
  return KINDS[expected] ?? expected;
}

function messageOf(issue: Issue, path: readonly PropertyKey[], root: unknown): Message {
  switch (issue.code) {
    case 'invalid_type': {
      const kind = kindOf(issue.expected);
      if (path.length === 0)
        return say`the file must hold an object, as in {"checkpoints": […], …}`;
      return at(root, path) === undefined
        ? say`is missing; it must be ${kind}`
        : say`must be ${kind}, not ${described(at(root, path))}`;
    }
    case 'invalid_value':
      return say`must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}, not ${described(at(root, path))}`;
    case 'invalid_union': {
      // Without alternatives: the setting that tells them apart.
      const { options = [] } = issue as { readonly options?: readonly unknown[] };
      const known = options.map((option) => JSON.stringify(option)).join(', ');
      return at(root, path) === undefined
        ? say`is missing; it must be one of ${known}`
        : say`must be one of ${known}, not ${described(at(root, path))}`;
    }
    case 'too_small': {
      const least = String(issue.minimum);
      if (issue.origin === 'string') return say`must not be empty`;
      if (issue.origin === 'array') return say`must have ${least} or more elements`;
      return issue.inclusive === false
        ? say`must be greater than ${least}`
        : say`must be ${least} or more, not ${described(at(root, path))}`;
    }
    case 'too_big': {
      const most = String(issue.maximum);
      if (issue.origin === 'array') return say`must have ${most} or fewer elements`;
      return issue.inclusive === false
        ? say`must be less than ${most}`
        : say`must be ${most} or less, not ${described(at(root, path))}`;
    }
    case 'custom':
      return unfitMessage(issue) ?? say`is not what it must be`;
    case 'invalid_key':
    case 'invalid_element':
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return say`is not what it must be`;
  }
}

function described(value: unknown): string | Message {
  if (value === null) return 'null';
  if (Array.isArray(value)) return say`a list`;
  if (typeof value === 'object') return say`an object`;
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** The value at a path; undefined where there is none. */
function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (here, key) =>
      typeof here === 'object' && here !== null && Object.hasOwn(here, key)
        ? (here as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}
