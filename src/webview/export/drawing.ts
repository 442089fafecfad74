/** A plot as it leaves the panel: the same drawing in two forms, at a size of its own. */
export interface Drawing {
  /** A whole document, with its background. */
  svg(size: DrawingSize): string;
  /** @param scale pixels of the image for each of the drawing. */
  canvas(size: DrawingSize, scale: number): HTMLCanvasElement;
}

/** In CSS pixels: 96 to the inch. */
export interface DrawingSize {
  readonly width: number;
  readonly height: number;
}

/** Raw values of a plot, for another program: no rounding and no units in the cells. */
export interface DataTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** Text in a drawing that is made by hand. */
export interface DrawnText {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'middle' | 'end';
  readonly color: string;
}

const FONT_SIZE = 11;

/** An image with text over it, as an SVG document. */
export function svgOfImage(
  image: HTMLCanvasElement,
  { width, height }: DrawingSize,
  texts: readonly DrawnText[],
  style: { readonly background: string; readonly fontFamily: string },
): string {
  const lines = texts.map(
    ({ text, x, y, anchor, color }) =>
      `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" dominant-baseline="central" fill="${escapeXml(color)}">${escapeXml(text)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escapeXml(style.fontFamily)}" font-size="${FONT_SIZE}">`,
    `<rect width="${width}" height="${height}" fill="${escapeXml(style.background)}"/>`,
    `<image width="${width}" height="${height}" href="${image.toDataURL('image/png')}"/>`,
    ...lines,
    '</svg>',
  ].join('\n');
}

/** The same as pixels. */
export function canvasOfImage(
  image: HTMLCanvasElement,
  { width, height }: DrawingSize,
  scale: number,
  texts: readonly DrawnText[],
  style: { readonly background: string; readonly fontFamily: string },
): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  context.fillStyle = style.background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  context.scale(scale, scale);
  context.font = `${FONT_SIZE}px ${style.fontFamily}`;
  context.textBaseline = 'middle';
  for (const { text, x, y, anchor, color } of texts) {
    context.textAlign = anchor === 'middle' ? 'center' : anchor;
    context.fillStyle = color;
    context.fillText(text, x, y);
  }
  return canvas;
}

function escapeXml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
