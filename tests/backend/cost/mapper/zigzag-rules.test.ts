/** The worked examples of docs/zigzag-differences.md. */
import { readFileSync } from "node:fs";
import { expect, it, test } from "vitest";
import type { Direction, Hierarchy } from "../../../../src/ir/accelerator.js";
import type { Loop } from "../../../../src/ir/network.js";
import { conv, hierarchy, type Sizes, type Unrolling } from "./fixtures.js";
import { countsUnder, RULE_NAMES, type ZigZagRule } from "./zigzag-rules.js";

/** Four units with a weight register each, a buffer for activations, and a memory of 64-bit words for everything. */
const machine = (granularity: number): Hierarchy =>
  hierarchy({ D1: 4 }, 1, [
    { id: "register", size: 64, width: 8, read: 1, write: 1, holds: { I2: 0 }, served: [], ports: "1r1w" },
    {
      id: "buffer",
      size: 4096,
      width: 64,
      granularity: 8,
      read: 1,
      write: 1,
      holds: { I1: 0 },
      served: ["D1"],
      ports: "rw",
    },
    {
      id: "top",
      size: 1e6,
      width: 64,
      granularity,
      read: 1,
      write: 1,
      holds: { O: 0, I1: 1, I2: 1 },
      served: ["D1"],
      ports: "rw",
    },
  ]);

interface Example {
  readonly sizes: Sizes;
  readonly unrolling?: Unrolling;
  readonly stride?: number;
  readonly granularity?: number;
  readonly loops: readonly (readonly [dim: string, size: number])[];
  /** Loops at or below the lowest level of `W` and of `I`. */
  readonly cuts: readonly [W: number, I: number];
  readonly stored?: Readonly<Record<string, number>>;
  /** Rules that hold on both sides of the comparison. */
  readonly beside?: readonly ZigZagRule[];
  /** Operand (`W` 1, `I` 2), level, direction. */
  readonly site: readonly [operand: number, level: number, direction: Direction];
}

function countsOf(example: Example, rules: readonly ZigZagRule[]): number {
  const { sizes, unrolling = {}, stride = 1, granularity = 8, cuts, stored = {}, site } = example;
  const loops = example.loops.map(([dim, size]): Loop => ({ dim, size }));
  const all = loops.length;
  const boundaries = { O: [all], W: [cuts[0], all], I: [cuts[1], all] };
  const problem = conv(sizes, machine(granularity), unrolling, stride);
  const [operand, level, direction] = site;
  return countsUnder({ problem, loops, boundaries, stored }, new Set(rules))[operand]![level]![direction];
}

const EXAMPLES: readonly (readonly [rule: ZigZagRule, example: Example, published: number, zigzag: number])[] = [
  [
    "whole words",
    {
      sizes: { K: 5, C: 3 },
      loops: [
        ["C", 3],
        ["K", 5],
      ],
      cuts: [1, 2],
      site: [1, 1, "tl"],
    },
    1.875,
    1,
  ],
  [
    "one transfer",
    {
      sizes: { K: 5, C: 3 },
      granularity: 16,
      loops: [
        ["C", 3],
        ["K", 5],
      ],
      cuts: [1, 2],
      site: [1, 1, "tl"],
    },
    3.75,
    2.5,
  ],
  [
    "padding is not stored",
    {
      sizes: { OY: 4, OX: 4, FY: 3, FX: 3 },
      loops: [
        ["FX", 3],
        ["FY", 3],
        ["OX", 4],
        ["OY", 4],
      ],
      cuts: [2, 4],
      stored: { OX: 4, OY: 4 },
      site: [2, 0, "fh"],
    },
    4.5,
    2,
  ],
  [
    "whole indices",
    {
      sizes: { OX: 7, FX: 3 },
      unrolling: { D1: ["OX", 4] },
      stride: 2,
      loops: [
        ["FX", 3],
        ["OX", 2],
      ],
      cuts: [2, 1],
      site: [2, 0, "fh"],
    },
    2,
    1.75,
  ],
  [
    "same data is no access",
    {
      sizes: { K: 4, C: 3 },
      loops: [
        ["K", 4],
        ["C", 3],
      ],
      cuts: [1, 2],
      site: [2, 0, "tl"],
    },
    1.5,
    0.375,
  ],
  [
    "rounded boost",
    {
      sizes: { K: 7, C: 2 },
      unrolling: { D1: ["K", 4] },
      beside: ["one transfer"],
      loops: [
        ["C", 2],
        ["K", 2],
      ],
      cuts: [0, 2],
      site: [1, 1, "tl"],
    },
    1.5,
    2,
  ],
];

test.each(EXAMPLES)("%s", (rule, example, published, zigzag) => {
  const { beside = [] } = example;
  expect(countsOf(example, beside)).toBe(published);
  expect(countsOf(example, [...beside, rule])).toBe(zigzag);
});

it("has an example and a section for every rule", () => {
  const sections = readFileSync(new URL("../../../../docs/zigzag-differences.md", import.meta.url), "utf8");
  const titles = [...sections.matchAll(/^### (.*)$/gm)].map(([, title]) => title!.toLowerCase());
  expect(EXAMPLES.map(([rule]) => rule).sort()).toEqual([...RULE_NAMES].sort());
  expect(titles.sort()).toEqual([...RULE_NAMES].sort());
});
