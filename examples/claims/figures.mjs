import { deflateSync, crc32 } from 'node:zlib';
import { superscript, verdictOf } from './statistics.mjs';

const INK = '#1b1f24';
const FAINT = '#8a919a';
export const COLORS = ['#0054a6', '#c85000', '#2f7d32', '#7b3fa0', '#8a6d00', '#008a8a'];

/** What each colour is where a dark page is asked for; planes keep theirs. */
const DARK = {
  [INK]: '#e6edf3',
  [FAINT]: '#6e7681',
  '#57606a': '#9198a1',
  '#6b7280': '#9198a1',
  '#9aa3ad': '#7d8590',
  '#e6e8eb': '#262c36',
  '#dfe2e6': '#30363d',
  '#f7f8f9': '#161b22',
  [COLORS[0]]: '#58a6ff',
  [COLORS[1]]: '#f0883e',
  [COLORS[2]]: '#56d364',
  [COLORS[3]]: '#d2a8ff',
  [COLORS[4]]: '#e3b341',
  [COLORS[5]]: '#39c5cf',
};
const STYLE = `@media (prefers-color-scheme: dark) { rect[fill="#fff"] { fill: #0d1117 } ${Object.entries(
  DARK,
)
  .map(
    ([light, dark]) =>
      `[fill="${light}"] { fill: ${dark} } [stroke="${light}"] { stroke: ${dark} }`,
  )
  .join(' ')} }`;

/** A drawing as an SVG document on a ground of its own, light or dark as the reader has it. */
export class Drawing {
  constructor(width, height) {
    this.parts = [];
    this.width = width;
    this.height = height;
  }

  add(...parts) {
    this.parts.push(...parts);
  }

  text(x, y, text, { size = 11, anchor = 'start', color = INK, weight = 400, turn = 0 } = {}) {
    const turned = turn === 0 ? '' : ` transform="rotate(${turn} ${px(x)} ${px(y)})"`;
    this.add(
      `<text x="${px(x)}" y="${px(y)}" font-size="${size}" text-anchor="${anchor}" fill="${color}" font-weight="${weight}"${turned}>${escaped(text)}</text>`,
    );
  }

  line(points, { color = INK, width = 1, dash = '', opacity = 1 } = {}) {
    if (points.length < 2) return;
    const path = points.map(([x, y]) => `${px(x)},${px(y)}`).join(' ');
    this.add(
      `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="${width}" stroke-dasharray="${dash}" stroke-linejoin="round" opacity="${opacity}"/>`,
    );
  }

  dot(x, y, { color = INK, radius = 3, fill = color, opacity = 1, width = 1 } = {}) {
    this.add(
      `<circle cx="${px(x)}" cy="${px(y)}" r="${radius}" fill="${fill}" stroke="${color}" stroke-width="${width}" opacity="${opacity}"/>`,
    );
  }

  square(x, y, { color = INK, radius = 3, fill = 'none', width = 1.3 } = {}) {
    this.add(
      `<rect x="${px(x - radius)}" y="${px(y - radius)}" width="${2 * radius}" height="${2 * radius}" fill="${fill}" stroke="${color}" stroke-width="${width}"/>`,
    );
  }

  triangle(x, y, { color = INK, radius = 4, fill = color } = {}) {
    const points = [
      [x, y - radius],
      [x - radius, y + 0.75 * radius],
      [x + radius, y + 0.75 * radius],
    ];
    this.add(
      `<polygon points="${points.map(([a, b]) => `${px(a)},${px(b)}`).join(' ')}" fill="${fill}" stroke="#fff" stroke-width="0.8"/>`,
    );
  }

  toString() {
    const { width, height } = this;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif">`,
      `<style>${STYLE}</style>`,
      `<rect width="${width}" height="${height}" fill="#fff"/>`,
      ...this.parts,
      '</svg>',
      '',
    ].join('\n');
  }
}

/**
 * A frame with ticks.
 *
 * @param scale of either axis: `{ low, high, log, ticks }`; ticks are places, or [place, text].
 * @returns where a value is in the drawing, for both axes.
 */
export function frame(drawing, box, { x, y, title, xLabel, yLabel, grid = true }) {
  const { left, top, width, height } = box;
  const placeX = (value) => left + width * shareOf(x, value);
  const placeY = (value) => top + height * (1 - shareOf(y, value));
  for (const [value, text] of x.ticks.map(tick)) {
    const at = placeX(value);
    drawing.line(
      [
        [at, top + height],
        [at, top + height + 4],
      ],
      { color: FAINT },
    );
    drawing.text(at, top + height + 15, text, { size: 10, anchor: 'middle' });
  }
  for (const [value, text] of y.ticks.map(tick)) {
    const at = placeY(value);
    if (grid)
      drawing.line(
        [
          [left, at],
          [left + width, at],
        ],
        { color: '#e6e8eb' },
      );
    drawing.text(left - 5, at + 3.5, text, { size: 10, anchor: 'end' });
  }
  drawing.add(
    `<rect x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(height)}" fill="none" stroke="${FAINT}"/>`,
  );
  if (title !== undefined)
    drawing.text(left + width / 2, top - 8, title, { size: 12, anchor: 'middle', weight: 600 });
  if (xLabel !== undefined)
    drawing.text(left + width / 2, top + height + 30, xLabel, { size: 11, anchor: 'middle' });
  if (yLabel !== undefined)
    drawing.text(left - 40, top + height / 2, yLabel, { size: 11, anchor: 'middle', turn: -90 });
  return { x: placeX, y: placeY };
}

function shareOf({ low, high, log }, value) {
  const clamped = Math.min(high, Math.max(low, value));
  return log ? Math.log(clamped / low) / Math.log(high / low) : (clamped - low) / (high - low);
}

function tick(each) {
  return Array.isArray(each) ? each : [each, String(each)];
}

/** Powers of ten, as many as there is room for; of fewer than two decades 1, 2 and 5 of each. */
export function logScale(low, high, most = 5) {
  if (high / low < 100) return narrowLogScale(low, high);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const stride = Math.max(1, Math.ceil((last - first) / most));
  const ticks = [];
  for (let exponent = first; exponent <= last; exponent += stride) {
    ticks.push([10 ** exponent, exponent === 0 ? '1' : `10${superscript(exponent)}`]);
  }
  return { low: 10 ** first, high: 10 ** last, log: true, ticks };
}

function narrowLogScale(low, high) {
  const marks = [];
  for (let k = Math.floor(Math.log10(low)); 10 ** k <= 10 * high; k++) {
    for (const digit of [1, 2, 5]) marks.push(Number(`${digit}e${k}`));
  }
  const first = marks.findLastIndex((mark) => mark <= low);
  const last = marks.findIndex((mark) => mark >= high);
  const shown = marks.slice(first, Math.max(last, first + 1) + 1);
  return {
    low: shown[0],
    high: shown.at(-1),
    log: true,
    ticks: shown.map((mark) => [
      mark,
      mark.toLocaleString('en-US', { maximumSignificantDigits: 1 }),
    ]),
  };
}

export function linearScale(basin, low, high, most = 5) {
  const { values } = basin.linearTicks(low, high, most);
  return {
    low,
    high,
    log: false,
    ticks: values.map((value) => [value, String(Number(value.toPrecision(6)))]),
  };
}

/**
 * A plane in Basin's colours by the rank of its losses, so that as much of it has each colour, with
 * lines of equal loss at every twelfth of its points, its minima and saddles.
 *
 * @param marks `{ vertex, kind, isInside }`.
 */
export function plane(drawing, basin, box, document, marks, { levels = 11 } = {}) {
  const { landscape } = document;
  const [rows, columns] = landscape.shape;
  const values = landscape.values.map((value) => Math.log10(Math.max(1e-300, Number(value))));
  const sorted = Float64Array.from(values).sort();
  const [low, high] = [sorted[0], sorted.at(-1)];
  const rankOf = (value) => {
    let [from, to] = [0, sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (sorted[middle] < value) from = middle + 1;
      else to = middle;
    }
    return from / (sorted.length - 1);
  };
  const colors = basin.colorTable();
  const pixels = Buffer.alloc(rows * columns * 4);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const color = Math.round(255 * rankOf(values[i * columns + j]));
      // The first axis goes to the right, the second upwards.
      const at = 4 * ((columns - 1 - j) * rows + i);
      for (let k = 0; k < 4; k++) pixels[at + k] = colors[4 * color + k];
    }
  }
  const { left, top, width, height } = box;
  const stepX = width / (rows - 1);
  const stepY = height / (columns - 1);
  const clip = `clip${Math.round(left)}-${Math.round(top)}`;
  drawing.add(
    `<clipPath id="${clip}"><rect x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(height)}"/></clipPath>`,
    `<image x="${px(left - stepX / 2)}" y="${px(top - stepY / 2)}" width="${px(width + stepX)}" height="${px(height + stepY)}" preserveAspectRatio="none" clip-path="url(#${clip})" href="data:image/png;base64,${png(pixels, rows, columns).toString('base64')}"/>`,
  );
  const place = ([i, j]) => [left + stepX * i, top + height - stepY * j];
  for (let k = 1; k <= levels; k++) {
    const level = sorted[Math.round(((sorted.length - 1) * k) / (levels + 1))];
    for (const line of basin.contourLines(values, rows, columns, level)) {
      drawing.line(line.map(place), { color: '#fff', width: 0.6, opacity: 0.7 });
    }
  }
  for (const { vertex, kind, isInside } of marks) {
    const [x, y] = place([Math.floor(vertex / columns), vertex % columns]);
    if (kind === 'minimum') {
      const opacity = isInside ? 1 : 0.6;
      drawing.dot(x, y, { color: '#111', fill: '#ffffff', radius: 3, opacity });
    } else drawing.triangle(x, y, { fill: isInside ? '#ff5a36' : '#ffb7a6', radius: 4 });
  }
  drawing.add(
    `<rect x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(height)}" fill="none" stroke="${FAINT}"/>`,
  );
  return { low: 10 ** low, high: 10 ** high };
}

/** RGBA as a PNG. */
function png(pixels, width, height) {
  const lines = Buffer.alloc(height * (4 * width + 1));
  for (let i = 0; i < height; i++) {
    pixels.copy(lines, i * (4 * width + 1) + 1, 4 * i * width, 4 * (i + 1) * width);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body) >>> 0);
    return Buffer.concat([size, body, sum]);
  };
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/**
 * ρ with its interval for many choices, one column for each claim.
 *
 * @param claims `{ title, published, of(choice) → correlation }`, with a verdict of its own where the
 *   interval does not say whether the claim holds.
 * @param groups `{ title, choices: [{ name, … }] }`.
 */
export function forest(claims, groups) {
  const label = 268;
  const column = 150;
  const row = 17;
  const rows = groups.reduce((sum, { choices }) => sum + choices.length + 1.4, 0);
  const lines = Math.max(...claims.map(({ title }) => title.split('\n').length));
  const top = 12 + 14 * lines;
  const drawing = new Drawing(label + claims.length * column + 20, top + rows * row + 24);
  const bottom = top + rows * row;
  claims.forEach(({ title, published }, c) => {
    const left = label + c * column + 12;
    const width = column - 24;
    const at = (rho) => left + (width * (rho + 1)) / 2;
    title.split('\n').forEach((part, k) =>
      drawing.text(left + width / 2, 16 + 14 * k, part, {
        size: 12,
        anchor: 'middle',
        weight: 600,
      }),
    );
    drawing.add(
      `<rect x="${px(left)}" y="${top}" width="${px(width)}" height="${px(bottom - top)}" fill="#f7f8f9"/>`,
    );
    for (const rho of [-1, -0.5, 0, 0.5, 1]) {
      drawing.line(
        [
          [at(rho), top],
          [at(rho), bottom],
        ],
        { color: rho === 0 ? FAINT : '#dfe2e6', width: rho === 0 ? 1.2 : 1 },
      );
      drawing.text(at(rho), bottom + 14, String(rho).replace('-', '−'), {
        size: 10,
        anchor: 'middle',
      });
    }
    if (published !== undefined)
      drawing.line(
        [
          [at(published), top],
          [at(published), bottom],
        ],
        { color: COLORS[1], dash: '4 3', width: 1.3 },
      );
  });
  let y = top + 2;
  for (const { title, choices } of groups) {
    y += row;
    drawing.text(8, y - 1, title, { size: 11, weight: 600 });
    for (const choice of choices) {
      y += row;
      drawing.text(20, y, choice.name, { size: 11, weight: choice.isMain ? 600 : 400 });
      claims.forEach(({ of }, c) => {
        const left = label + c * column + 12;
        const at = (rho) => left + ((column - 24) * (rho + 1)) / 2;
        const found = of(choice);
        const { rho, interval, verdict = verdictOf(found) } = found;
        if (rho === null) {
          drawing.text(left + (column - 24) / 2, y, 'same in all', {
            size: 9,
            anchor: 'middle',
            color: FAINT,
          });
          return;
        }
        const colors = { holds: COLORS[0], 'the opposite': COLORS[1] };
        const color = colors[verdict] ?? '#6b7280';
        drawing.line(
          [
            [at(interval[0]), y - 4],
            [at(interval[1]), y - 4],
          ],
          { color, width: 2 },
        );
        drawing.dot(at(rho), y - 4, { color, radius: choice.isMain ? 4.2 : 3.2 });
      });
    }
    y += 0.4 * row;
  }
  return drawing;
}

function px(value) {
  return Number(value.toFixed(1));
}

function escaped(text) {
  return String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
