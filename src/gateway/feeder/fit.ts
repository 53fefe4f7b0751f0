// SPDX-License-Identifier: Apache-2.0
/**
 * Least squares for the search for suspects: diagnostics, in floating point. Only + − × ÷ and √ are
 * used, which IEEE 754 fixes to the bit, so that a replay and `verify` come to the same numbers.
 */

/** Added to the diagonal so that flows which are always alike do not divide by zero: |coefficient| ≲ 0.2. */
const PRIOR = 1 / 0.2 ** 2;
/** Least variance of the noise, kWh²: 3 Wh, the resolution and the clocks of a few meters. */
const NOISE_MIN = 0.003 ** 2;
const ROUNDS = 3;

export interface Fitted {
  coefficients: Float64Array;
  /** Standard errors. */
  errors: Float64Array;
}

/** y = Σ coefficient · x, from sums alone: as many numbers as the square of the columns, for any time. */
export class Fit {
  readonly size: number;
  private readonly gram: Float64Array;
  private readonly moments: Float64Array;
  private squares = 0;
  private weight = 0;

  constructor(size: number) {
    this.size = size;
    this.gram = new Float64Array(size * size);
    this.moments = new Float64Array(size);
  }

  add(x: Float64Array, y: number): void {
    const { size, gram, moments } = this;
    for (let i = 0; i < size; i++) {
      const xi = x[i];
      if (xi === 0) continue;
      for (let j = 0; j <= i; j++) gram[i * size + j] += xi * x[j];
      moments[i] += xi * y;
    }
    this.squares += y * y;
    this.weight++;
  }

  /** What is known counts less from now on. */
  fade(factor: number): void {
    for (let i = 0; i < this.gram.length; i++) this.gram[i] *= factor;
    for (let i = 0; i < this.size; i++) this.moments[i] *= factor;
    this.squares *= factor;
    this.weight *= factor;
  }

  /** Undefined where there are too few observations for the columns. */
  solve(): Fitted | undefined {
    if (this.weight < 2 * this.size) return undefined;
    let noise = NOISE_MIN;
    let factor = this.factorOf(noise);
    let coefficients = this.coefficientsOf(factor);
    for (let round = 1; round < ROUNDS; round++) {
      noise = Math.max(NOISE_MIN, this.leftOver(coefficients) / (this.weight - this.size));
      factor = this.factorOf(noise);
      coefficients = this.coefficientsOf(factor);
    }
    return { coefficients, errors: this.errorsOf(factor, noise) };
  }

  /** Cholesky: the lower triangle L with L·Lᵀ = gram + noise·prior. */
  private factorOf(noise: number): Float64Array {
    const { size, gram } = this;
    const factor = new Float64Array(size * size);
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++) {
        let sum = gram[i * size + j] + (i === j ? noise * PRIOR : 0);
        for (let k = 0; k < j; k++) sum -= factor[i * size + k] * factor[j * size + k];
        factor[i * size + j] =
          i === j ? Math.sqrt(Math.max(sum, noise)) : sum / factor[j * size + j];
      }
    return factor;
  }

  private coefficientsOf(factor: Float64Array): Float64Array {
    const { size } = this;
    const x = forward(factor, this.moments, size, 0);
    for (let i = size - 1; i >= 0; i--) {
      for (let k = i + 1; k < size; k++) x[i] -= factor[k * size + i] * x[k];
      x[i] /= factor[i * size + i];
    }
    return x;
  }

  private leftOver(coefficients: Float64Array): number {
    const { size, gram, moments } = this;
    let sum = this.squares;
    for (let i = 0; i < size; i++) {
      sum -= 2 * coefficients[i] * moments[i];
      for (let j = 0; j < size; j++)
        sum += coefficients[i] * coefficients[j] * gram[i > j ? i * size + j : j * size + i];
    }
    return Math.max(0, sum);
  }

  /** Roots of noise times the diagonal of the inverse. */
  private errorsOf(factor: Float64Array, noise: number): Float64Array {
    const { size } = this;
    const errors = new Float64Array(size);
    const unit = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      unit[i] = 1;
      const column = forward(factor, unit, size, i);
      unit[i] = 0;
      let sum = 0;
      for (let k = i; k < size; k++) sum += column[k] * column[k];
      errors[i] = Math.sqrt(noise * sum);
    }
    return errors;
  }
}

/** Solves L·x = b, where b is zero before `first`. */
function forward(factor: Float64Array, b: Float64Array, size: number, first: number): Float64Array {
  const x = new Float64Array(size);
  for (let i = first; i < size; i++) {
    let sum = b[i];
    for (let k = first; k < i; k++) sum -= factor[i * size + k] * x[k];
    x[i] = sum / factor[i * size + i];
  }
  return x;
}
