/** Signs of Basin's captions that plain LaTeX has in mathematics only. */
const SIGNS: Readonly<Record<string, string>> = {
  '−': '$-$',
  '×': '$\\times$',
  '±': '$\\pm$',
  '≤': '$\\le$',
  '≥': '$\\ge$',
  '∞': '$\\infty$',
  '∆': '$\\Delta$',
  Δ: '$\\Delta$',
  α: '$\\alpha$',
  β: '$\\beta$',
  δ: '$\\delta$',
  η: '$\\eta$',
  θ: '$\\theta$',
  λ: '$\\lambda$',
  ρ: '$\\rho$',
  σ: '$\\sigma$',
  '○': '$\\circ$',
  '●': '$\\bullet$',
  '△': '$\\triangle$',
  '▫': '$\\square$',
  '→': '$\\to$',
  '·': '$\\cdot$',
  '\u00a0': '~',
  '\u2009': '\\,',
  '–': '--',
  '’': "'",
  '“': '``',
  '”': "''",
  '…': '\\ldots{}',
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};
const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉';
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Text of a caption: what LaTeX would take as a command is escaped, signs become mathematics. */
export function latexText(text: string): string {
  return text
    .replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|[₀₁₂₃₄₅₆₇₈₉]+|[\\~^]|[#$%&_{}]|[^\x20-\x7e]/g, (sign) => {
      if (/^[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]/.test(sign)) return `$^{${digits(sign, SUPERSCRIPTS)}}$`;
      if (/^[₀-₉]/.test(sign)) return `$_{${digits(sign, SUBSCRIPTS)}}$`;
      if (/^[#$%&_{}]$/.test(sign)) return `\\${sign}`;
      return SIGNS[sign] ?? sign;
    })
    .replace(/\$\$/g, '');
}

function digits(text: string, alphabet: string): string {
  return Array.from(text, (sign) => (sign === '⁻' ? '-' : alphabet.indexOf(sign))).join('');
}

/** A figure that takes the picture by its name. */
export function latexFigure(name: string, caption: string): string {
  return [
    '\\begin{figure}[t]',
    '  \\centering',
    `  \\includegraphics[width=\\linewidth]{${name}.png}`,
    `  % or, with the package svg: \\includesvg[width=\\linewidth]{${name}.svg}`,
    `  \\caption{${latexText(caption)}}`,
    `  \\label{fig:${name}}`,
    '\\end{figure}',
    '',
  ].join('\n');
}
