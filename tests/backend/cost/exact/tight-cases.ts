/** Random layers on random hierarchies whose operands contend for little room: small enough to enumerate their mappings. */
import fc from "fast-check";
import type { Memory, Port } from "../../../../src/ir/accelerator.js";
import type { MappingProblem } from "../../../../src/ir/cost-model.js";
import { bits, bitsPerCycle, cycles, picojoules } from "../../../../src/ir/units.js";
import { randomLayer } from "./random-cases.js";

const OPERANDS = ["O", "I1", "I2"];

/** A memory below the homes. */
interface Spec {
  readonly holds: readonly string[];
  readonly served: readonly string[];
  /** Bits as a power of two. */
  readonly room: number;
  readonly width: number;
  readonly isOnePort: boolean;
  readonly read: number;
  readonly write: number;
}

const spec: fc.Arbitrary<Spec> = fc.record({
  holds: fc.subarray(OPERANDS, { minLength: 1 }),
  served: fc.subarray(["D1", "D2"]),
  room: fc.integer({ min: 3, max: 10 }),
  width: fc.constantFrom(4, 8, 16, 64),
  isOnePort: fc.boolean(),
  read: fc.integer({ min: 1, max: 20 }),
  write: fc.integer({ min: 1, max: 20 }),
});

const HOME: Spec = {
  holds: OPERANDS,
  served: ["D1", "D2"],
  room: 30,
  width: 16,
  isOnePort: true,
  read: 50,
  write: 60,
};

/** Bits; some memories move nothing smaller, through ports of any width. */
const BURST = 24;

/** The chains grow with the order of the memories. */
function memories(specs: readonly Spec[]): readonly Memory[] {
  const height = new Map(OPERANDS.map((operand) => [operand, 0]));
  return specs.map(({ holds, served, room, width, isOnePort, read, write }, i) => {
    const operands = holds.map((operand) => ({ operand, level: height.get(operand)! }));
    for (const operand of holds) height.set(operand, height.get(operand)! + 1);
    const port = (name: string, type: Port["type"], directions: readonly ("tl" | "fl" | "th" | "fh")[]): Port => ({
      name,
      type,
      bandwidth: bitsPerCycle(width),
      granularity: bits(read % 4 === 0 ? BURST : Math.min(width, 8)),
      services: holds.flatMap((operand) => directions.map((direction) => ({ operand, direction }))),
    });
    return {
      id: `m${i}`,
      size: bits(2 ** room),
      readEnergy: picojoules(read),
      writeEnergy: picojoules(write),
      latency: cycles(1),
      operands,
      served,
      ports: isOnePort
        ? [port("rw", "read-write", ["fh", "tl", "fl", "th"])]
        : [port("r", "read", ["tl", "th"]), port("w", "write", ["fl", "fh"])],
    };
  });
}

/** Levels below the homes that the mappings of a problem cut. */
const heldCount = ({ operands, hierarchy }: MappingProblem): number =>
  hierarchy.memories
    .slice(0, -1)
    .reduce(
      (sum, each) =>
        sum + each.operands.filter(({ operand }) => operands.some((o) => o.memoryOperand === operand)).length,
      0,
    );

/** A product whose terms are spread over two array dims and added at two levels of the output's chain. */
export const spreadReduction: fc.Arbitrary<MappingProblem> = fc
  .record({
    specs: fc.tuple(spec, spec, spec),
    sizes: fc.record({ K: fc.constantFrom(1, 2, 4), C: fc.integer({ min: 2, max: 64 }), OX: fc.constantFrom(1, 2, 3) }),
    unrolled: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })),
    width: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ specs, sizes, unrolled, width }): MappingProblem => {
    const served = [[], ["D1"], ["D1", "D2"]];
    const own = specs.map((each, i): Spec => ({ ...each, holds: ["O"], served: served[i]!, room: each.room + 1 }));
    return {
      loops: Object.entries(sizes).map(([dim, size]) => ({ dim, size })),
      operands: [
        { name: "O", memoryOperand: "O", bits: 2 * width, relevant: ["K", "OX"], windows: [] },
        { name: "X", memoryOperand: "I1", bits: 3, relevant: ["C", "OX"], windows: [] },
      ],
      finalOutputBits: width,
      hierarchy: {
        array: { dims: [3, 2].map((size, i) => ({ name: `D${i + 1}`, size })), macEnergy: picojoules(1) },
        memories: memories([...own, HOME]),
      },
      unrolling: unrolled.map((size, i) => ({ arrayDim: `D${i + 1}`, dim: "C", size })),
    };
  });

/** @param levels - most levels below the homes, over all operands */
export const tightProblem = (levels: number): fc.Arbitrary<MappingProblem> =>
  fc
    .record({
      layer: randomLayer,
      specs: fc.array(spec, { minLength: 1, maxLength: 3 }),
      unrolling: fc.array(
        fc.record({
          arrayDim: fc.constantFrom("D1", "D2"),
          dim: fc.constantFrom("K", "C", "OX", "FX", "G"),
          size: fc.integer({ min: 1, max: 3 }),
        }),
        { maxLength: 3 },
      ),
      widths: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 3, maxLength: 3 }),
    })
    .map(
      ({ layer, specs, unrolling, widths }): MappingProblem => ({
        loops: layer.loops,
        operands: layer.operands.map((shape, o) => ({ ...shape, bits: o === 0 ? 2 * widths[0]! : widths[o]! })),
        finalOutputBits: widths[0]!,
        hierarchy: {
          array: { dims: [3, 2].map((size, i) => ({ name: `D${i + 1}`, size })), macEnergy: picojoules(1) },
          memories: memories([...specs, HOME]),
        },
        unrolling,
      }),
    )
    .filter((problem) => heldCount(problem) <= levels);
