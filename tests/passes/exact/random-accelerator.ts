/** Random small accelerators: an array of a few units under registers, buffers that operands share or not, and a memory for everything. */
import fc from "fast-check";
import type { Accelerator, Memory, Port } from "../../../src/ir/accelerator.js";
import { bits, bitsPerCycle, cycles, picojoules } from "../../../src/ir/units.js";

const OPERANDS = ["O", "I1", "I2"] as const;
const DIMS = ["D1", "D2"] as const;

interface MemorySpec {
  readonly holds: readonly string[];
  readonly served: readonly string[];
  readonly size: number;
  readonly width: number;
  readonly granularity: number;
  readonly ports: "shared" | "read and write" | "below and above";
  readonly read: number;
  readonly write: number;
}

const energy = fc.integer({ min: 1, max: 40 });

/** @param size - in bits, as a power of two: least and greatest */
const memorySpec = (served: fc.Arbitrary<readonly string[]>, [min, max]: readonly [number, number], most: number) =>
  fc
    .record({
      holds: fc.subarray([...OPERANDS], { minLength: 1, maxLength: most }),
      served,
      size: fc.integer({ min: 2 * min, max: 2 * max }).map((n) => 8 * Math.round(2 ** (n / 2) / 8)),
      width: fc.constantFrom(8, 16, 32, 64),
      parts: fc.constantFrom(1, 2, 4),
      ports: fc.constantFrom<MemorySpec["ports"]>("shared", "read and write", "below and above"),
      read: energy,
      write: energy,
    })
    .map(({ parts, ...spec }): MemorySpec => ({ ...spec, granularity: Math.max(8, spec.width / parts) }));

const PORTS: Readonly<
  Record<MemorySpec["ports"], readonly (readonly [Port["type"], readonly ("tl" | "fl" | "th" | "fh")[]])[]>
> = {
  shared: [["read-write", ["fh", "tl", "fl", "th"]]],
  "read and write": [
    ["read", ["tl", "th"]],
    ["write", ["fh", "fl"]],
  ],
  "below and above": [
    ["read", ["tl"]],
    ["read", ["th"]],
    ["write", ["fh"]],
    ["write", ["fl"]],
  ],
};

const TOP: MemorySpec = {
  holds: OPERANDS,
  served: DIMS,
  size: 2 ** 30,
  width: 32,
  granularity: 8,
  ports: "shared",
  read: 150,
  write: 170,
};

function memories(specs: readonly MemorySpec[]): readonly Memory[] {
  const height = new Map<string, number>();
  return specs.map((spec, i): Memory => {
    const operands = spec.holds.map((operand) => ({ operand, level: height.get(operand) ?? 0 }));
    for (const { operand, level } of operands) height.set(operand, level + 1);
    return {
      id: `m${i}`,
      size: bits(spec.size),
      readEnergy: picojoules(spec.read),
      writeEnergy: picojoules(spec.write),
      latency: cycles(1),
      operands,
      served: spec.served,
      ports: PORTS[spec.ports].map(([type, directions], p) => ({
        name: `p${p}`,
        type,
        bandwidth: bitsPerCycle(spec.width),
        granularity: bits(spec.granularity),
        services: spec.holds.flatMap((operand) => directions.map((direction) => ({ operand, direction }))),
      })),
    };
  });
}

const LOOPS = ["K", "C", "OX", "OY", "G", "FX", "B"];

const some = <T>(arbitrary: fc.Arbitrary<T>, most: number): fc.Arbitrary<readonly T[]> =>
  fc.array(arbitrary, { maxLength: most });

/**
 * Register files may be many; what features live in is one.
 *
 * @param most - buffers below the top
 */
const acceleratorWith = (most: number): fc.Arbitrary<Accelerator> =>
  fc
    .record({
      sizes: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })),
      registers: some(memorySpec(fc.subarray([...DIMS]), [4.5, 7], 1), 2),
      buffers: fc.array(memorySpec(fc.constant(DIMS), [7, 12], 3), { minLength: 1, maxLength: most }),
      unrolled: fc.tuple(fc.constantFrom(...LOOPS), fc.constantFrom(...LOOPS)),
      second: fc.constantFrom("I1", "I2"),
    })
    .map(
      ({ sizes, registers, buffers, unrolled, second }): Accelerator => ({
        name: "random",
        array: { dims: DIMS.map((name, i) => ({ name, size: sizes[i]! })), macEnergy: picojoules(0.5) },
        memories: memories([...registers, ...buffers, TOP]),
        dataflows: [
          {
            name: "default",
            unrolling: DIMS.map((arrayDim, i) => ({ arrayDim, dim: unrolled[i]!, size: sizes[i]! })),
            links: { O: "O", W: "I2", I: "I1", X: "I1", Y: second },
          },
        ],
        loc: {},
      }),
    );

export const randomAccelerator = acceleratorWith(3);
export const smallAccelerator = acceleratorWith(2);

/** The same machine for rows as columns and columns as rows. */
export function turnedAccelerator(accelerator: Accelerator): Accelerator {
  const other: Readonly<Record<string, string>> = { OX: "OY", OY: "OX", FX: "FY", FY: "FX" };
  return {
    ...accelerator,
    dataflows: accelerator.dataflows.map((dataflow) => ({
      ...dataflow,
      unrolling: dataflow.unrolling.map((unroll) => ({ ...unroll, dim: other[unroll.dim] ?? unroll.dim })),
    })),
  };
}

/** The same machine with more room in one memory, at the same cost of an access. */
export const enlarged = (accelerator: Accelerator, memory: number, factor: number): Accelerator => ({
  ...accelerator,
  memories: accelerator.memories.map((own, i) =>
    i === memory ? { ...own, size: bits(Math.ceil(own.size * factor)) } : own,
  ),
});

/** Everything lies in one memory: nothing is to be decided. */
export const ONE_MEMORY: Accelerator = {
  name: "one memory",
  array: { dims: [{ name: "D1", size: 1 }], macEnergy: picojoules(0.5) },
  memories: memories([TOP]),
  dataflows: [{ name: "default", unrolling: [], links: {} }],
  loc: {},
};
