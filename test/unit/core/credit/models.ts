// SPDX-License-Identifier: Apache-2.0
/** Random borrowers: those of the paper's Table II, and stranger ones. */
import fc from "fast-check";
import type { LoanModel } from "#core/credit/model";
import type { LoanFile } from "#core/credit/quote";

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });

/** Table II, with an elastic need. */
export const tableModels: fc.Arbitrary<LoanModel> = fc.record({
  lambda: between(1e-3, 1),
  d: between(20_000, 20_400),
  theta: between(2000, 2500),
  q: between(0, 1900),
  p: between(0.1, 10),
  t: fc.integer({ min: 1, max: 10 }),
  c: between(0.1, 0.2),
  gamma: fc.integer({ min: 1, max: 35 }).map((n) => (36 - n) / 35),
  eta: fc.constant(3.5),
});

/** Orders of magnitude either way. */
export const anyModels: fc.Arbitrary<LoanModel> = fc
  .record({
    ...{ lambda: between(-6, 0), d: between(-3, 6), theta: between(-3, 6), q: between(0, 0.999) },
    ...{ p: between(-4, 3), t: between(-1, 2), c: between(-5, 0), gamma: between(-2, 0) },
    eta: between(0.01, 2),
  })
  .map((logs) => {
    const theta = 10 ** logs.theta;
    return {
      ...{ lambda: 10 ** logs.lambda, d: 10 ** logs.d, theta, q: logs.q * theta },
      ...{ p: 10 ** logs.p, t: 10 ** logs.t, c: 10 ** logs.c, gamma: 10 ** logs.gamma },
      eta: 10 ** logs.eta,
    };
  });

/** Files of households, and of larger ones. */
export const files: fc.Arbitrary<LoanFile> = fc
  .record({
    onTime: fc.nat({ max: 50 }),
    late: fc.nat({ max: 20 }),
    grade: fc.integer({ min: 1, max: 35 }),
    needWh: fc.nat({ max: 2_000_000 }),
    habitWh: fc.integer({ min: 1, max: 2_000_000 }),
    savedMicroPerKwh: fc.integer({ min: 1, max: 300_000 }),
    priceMicroPerKwh: fc.integer({ min: 1, max: 1_000_000 }),
    months: fc.integer({ min: 1, max: 24 }),
    costPpm: fc.integer({ min: 1, max: 200_000 }),
    etaPermille: fc.integer({ min: 1001, max: 10_000 }),
  })
  .map(({ habitWh, savedMicroPerKwh, ...file }) => ({
    ...file,
    thetaWh: file.needWh + habitWh,
    worthMicro: Math.max(1, Math.floor((habitWh * savedMicroPerKwh) / 1000)),
  }));
