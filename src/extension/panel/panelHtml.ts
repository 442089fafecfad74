import { randomBytes } from 'node:crypto';
import { LANGUAGE_ELEMENT, type Language } from '../../shared/language';
import { escapeJson } from '../../shared/scriptJson';

/** The panel's page. Nothing that comes from a file is in it: data arrives as messages. */
export function panelHtml(options: {
  /** Address of the panel's script. */
  readonly script: string;
  readonly style: string;
  /** What VS Code calls its own resources in a content security policy. */
  readonly cspSource: string;
  /** Made for each page. */
  readonly nonce: string;
  /** Whether it shows one document on its own, which nobody can analyze from there. */
  readonly single?: boolean;
  /** English if absent. */
  readonly language?: Language;
}): string {
  const { script, style, cspSource, nonce, single = false, language } = options;
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `img-src ${cspSource} data: blob:`,
    `font-src ${cspSource}`,
  ].join('; ');
  const texts =
    language === undefined
      ? ''
      : `<script type="application/json" id="${LANGUAGE_ELEMENT}">${escapeJson(language)}</script>\n    `;
  return `<!DOCTYPE html>
<html lang="${language?.tag.replace(/[^\w-]/g, '') ?? 'en'}">
  <head>
    <meta charset="UTF-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1.0">
    <title>Basin</title>
    <link rel="stylesheet" nonce="${nonce}" href="${style}">
  </head>
  <body>
    <div id="basin"${single ? ' data-single' : ''}></div>
    ${texts}<script nonce="${nonce}" src="${script}"></script>
  </body>
</html>
`;
}

export function createNonce(): string {
  return randomBytes(18).toString('base64url');
}
