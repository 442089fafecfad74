import { arithmeticOperators } from './arithmetic';
import { attentionOperators } from './attention';
import { convolutionOperators } from './convolutions';
import { lossOperators } from './losses';
import { normalizationOperators } from './normalization';
import { fourierOperators } from './fourier';
import { gridOperators } from './grid';
import type { Operator } from './operatorCall';
import { orderingOperators } from './ordering';
import { refusedOperators } from './refused';
import { scatteringOperators } from './scattering';
import { productOperators } from './products';
import { recurrenceOperators } from './recurrence';
import { reductionOperators } from './reductions';
import { resizeOperators } from './resize';
import { shapingOperators } from './shaping';

/** ONNX operators by name, each in terms of Basin's own operations. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...arithmeticOperators,
  ...shapingOperators,
  ...reductionOperators,
  ...productOperators,
  ...convolutionOperators,
  ...resizeOperators,
  ...normalizationOperators,
  ...attentionOperators,
  ...recurrenceOperators,
  ...lossOperators,
  ...orderingOperators,
  ...scatteringOperators,
  ...fourierOperators,
  ...gridOperators,
  ...refusedOperators,
]);
