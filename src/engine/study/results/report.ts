import { createHash } from 'node:crypto';
import { LANGUAGE_ELEMENT, type Language } from '../../../shared/language';
import type { PageContent, Snapshot } from '../../../shared/panelProtocol';
import { escapeJson } from '../../../shared/scriptJson';

export interface ReportParts {
  readonly content: PageContent;
  /** The panel's script and style sheet, as they were bundled. */
  readonly script: string;
  readonly style: string;
  /** English if absent. */
  readonly language?: Language;
}

/**
 * The panel as one page that needs nothing else: no server, no network, no editor. Its content
 * security policy lets this script and this style sheet run, by their hashes, and nothing more
 * (an empty style sheet too: the controls try one to learn what the browser can do).
 * Equal parts give equal bytes.
 */
export function renderReport({ content, script, style, language }: ReportParts): string {
  const safeScript = escapeScript(script);
  const safeStyle = escapeStyle(style);
  const policy = [
    "default-src 'none'",
    `script-src ${hashSource(safeScript)}`,
    `style-src ${hashSource(safeStyle)} ${hashSource('')}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const languageElement =
    language === undefined
      ? ''
      : `<script type="application/json" id="${LANGUAGE_ELEMENT}">${escapeJson(language)}</script>\n`;
  const noScript = language?.texts[NO_SCRIPT] ?? NO_SCRIPT;
  return `<!doctype html>
<html lang="${escapeText(language?.tag ?? 'en')}" class="basin-page">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeText(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Basin">
<title>${escapeText(titleOf(content.snapshot))}</title>
<style>${safeStyle}</style>
</head>
<body>
<div id="basin"><noscript>${escapeText(noScript)}</noscript></div>
${languageElement}<script type="application/json" id="basin-snapshot">${escapeJson(content)}</script>
<script>${safeScript}</script>
</body>
</html>
`;
}

const NO_SCRIPT =
  'This report draws its plots with a script; the numbers are in the page’s source, as JSON.';

function titleOf({ entries }: Snapshot): string {
  const runs = [...new Set(entries.map((entry) => entry.run))];
  return runs.length === 0 ? 'Basin' : `${runs.join(', ')} – Basin`;
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}

/** Within a string, a template or a pattern of the bundle the backslash changes nothing. */
function escapeScript(script: string): string {
  return script.replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--');
}

function escapeStyle(style: string): string {
  return style.replace(/<\/(style)/gi, '<\\/$1');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}
