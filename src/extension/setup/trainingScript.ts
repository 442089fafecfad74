import { scanCode } from '../code/codeStrings';

/** Where the line for Basin goes in a training script, and what it says. */
export interface ExportPlace {
  /** Before this line, from 0. */
  readonly line: number;
  readonly indentation: string;
  /** Arguments of `export`, as the script calls them. */
  readonly model: string;
  readonly batches: string;
  /** Absent where the model computes its own loss. */
  readonly loss: string | null;
  /** Whether every name was found in the script; others are for the user to fill in. */
  readonly isCertain: boolean;
}

/** Longer files were not written by hand. */
const MAX_LENGTH = 500_000;

/**
 * The place before the training begins: before the outermost loop around `.backward()`, or before a
 * Trainer is told to train. A loop in a function that is called from the script's own loop is not it.
 */
export function findExportPlace(text: string): ExportPlace | null {
  if (text.length > MAX_LENGTH) return null;
  const script = new Script(scanCode(text, 'python').code);
  return script.ofTrainer() ?? script.ofLoop();
}

/** The line to insert, with how the script finds the file. @param folder of the run as the script sees it; null beside it. */
export function exportLine(place: ExportPlace, folder: string | null): string {
  const { model, batches, loss, indentation } = place;
  const call = `export(${[model, batches, ...(loss === null ? [] : [loss])].filter(Boolean).join(', ')})`;
  const importing =
    folder === null
      ? 'from basin_export import export'
      : `import sys; sys.path.insert(0, ${JSON.stringify(folder)}); from basin_export import export`;
  return `${indentation}${importing}; ${call}\n`;
}

class Script {
  /** Without strings and comments. */
  private readonly lines: readonly string[];

  constructor(private readonly code: string) {
    this.lines = code.split('\n');
  }

  /** `trainer.train()` of transformers, `trainer.fit(module, …)` of Lightning. */
  ofTrainer(): ExportPlace | null {
    for (const [line, content] of this.lines.entries()) {
      const [, indentation, trainer, method, given] =
        /^(\s*)(?:\w+\s*=\s*)?(\w+)\.(train|fit)\((.*)$/.exec(content) ?? [];
      if (indentation === undefined || trainer === undefined) continue;
      const isTrainer = new RegExp(`\\b${trainer}\\s*=\\s*(?:\\w+\\.)*\\w*Trainer\\(`).test(
        this.code,
      );
      if (!isTrainer) continue;
      const place = { line, indentation, loss: null };
      if (method === 'train') return { ...place, model: trainer, batches: '', isCertain: true };
      const [module, loader] = argumentsOf(given ?? '');
      const batches = loader?.replace(/^\w+\s*=\s*/, '') ?? 'loader';
      return { ...place, model: module ?? 'model', batches, isCertain: loader !== undefined };
    }
    return null;
  }

  ofLoop(): ExportPlace | null {
    const backward = this.lines.findIndex((line) => line.includes('.backward('));
    if (backward === -1) return null;
    const names = this.namesAround(backward);
    let at = backward;
    let { model, batches, loss } = names;
    for (let depth = 0; depth < 3; depth++) {
      const start = this.outermostLoop(at);
      const inside = this.functionAround(at);
      // Where the model is not given but made, and where it is called once, is the training itself.
      const caller =
        inside === null || model === null || !inside.parameters.includes(model)
          ? null
          : this.callOf(inside.name, inside.line);
      if (inside === null || caller === null || !this.isInLoop(caller.line)) {
        return this.place(start, model, batches, loss);
      }
      // The function's names are those of what it is called with.
      const outside = (name: string | null): string | null =>
        name === null
          ? null
          : (caller.given.get(name) ?? caller.byPlace(inside.parameters, name) ?? name);
      [model, batches, loss] = [outside(model), outside(batches), outside(loss)];
      at = caller.line;
    }
    return this.place(this.outermostLoop(at), model, batches, loss);
  }

  private place(
    line: number,
    model: string | null,
    batches: string | null,
    loss: string | null,
  ): ExportPlace {
    const evaluation = this.evaluationLoader(line);
    const ownLoss = loss === null && /\.loss\b|\[\s*.?loss/.test(this.code);
    return {
      line,
      indentation: /^\s*/.exec(this.lines[line] ?? '')?.[0] ?? '',
      model: model ?? 'model',
      batches: (batches?.startsWith('(') === true ? null : evaluation) ?? batches ?? 'loader',
      loss: loss ?? (ownLoss ? null : 'loss'),
      isCertain: model !== null && (batches ?? evaluation) !== null && (loss !== null || ownLoss),
    };
  }

  private namesAround(backward: number): Record<'model' | 'batches' | 'loss', string | null> {
    const from = this.outermostLoop(backward);
    const block = this.lines.slice(from, this.endOfBlock(from)).join('\n');
    const isModel = (name: string): boolean => !/optim|sched|scaler|ema|^opt$/i.test(name);
    const found = (pattern: RegExp, text: string): string | undefined =>
      [...text.matchAll(pattern)].map(([, name]) => name!).find(isModel);
    const loss = this.lossIn(block);
    const given = this.functionAround(backward)?.parameters ?? [];
    const model =
      given.find((each) => each !== loss && isModel(each) && isCalled(each, block)) ??
      found(/\b([A-Za-z_][\w.]*?)(?:\.module)?\.state_dict\(/g, block) ??
      found(/\b([A-Za-z_][\w.]*)\.train\(\)/g, block) ??
      found(/\b([A-Za-z_][\w.]*?)(?:\.module)?\.state_dict\(/g, this.code) ??
      found(/\b([A-Za-z_][\w.]*)\.parameters\(\)/g, this.code) ??
      null;
    return {
      model,
      loss,
      batches: this.batchesAt(backward, from) ?? this.wholeBatch(block, model),
    };
  }

  /** The loss as an expression: a module's name, or a function of PyTorch with its options. */
  private lossIn(block: string): string | null {
    for (const [, name] of this.code.matchAll(
      /^\s*([\w.]+)\s*=\s*(?:torch\.)?(?:nn\.)?\w*Loss\(/gm,
    )) {
      if (new RegExp(`\\b${name!.replaceAll('.', '\\.')}\\(`).test(block)) return name!;
    }
    const call =
      /\b((?:F|torch\.nn\.functional|nn\.functional)\.(?:cross_entropy|nll_loss|mse_loss|l1_loss|huber_loss|smooth_l1_loss|binary_cross_entropy_with_logits))\(/.exec(
        block,
      );
    if (call !== null) {
      const given = argumentsOf(block.slice(call.index + call[0].length));
      const options = given.slice(2);
      return options.length === 0
        ? call[1]!
        : `lambda out, y: ${call[1]}(out, y, ${options.join(', ')})`;
    }
    // A function of the script's own, or a parameter of this one.
    return /\b(criterion|loss_fn|loss_function|loss_func)\(/.exec(block)?.[1] ?? null;
  }

  /** What the innermost loop around the step goes over, where that is no count. */
  private batchesAt(backward: number, from: number): string | null {
    let indentation = indentationOf(this.lines[backward]!);
    for (let line = backward; line >= from; line--) {
      const content = this.lines[line]!;
      if (content.trim() === '' || indentationOf(content) >= indentation) continue;
      indentation = indentationOf(content);
      const over = /^\s*(?:async\s+)?for\s+.+?\s+in\s+(.+):\s*$/.exec(content)?.[1];
      if (over === undefined) continue;
      const name = over.replace(/^(?:(?:\w+\.)?(?:enumerate|tqdm|track|trange)\(\s*)+/, '');
      const [, loader] = /^([A-Za-z_][\w.]*)\s*(?:[,)]|$)/.exec(name) ?? [];
      if (loader !== undefined && !/^(range|zip|tqdm)$/.test(loader)) return loader;
    }
    return null;
  }

  /** Of training on all data at once: `loss(model(x), y)`, also in two lines. */
  private wholeBatch(block: string, model: string | null): string | null {
    if (model === null) return null;
    const call = new RegExp(`\\b${model.replaceAll('.', '\\.')}\\(([\\w., \\[\\]:]+)\\)`).exec(
      block,
    );
    if (call === null) return null;
    const rest = block.slice(call.index + call[0].length);
    const target =
      /^\s*(?:\.\w+\([^()]*\))?\s*,\s*([A-Za-z_][\w.]*)/.exec(rest)?.[1] ??
      /\w*(?:loss|criterion|F\.\w+)\w*\(\s*\w+(?:\.\w+\([^()]*\))?\s*,\s*([A-Za-z_][\w.]*)/i.exec(
        rest,
      )?.[1];
    return target === undefined ? null : `(${call[1]!.trim()}, ${target})`;
  }

  /** A loader of evaluation data that is there before the line, at its level. */
  private evaluationLoader(before: number): string | null {
    const limit = indentationOf(this.lines[before] ?? '');
    for (let line = before - 1; line >= 0; line--) {
      const content = this.lines[line]!;
      const [, name] =
        /^\s*(?:\w+\s*,\s*)*((?:val|valid|validation|test|eval)\w*(?:loader|dl|batches)\w*)\s*(?:,\s*\w+\s*)*=/i.exec(
          content,
        ) ?? [];
      if (name !== undefined && indentationOf(content) <= limit) return name;
    }
    return null;
  }

  private outermostLoop(inside: number): number {
    let outermost = inside;
    let indentation = indentationOf(this.lines[inside]!);
    for (let line = inside - 1; line >= 0 && indentation > 0; line--) {
      const content = this.lines[line]!;
      if (content.trim() === '' || indentationOf(content) >= indentation) continue;
      indentation = indentationOf(content);
      if (/^\s*(?:async\s+)?def\b|^\s*class\b/.test(content)) break;
      if (/^\s*(?:for|while|with|try|if)\b/.test(content) && !/^\s*if\s+__name__/.test(content))
        outermost = line;
    }
    return outermost;
  }

  private isInLoop(inside: number): boolean {
    const start = this.outermostLoop(inside);
    return this.lines.slice(start, inside).some((line) => /^\s*(?:for|while)\b/.test(line));
  }

  private functionAround(inside: number): {
    readonly name: string;
    readonly line: number;
    readonly parameters: readonly string[];
  } | null {
    let indentation = indentationOf(this.lines[inside]!);
    for (let line = inside; line >= 0 && indentation > 0; line--) {
      const content = this.lines[line]!;
      if (content.trim() === '' || indentationOf(content) >= indentation) continue;
      indentation = indentationOf(content);
      const [, name] = /^\s*(?:async\s+)?def\s+(\w+)\(/.exec(content) ?? [];
      if (name === undefined) continue;
      const rest = this.lines.slice(line, line + 20).join('\n');
      const parameters = argumentsOf(rest.slice(rest.indexOf('(') + 1)).map(
        (each) => /^\w+/.exec(each)?.[0] ?? '',
      );
      return { name, line, parameters };
    }
    return null;
  }

  private callOf(name: string, definition: number) {
    const pattern = new RegExp(`(?<!def )\\b${name}\\(`);
    const line = this.lines.findIndex((content, at) => at !== definition && pattern.test(content));
    if (line === -1) return null;
    const rest = this.lines.slice(line, line + 20).join('\n');
    const open = rest.search(pattern) + rest.slice(rest.search(pattern)).indexOf('(') + 1;
    const all = argumentsOf(rest.slice(open));
    const given = new Map(
      all.flatMap((each) => {
        const [, key, value] = /^(\w+)\s*=\s*(.+)$/s.exec(each) ?? [];
        return key === undefined || value === undefined ? [] : [[key, value] as const];
      }),
    );
    const positional = all.filter((each) => !/^\w+\s*=[^=]/.test(each));
    return {
      line,
      given,
      byPlace: (parameters: readonly string[], parameter: string): string | undefined =>
        positional[parameters.indexOf(parameter)],
    };
  }

  private endOfBlock(start: number): number {
    const indentation = indentationOf(this.lines[start]!);
    let line = start + 1;
    for (; line < this.lines.length; line++) {
      const content = this.lines[line]!;
      if (content.trim() !== '' && indentationOf(content) <= indentation) break;
    }
    return line;
  }
}

function isCalled(name: string, code: string): boolean {
  return /^\w+$/.test(name) && new RegExp(`(?<![\\w.])${name}\\(`).test(code);
}

function indentationOf(line: string): number {
  return /^[\t ]*/.exec(line)![0].replaceAll('\t', '    ').length;
}

/** The arguments up to the parenthesis that closes them. */
function argumentsOf(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth < 0) {
      const last = text.slice(start, at).trim();
      return last === '' ? found : [...found, last];
    } else if (character === ',' && depth === 0) {
      found.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return found;
}
