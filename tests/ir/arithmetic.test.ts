import { expect, test } from "vitest";
import { gcd } from "../../src/ir/arithmetic.js";

test.each([
  [12, 18, 6],
  [18, 12, 6],
  [7, 5, 1],
  [4, 0, 4],
  [0, 4, 4],
  [0, 0, 0],
])("the greatest common divisor of %d and %d is %d", (a, b, divisor) => expect(gcd(a, b)).toBe(divisor));
