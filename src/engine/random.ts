/**
 * A seeded stream of random numbers: xoshiro128** (Blackman and Vigna 2018), its state filled from
 * the seed by splitmix32. The same seed and stream give the same numbers on every machine.
 */
export class Random {
  private readonly state: Uint32Array;
  private spare: number | null = null;

  /** @param stream separates uses of one seed that must be independent. */
  constructor(seed: number, stream: string) {
    let state = seed >>> 0;
    for (const character of stream) {
      state = Math.imul(state ^ character.codePointAt(0)!, 0x01000193) >>> 0;
    }
    this.state = Uint32Array.from({ length: 4 }, () => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    });
  }

  /** A whole number in [0, 2³²). */
  bits(): number {
    const s = this.state;
    const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotate(s[3]!, 11);
    return result;
  }

  /** Uniform in (0, 1), never 0. */
  uniform(): number {
    // 53 bits, shifted by half a step.
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6) + 0.5) / 2 ** 53;
  }

  /** Standard normal, by the polar form of Box and Muller. */
  normal(): number {
    if (this.spare !== null) {
      const spare = this.spare;
      this.spare = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** −1 or 1. */
  sign(): number {
    return this.bits() >>> 31 === 0 ? 1 : -1;
  }
}

function rotate(x: number, by: number): number {
  return ((x << by) | (x >>> (32 - by))) >>> 0;
}
