/** Floating-point numbers of eight bits: bits of the exponent and of the fraction, and its bias. */
const FORMATS = {
  float8_e4m3fn: { exponent: 4, fraction: 3, bias: 7 },
  float8_e4m3fnuz: { exponent: 4, fraction: 3, bias: 8 },
  float8_e5m2: { exponent: 5, fraction: 2, bias: 15 },
  float8_e5m2fnuz: { exponent: 5, fraction: 2, bias: 16 },
} as const;

export type Float8Type = keyof typeof FORMATS | 'float8_e8m0fnu';

/**
 * The value of each of the 256 codes, exact in float32.
 *
 * Source: Micikevicius et al., "FP8 Formats for Deep Learning" (2022), table 1, for `e4m3fn` and
 * `e5m2`; the ONNX specification, "Float stored in 8 bits", for `fnuz`; the OCP Microscaling Formats
 * specification 1.0 (2023), section 5.4.1, for `e8m0fnu`, the exponent alone.
 */
export function float8Values(type: Float8Type): Float32Array {
  return Float32Array.from({ length: 256 }, (_, code) => valueOf(type, code));
}

function valueOf(type: Float8Type, code: number): number {
  if (type === 'float8_e8m0fnu') return code === 255 ? NaN : 2 ** (code - 127);
  const { exponent: exponentBits, fraction: fractionBits, bias } = FORMATS[type];
  const sign = code & 0x80 ? -1 : 1;
  const highest = 2 ** exponentBits - 1;
  const exponent = (code >> fractionBits) & highest;
  const fraction = code & (2 ** fractionBits - 1);
  // "n" has no infinities; "uz" no negative zero, whose place is the only NaN.
  if (type.endsWith('uz')) {
    if (code === 0x80) return NaN;
  } else if (type === 'float8_e4m3fn') {
    if ((code & 0x7f) === 0x7f) return NaN;
  } else if (exponent === highest) {
    return fraction === 0 ? sign * Infinity : NaN;
  }
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * (2 ** fractionBits + fraction) * 2 ** (exponent - bias - fractionBits);
}
