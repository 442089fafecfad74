import * as vscode from 'vscode';
import type { Language } from '../../shared/language';
import { engineTemplates } from '../words/engineTemplates';

/** What pages are told of the language of the window; nothing where it is English. */
export function windowLanguage(): { readonly language?: Language } {
  const { bundle } = vscode.l10n;
  return bundle === undefined
    ? {}
    : { language: { tag: vscode.env.language, texts: bundle, sentences: engineTemplates() } };
}
