import { COLORS, Drawing, frame, linearScale, logScale } from '../claims/figures.mjs';

/** Figures of networks with shortcuts beside those of networks without: a dot for each network. */
export function pairsFigure(basin, panels, without) {
  const width = 190;
  const drawing = new Drawing(panels.length * width + 30, 240);
  panels.forEach(({ title, values, log }, k) => {
    const box = { left: 50 + k * width, top: 30, width: width - 60, height: 160 };
    const at = frame(drawing, box, {
      x: {
        low: -0.6,
        high: 1.6,
        ticks: [
          [0, 'with'],
          [1, 'without'],
        ],
      },
      y: log
        ? logScale(Math.min(...values), Math.max(...values))
        : linearScale(basin, 0, Math.max(1, ...values) * 1.08),
      title,
    });
    const count = [0, 0];
    values.forEach((value, i) => {
      const side = without[i];
      const shift = 0.12 * (count[side]++ - 2);
      drawing.dot(at.x(side + shift), at.y(value), {
        color: COLORS[side],
        radius: 3.4,
        opacity: 0.8,
      });
    });
    for (const side of [0, 1]) {
      const own = values.filter((_, i) => without[i] === side);
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      drawing.line(
        [
          [at.x(side - 0.36), at.y(mean)],
          [at.x(side + 0.36), at.y(mean)],
        ],
        { color: COLORS[side], width: 2 },
      );
    }
  });
  drawing.text(50, 228, 'A dot for each of five networks, a line at their mean.', {
    size: 10,
    color: '#57606a',
  });
  return drawing;
}
