import { compiled } from '../../scripts/compiled.mjs';

/** Basin's own functions: what the pages count and draw with is what the product does. */
export function engine() {
  return compiled([
    'engine/topology/trees/gridBranches.ts',
    'engine/topology/order.ts',
    'engine/topology/persistence.ts',
    'shared/gridBorder.ts',
    'shared/rankCorrelation.ts',
    'webview/landscape/contour.ts',
    'webview/plots/colorMap.ts',
    'webview/plots/ticks.ts',
  ]);
}
