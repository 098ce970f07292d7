/** Random layers on random hierarchies with random mappings, small enough to be run loop by loop. */
import fc from "fast-check";
import { primeFactors } from "../../../../src/backend/cost/mapper/loop-factors.js";
import type { Direction, Hierarchy, Memory, Port, Unroll } from "../../../../src/ir/accelerator.js";
import type { MappingProblem, OperandShape, WindowShape } from "../../../../src/ir/cost-model.js";
import { iterations, type Loop } from "../../../../src/ir/network.js";
import { bits, bitsPerCycle, cycles, picojoules } from "../../../../src/ir/units.js";

/** A layer: its loops, and its operands without widths, output first. */
interface Layer {
  readonly loops: readonly Loop[];
  readonly operands: readonly Pick<OperandShape, "name" | "memoryOperand" | "relevant" | "windows" | "whole">[];
}

const size = (max: number) => fc.integer({ min: 1, max });

const windowShape = (out: string, tap: string): fc.Arbitrary<WindowShape> =>
  fc
    .record({
      stride: size(4),
      dilation: size(3),
      clip: fc.option(fc.record({ shift: fc.integer({ min: -4, max: 1 }), extent: size(12) }), { nil: undefined }),
    })
    .map(({ stride, dilation, clip }) => ({ out, tap, stride, dilation, ...(clip === undefined ? {} : { clip }) }));

const loopsOf = (sizes: Readonly<Record<string, number>>): readonly Loop[] =>
  Object.entries(sizes).map(([dim, each]) => ({ dim, size: each }));

const input = (
  name: string,
  memoryOperand: string,
  relevant: readonly string[],
  windows: readonly WindowShape[] = [],
) => ({
  name,
  memoryOperand,
  relevant,
  windows,
});

const LAYERS: Readonly<Record<string, fc.Arbitrary<Layer>>> = {
  conv: fc
    .record({ K: size(4), C: size(4), OX: size(7), FX: size(3), window: windowShape("OX", "FX") })
    .map(({ window, ...sizes }) => ({
      loops: loopsOf(sizes),
      operands: [input("O", "O", ["K", "OX"]), input("W", "I2", ["K", "C", "FX"]), input("I", "I1", ["C"], [window])],
    })),
  plane: fc
    .record({
      K: size(2),
      OY: size(4),
      OX: size(4),
      FY: size(3),
      FX: size(3),
      windows: fc.tuple(windowShape("OY", "FY"), windowShape("OX", "FX")),
    })
    .map(({ windows, ...sizes }) => ({
      loops: loopsOf(sizes),
      operands: [
        input("O", "O", ["K", "OY", "OX"]),
        input("W", "I2", ["K", "FY", "FX"]),
        input("I", "I1", [], windows),
      ],
    })),
  depthwise: fc
    .record({ B: size(2), G: size(4), OX: size(6), FX: size(4), window: windowShape("OX", "FX") })
    .map(({ window, ...sizes }) => ({
      loops: loopsOf(sizes),
      operands: [
        input("O", "O", ["B", "G", "OX"]),
        input("W", "I2", ["G", "FX"]),
        input("I", "I1", ["B", "G"], [window]),
      ],
    })),
  pointwise: fc.record({ K: size(6), C: size(6), OX: size(8), stride: size(3) }).map(({ stride, ...sizes }) => ({
    loops: loopsOf(sizes),
    operands: [
      input("O", "O", ["K", "OX"]),
      input("W", "I2", ["K", "C"]),
      input("I", "I1", ["C"], [{ out: "OX", tap: "FX", stride, dilation: 1 }]),
    ],
  })),
  matmul: fc.record({ B: size(3), K: size(6), C: size(7), OX: size(5) }).map((sizes) => ({
    loops: loopsOf(sizes),
    operands: [
      input("O", "O", ["B", "K", "OX"]),
      input("W", "I2", ["B", "K", "C"]),
      input("I", "I1", ["B", "C", "OX"]),
    ],
  })),
  pooling: fc
    .record({ G: size(5), OX: size(6), FX: size(4), window: windowShape("OX", "FX") })
    .map(({ window, ...sizes }) => ({
      loops: loopsOf(sizes),
      operands: [input("O", "O", ["G", "OX"]), input("I", "I1", ["G"], [window])],
    })),
  elementwise: fc
    .record({ G: size(6), OY: size(4), OX: size(6), shared: fc.subarray(["G", "OY", "OX"]) })
    .map(({ shared, ...sizes }) => ({
      loops: loopsOf(sizes),
      operands: [input("O", "O", ["G", "OY", "OX"]), input("X", "I1", ["G", "OY", "OX"]), input("Y", "I2", shared)],
    })),
  whole: fc.record({ G: size(5), OX: size(6), C: size(4), whole: size(9) }).map(({ whole, ...sizes }) => ({
    loops: loopsOf(sizes),
    operands: [input("O", "O", ["G", "OX"]), { ...input("X", "I1", ["G"]), whole }],
  })),
};

const LARGEST_LAYER = 500;

export const randomLayer: fc.Arbitrary<Layer> = fc
  .oneof(...Object.values(LAYERS))
  .filter(({ loops }) => iterations(loops) <= LARGEST_LAYER);

interface MemorySpec {
  readonly served: readonly string[];
  readonly isShared: boolean;
  readonly read: { readonly granularity: number; readonly words: number };
  readonly write: { readonly granularity: number; readonly words: number };
}

const ARRAY_DIMS = ["D1", "D2", "D3"];

const port = fc.record({ granularity: fc.constantFrom(1, 3, 8, 16, 64), words: fc.constantFrom(1, 2, 4, 0.25) });

const memorySpec: fc.Arbitrary<MemorySpec> = fc.record({
  served: fc.subarray(ARRAY_DIMS),
  isShared: fc.boolean(),
  read: port,
  write: port,
});

/** The chain of one memory operand; its memories hold nothing else. */
function chainMemory(operand: string, level: number, { served, isShared, read, write }: MemorySpec): Memory {
  const make = (
    name: string,
    type: Port["type"],
    widths: MemorySpec["read"],
    directions: readonly Direction[],
  ): Port => ({
    name,
    type,
    bandwidth: bitsPerCycle(Math.ceil(widths.granularity * widths.words)), // narrower than a burst where words are parts
    granularity: bits(widths.granularity),
    services: directions.map((direction) => ({ operand, direction })),
  });
  const ports = isShared
    ? [make("rw", "read-write", read, ["fh", "tl", "fl", "th"])]
    : [make("r", "read", read, ["tl", "th"]), make("w", "write", write, ["fh", "fl"])];
  return {
    id: `${operand}${level}`,
    size: bits(2 ** 40),
    readEnergy: picojoules(1 + level),
    writeEnergy: picojoules(2 + level),
    latency: cycles(1),
    operands: [{ operand, level }],
    served,
    ports,
  };
}

interface RandomCase {
  readonly problem: MappingProblem;
  /** Numbers that order the loops and place the boundaries. */
  readonly order: readonly number[];
  readonly cuts: readonly number[];
}

/** At most 24 units. */
const unrolling: fc.Arbitrary<readonly Unroll[]> = fc.array(
  fc.record({
    arrayDim: fc.constantFrom(...ARRAY_DIMS),
    dim: fc.constantFrom("K", "C", "OX", "FX", "OY", "FY", "G", "B"),
    size: size(4),
  }),
  { maxLength: 5 },
);

export const randomCase: fc.Arbitrary<RandomCase> = fc
  .record({
    layer: randomLayer,
    chains: fc.array(fc.array(memorySpec, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 3 }),
    unrolling,
    widths: fc.array(fc.nat(16), { minLength: 4, maxLength: 4 }),
    order: fc.array(fc.nat(1000), { minLength: 16, maxLength: 16 }),
    cuts: fc.array(fc.nat(12), { minLength: 9, maxLength: 9 }),
  })
  .map(({ layer: { loops, operands }, chains, unrolling: entries, widths, order, cuts }) => {
    const memories = operands.flatMap(({ memoryOperand }, o) =>
      chains[o]!.map((spec, level) => chainMemory(memoryOperand, level, spec)),
    );
    const hierarchy: Hierarchy = {
      array: { dims: [4, 3, 2].map((n, i) => ({ name: ARRAY_DIMS[i]!, size: n })), macEnergy: picojoules(1) },
      memories,
    };
    const problem: MappingProblem = {
      loops,
      operands: operands.map((shape, o) => ({
        ...shape,
        bits: o === 0 ? 1 + Math.max(widths[0]!, widths[3]!) : widths[o]!,
      })),
      finalOutputBits: 1 + Math.min(widths[0]!, widths[3]!),
      hierarchy,
      unrolling: entries,
    };
    return { problem, order, cuts };
  });

/**
 * Loops and boundaries out of random numbers.
 *
 * @param steps - iterations left in time, per dim
 */
export function randomMapping(
  { problem, order, cuts }: RandomCase,
  steps: ReadonlyMap<string, number>,
): { readonly loops: readonly Loop[]; readonly boundaries: Readonly<Record<string, readonly number[]>> } {
  const idle: Loop = { dim: problem.loops[0]!.dim, size: 1 };
  const factors = [
    ...(order[0]! % 4 === 0 ? [idle] : []),
    ...[...steps].flatMap(([dim, count]) => primeFactors(count).map((each): Loop => ({ dim, size: each }))),
  ];
  const loops = factors
    .map((loop, i) => ({ loop, key: order[i % order.length]! }))
    .sort((a, b) => a.key - b.key)
    .map(({ loop }) => loop);
  const boundaries = Object.fromEntries(
    problem.operands.map(({ name, memoryOperand }, o) => {
      const levels = problem.hierarchy.memories.filter((m) => m.operands[0]!.operand === memoryOperand).length;
      const held = cuts.slice(3 * o, 3 * o + levels - 1).map((cut) => Math.min(cut, loops.length));
      return [name, [...held.sort((a, b) => a - b), loops.length]];
    }),
  );
  return { loops, boundaries };
}
