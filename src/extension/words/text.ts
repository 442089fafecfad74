type Value = string | number;

/** Gives the text in the user's language, with `{0}`, `{1}` … filled in. */
export type Translation = (message: string, ...values: Value[]) => string;

/** English is what the source says. */
const english: Translation = (message, ...values) =>
  message.replace(/\{(\d+)\}/g, (hole, index: string) => String(values[Number(index)] ?? hole));

let translation = english;

/**
 * Takes the language of the window, once, when the extension starts: `vscode.l10n.t`. It is the one
 * thing the whole process shares, so that what only puts words together needs no editor.
 */
export function speak(with_: Translation = english): void {
  translation = with_;
}

/**
 * A text for people, in their language. The message is a literal, the key of
 * `l10n/bundle.l10n.*.json`; what comes from elsewhere is put into its holes.
 */
export function t(message: string, ...values: Value[]): string {
  return translation(message, ...values);
}
