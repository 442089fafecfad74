import { COLORS, Drawing, frame, logScale, plane } from '../examples/claims/figures.mjs';

/** Processor time and seconds of each for each network, on a logarithmic scale. */
export function timesFigure(results, titles) {
  const order = ['basin', 'eigenthings', 'pyhessian', 'landscaper', 'loss_landscapes'];
  const width = 250;
  const drawing = new Drawing(272 + results.length * width, order.length * 40 + 74);
  const all = results.flatMap(({ rows }) => rows.flatMap(({ seconds, cpu }) => [seconds, cpu]));
  const scale = logScale(Math.min(...all), 1.6 * Math.max(...all));
  results.forEach(({ network, rows }, k) => {
    const box = { left: 272 + k * width, top: 34, width: width - 30, height: order.length * 40 };
    const at = frame(drawing, box, {
      x: scale,
      y: { low: 0, high: 1, ticks: [] },
      title: network,
      xLabel: 'seconds',
    });
    order.forEach((who, r) => {
      const y = box.top + 40 * r + 8;
      if (k === 0)
        drawing.text(box.left - 10, y + 14, titles[who], {
          anchor: 'end',
          weight: r === 0 ? 600 : 400,
        });
      const row = rows.find((each) => each.who === who);
      if (row === undefined) {
        drawing.text(box.left + 6, y + 14, 'not run', { size: 10, color: '#8a919a' });
        return;
      }
      const color = r === 0 ? COLORS[0] : '#9aa3ad';
      for (const [value, top, shade] of [
        [row.seconds, y, 1],
        [row.cpu, y + 13, 0.45],
      ]) {
        const right = at.x(value);
        drawing.add(
          `<rect x="${box.left}" y="${top}" width="${Math.max(1, right - box.left).toFixed(1)}" height="11" fill="${color}" opacity="${shade}"/>`,
        );
        drawing.text(right + 4, top + 9, value.toFixed(1), { size: 9 });
      }
    });
  });
  drawing.text(20, 24, 'strong: seconds; faint: processor time', { size: 10, color: '#57606a' });
  return drawing;
}

/** Planes with the minima that a neighbourhood of six finds in them. */
export function faultsFigure(basin, planes) {
  const size = 200;
  const drawing = new Drawing(20 + planes.length * (size + 24), size + 56);
  planes.forEach(({ title, plane: rows }, k) => {
    const box = { left: 16 + k * (size + 24), top: 30, width: size, height: size };
    const shape = [rows.length, rows[0].length];
    // A linear function has no logarithm: what is drawn is its height above the lowest point.
    const values = rows.flat();
    const lowest = Math.min(...values);
    const isPositive = lowest > 0;
    const shown = isPositive ? values : values.map((value) => value - lowest + 1);
    const branches = basin.branchesOf(
      basin.comparableKeys(Float64Array.from(values)),
      shape,
      'freudenthal',
    );
    const marks = Array.from(branches.minimum, (vertex) => ({
      vertex,
      kind: 'minimum',
      isInside: !basin.isOnBorder(vertex, shape),
    }));
    plane(drawing, basin, box, { landscape: { shape, values: shown } }, marks);
    drawing.text(box.left + size / 2, box.top - 9, title, {
      size: 11.5,
      anchor: 'middle',
      weight: 600,
    });
    drawing.text(
      box.left + size / 2,
      box.top + size + 16,
      `${marks.length} ${marks.length === 1 ? 'minimum' : 'minima'}`,
      { size: 10.5, anchor: 'middle' },
    );
  });
  return drawing;
}
