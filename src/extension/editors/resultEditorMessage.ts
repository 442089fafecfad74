import { escapeHtml } from '../words/markdown';

/** A page of one sentence and one button, which says `reopenAsText`. Texts are escaped. */
export function messageHtml(options: {
  readonly title: string;
  readonly message: string;
  readonly button: string;
  /** Made for each page. */
  readonly nonce: string;
}): string {
  const { title, message, button, nonce } = options;
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'">
    <title>Basin</title>
    <style nonce="${nonce}">
      main { max-width: 56ch; margin: 0 auto; padding: 14vh 20px 0; text-align: center; }
      h1 { margin: 0; font-size: 15px; font-weight: 600; }
      p { margin: 6px 0 16px; overflow-wrap: anywhere; text-wrap: pretty; }
      button {
        height: 26px;
        padding: 0 12px;
        border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent));
        border-radius: 2px;
        background: var(--vscode-button-background);
        color: var(--vscode-button-foreground);
        font: inherit;
        cursor: pointer;
      }
      button:hover { background: var(--vscode-button-hoverBackground); }
      button:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
    </style>
  </head>
  <body>
    <main role="alert">
      <h1>${escapeHtml(title)}</h1>
      <p>${escapeHtml(message)}</p>
      <button type="button">${escapeHtml(button)}</button>
    </main>
    <script nonce="${nonce}">
      const editor = acquireVsCodeApi();
      document.querySelector('button').addEventListener('click', () => {
        editor.postMessage({ type: 'reopenAsText' });
      });
    </script>
  </body>
</html>
`;
}
