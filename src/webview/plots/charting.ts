import { CustomChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { graphic, setPlatformAPI, use } from 'echarts/core';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';
import type { Discs, Pen, Segments } from './manyShapes';

/** ECharts as the plots use it. */
export { init } from 'echarts/core';

use([CustomChart, GridComponent, CanvasRenderer, SVGRenderer]);

setPlatformAPI({
  // A plot is drawn once for hundreds of times it is looked at, and each has a canvas of its own: memory of the
  // graphics card would be spent on them, and a machine without one would draw each line as triangles.
  createCanvas: () => {
    const canvas = document.createElement('canvas');
    canvas.getContext('2d', { willReadFrequently: true });
    return canvas;
  },
});

graphic.registerShape(
  'segments',
  graphic.extendShape({
    shape: { ends: [] },
    buildPath(pen: Pen, { ends }: Segments) {
      for (let k = 0; k + 3 < ends.length; k += 4) {
        pen.moveTo(ends[k]!, ends[k + 1]!);
        pen.lineTo(ends[k + 2]!, ends[k + 3]!);
      }
    },
  }),
);

graphic.registerShape(
  'discs',
  graphic.extendShape({
    shape: { centres: [], r: 1 },
    buildPath(pen: Pen, { centres, r }: Discs) {
      for (let k = 0; k + 1 < centres.length; k += 2) {
        pen.moveTo(centres[k]! + r, centres[k + 1]!);
        pen.arc(centres[k]!, centres[k + 1]!, r, 0, 2 * Math.PI);
      }
    },
  }),
);
