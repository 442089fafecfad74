import * as vscode from 'vscode';
import { createNonce, panelHtml } from './panelHtml';
import { windowLanguage } from './windowLanguage';

/**
 * A page that was bundled as `NAME.js` and `NAME.css`, in the language of the window.
 *
 * @param dist where bundles are; the webview must be allowed to read it.
 * @param single as that of `panelHtml`.
 */
export function bundledPage(
  webview: vscode.Webview,
  dist: vscode.Uri,
  name: string,
  single = false,
): string {
  const address = (file: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(dist, file)).toString();
  return panelHtml({
    script: address(`${name}.js`),
    style: address(`${name}.css`),
    cspSource: webview.cspSource,
    nonce: createNonce(),
    single,
    ...windowLanguage(),
  });
}
