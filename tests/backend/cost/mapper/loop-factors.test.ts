import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { loopFactors, primeFactors } from "../../../../src/backend/cost/mapper/loop-factors.js";
import { SIZES } from "../../../../src/backend/cost/mapper/sizes.js";
import type { Loop } from "../../../../src/ir/network.js";

const sizes = SIZES.published.rule;
const loopsOf = (text: string): readonly Loop[] =>
  text.split(" ").map((loop) => ({ dim: loop.replace(/[\d.]+$/, ""), size: Number(/[\d.]+$/.exec(loop)?.[0]) }));
const print = (loops: readonly Loop[]): string => loops.map(({ dim, size }) => `${dim}${size}`).join(" ");

describe("loop factors", () => {
  test.each`
    loops                         | spatial                   | limit     | expected                            | why
    ${"K56 C1 OY72 OX60 FY5 FX5"} | ${"K28 OX4 OY4"}          | ${6}      | ${"K2 OY18 OX3 OX5 FY5 FX5"}        | ${"SL §3.2, case 01"}
    ${"K56 C1 OY72 OX60 FY5 FX5"} | ${"K28 OX4 OY4"}          | ${"none"} | ${"K2 OY2 OY3 OY3 OX3 OX5 FY5 FX5"} | ${"prime factors, ascending"}
    ${"K280"}                     | ${"K1"}                   | ${2}      | ${"K8 K35"}                         | ${"2 2 2 5 7 → 8 35"}
    ${"K280"}                     | ${"K1"}                   | ${3}      | ${"K5 K7 K8"}                       | ${"merged factors are sorted in"}
    ${"OX2 OY3 K5"}               | ${"OX1"}                  | ${2}      | ${"OX2 OY3 K5"}                     | ${"nothing left to merge (Q26)"}
    ${"OX41"}                     | ${"OX2.9285714285714284"} | ${6}      | ${"OX3 OX5"}                        | ${"15 steps where 14 would do (Q12)"}
    ${"K64 C4"}                   | ${"K32 K32"}              | ${6}      | ${"C2 C2"}                          | ${"a dim that the first array dim uses up (§3.1)"}
    ${"K28 OX4"}                  | ${"K28 OX4"}              | ${6}      | ${""}                               | ${"the unrolling covers the layer (Q26)"}
  `("$loops by $spatial at $limit: $why", ({ loops, spatial, limit, expected }) =>
    expect(print(loopFactors(loopsOf(loops), loopsOf(spatial), limit, sizes))).toBe(expected),
  );

  it("keeps the product of every dim", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 6 }), (size, limit) => {
        const factors = loopFactors([{ dim: "K", size }], [], limit, sizes);
        expect(factors.reduce((product, factor) => product * factor.size, 1)).toBe(size);
        expect(factors.length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it("factors into primes", () => {
    expect(primeFactors(1)).toEqual([]);
    expect(primeFactors(97)).toEqual([97]);
    expect(primeFactors(2 * 2 * 3 * 49)).toEqual([2, 2, 3, 7, 7]);
  });
});
