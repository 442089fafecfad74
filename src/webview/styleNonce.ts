/**
 * The controls try an empty style sheet to learn what the browser can do, when they are loaded.
 * They look here for the nonce that the page's policy lets it through with; the panel's own script
 * has it. Imported before everything else.
 */
const nonce = document.currentScript?.nonce;
if (nonce) {
  const meta = document.createElement('meta');
  meta.setAttribute('property', 'csp-nonce');
  meta.content = nonce;
  document.head.append(meta);
}
