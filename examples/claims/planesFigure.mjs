import { Drawing, plane } from './figures.mjs';
import { superscript } from './statistics.mjs';

/**
 * Planes of a few networks, one row for each kind of directions.
 *
 * @param places of the networks among the rows. @param nameOf factors.
 */
export function planesFigure(basin, places, kinds, thresholdOf, nameOf) {
  const size = 190;
  const gap = 20;
  const drawing = new Drawing(26 + places.length * (size + gap), 8 + kinds.length * (size + 58));
  kinds.forEach(({ title, rows, pairs }, r) => {
    places.forEach((at, c) => {
      const { document, factors } = rows[at];
      const box = {
        left: 34 + c * (size + gap),
        top: 26 + r * (size + 58),
        width: size,
        height: size,
      };
      const kept = pairs[at].filter(({ persistence }) => persistence > thresholdOf(document));
      const marks = kept.flatMap((pair) => [
        { vertex: pair.saddle, kind: 'saddle', isInside: pair.isSaddleInside },
        { vertex: pair.minimum, kind: 'minimum', isInside: pair.isMinimumInside },
      ]);
      const { essential } = document.topology;
      marks.push({ vertex: essential.birthVertex, kind: 'minimum', isInside: !essential.border });
      const { low, high } = plane(drawing, basin, box, document, marks);
      const [axis] = document.landscape.axes;
      const inside = kept.filter((pair) => pair.isSaddleInside).length;
      const border = kept.length - inside;
      drawing.text(box.left + size / 2, box.top - 7, nameOf(factors), {
        size: 12,
        anchor: 'middle',
        weight: 600,
      });
      drawing.text(
        box.left + size / 2,
        box.top + size + 14,
        `${inside} saddle${inside === 1 ? '' : 's'} inside, ${border} on the border`,
        { size: 10, anchor: 'middle' },
      );
      drawing.text(
        box.left + size / 2,
        box.top + size + 27,
        `±${axis.max}, loss ${rough(low)} to ${rough(high)}`,
        { size: 10, anchor: 'middle', color: '#57606a' },
      );
      if (c === 0)
        drawing.text(box.left - 12, box.top + size / 2, title, {
          size: 12,
          anchor: 'middle',
          turn: -90,
          weight: 600,
        });
    });
  });
  return drawing;
}

/** One digit: 7·10⁻⁶, 300. */
function rough(value) {
  const [digit, exponent] = value.toExponential(0).split('e').map(Number);
  if (exponent >= -2 && exponent <= 3) return Number(value.toPrecision(1)).toLocaleString('en-US');
  return `${digit}·10${superscript(exponent)}`;
}
