/** Small builders for mapping problems, and two accelerators with the figures that SL §12 was worked out on. */
import type { Direction, Hierarchy, Memory, Port } from "../../../../src/ir/accelerator.js";
import type { MappingProblem, OperandShape, WindowShape } from "../../../../src/ir/cost-model.js";
import { bits, bitsPerCycle, cycles, picojoules } from "../../../../src/ir/units.js";

export type Sizes = Readonly<Record<string, number>>;

interface MemorySpec {
  readonly id: string;
  readonly size: number;
  readonly width: number;
  readonly granularity?: number;
  readonly read: number;
  readonly write: number;
  /** Operand → level. */
  readonly holds: Sizes;
  readonly served: readonly string[];
  /** `rw`: one port for everything; `1r1w`: one port per kind; `2r2w`: the side below and the side above apart. */
  readonly ports: "rw" | "1r1w" | "2r2w";
}

const SERVICES: Readonly<Record<MemorySpec["ports"], readonly (readonly [Port["type"], readonly Direction[]])[]>> = {
  rw: [["read-write", ["fh", "tl", "fl", "th"]]],
  "1r1w": [
    ["read", ["tl", "th"]],
    ["write", ["fh", "fl"]],
  ],
  "2r2w": [
    ["read", ["tl"]],
    ["read", ["th"]],
    ["write", ["fh"]],
    ["write", ["fl"]],
  ],
};

function memory({ id, size, width, granularity = width, read, write, holds, served, ports }: MemorySpec): Memory {
  const operands = Object.entries(holds).map(([operand, level]) => ({ operand, level }));
  return {
    id,
    size: bits(size),
    readEnergy: picojoules(read),
    writeEnergy: picojoules(write),
    latency: cycles(1),
    operands,
    served,
    ports: SERVICES[ports].map(([type, directions], i) => ({
      name: `port_${i}`,
      type,
      bandwidth: bitsPerCycle(width),
      granularity: bits(granularity),
      services: operands.flatMap(({ operand }) => directions.map((direction) => ({ operand, direction }))),
    })),
  };
}

export const hierarchy = (dims: Sizes, macEnergy: number, memories: readonly MemorySpec[]): Hierarchy => ({
  array: {
    dims: Object.entries(dims).map(([name, size]) => ({ name, size })),
    macEnergy: picojoules(macEnergy),
  },
  memories: memories.map(memory),
});

const DRAM = { id: "dram", size: 1e10, width: 64, read: 700, write: 750, ports: "rw" } as const;

/** DF §2.4. */
export const META_PROTOTYPE = metaPrototype();
function metaPrototype(): Hierarchy {
  const all = ["D1", "D2", "D3", "D4"];
  const sram = { granularity: 64, served: all, ports: "1r1w" } as const;
  return hierarchy({ D1: 32, D2: 2, D3: 4, D4: 4 }, 0.04, [
    { id: "rf_1B", size: 8, width: 8, read: 0.01, write: 0.01, holds: { I2: 0 }, served: ["D3", "D4"], ports: "1r1w" },
    { id: "rf_2B", size: 16, width: 16, read: 0.02, write: 0.02, holds: { O: 0 }, served: ["D2"], ports: "2r2w" },
    { ...sram, id: "sram_32KB", size: 262144, width: 512, read: 17.2, write: 28.4, holds: { I2: 1 } },
    { ...sram, id: "sram_1MB_W", size: 8388608, width: 1024, read: 208.08, write: 189.2, holds: { I2: 2 } },
    { ...sram, id: "sram_64KB", size: 524288, width: 512, read: 26.56, write: 30.8, holds: { I1: 0, O: 1 } },
    { ...sram, id: "sram_1MB_A", size: 8388608, width: 1024, read: 208.08, write: 189.2, holds: { I1: 1, O: 2 } },
    { ...DRAM, holds: { I1: 2, I2: 3, O: 3 }, served: all },
  ]);
}

/** SL §12.2. */
export const TPU_LIKE = hierarchy({ D1: 32, D2: 32 }, 0.04, [
  { id: "rf_128B", size: 1024, width: 8, read: 0.095, write: 0.095, holds: { I2: 0 }, served: [], ports: "1r1w" },
  { id: "rf_2B", size: 16, width: 16, read: 0.54, write: 0.6, holds: { O: 0 }, served: ["D2"], ports: "2r2w" },
  {
    id: "sram_2MB",
    size: 16777216,
    width: 2048,
    granularity: 64,
    read: 416.16,
    write: 378.4,
    holds: { I1: 0, O: 1 },
    served: ["D1", "D2"],
    ports: "1r1w",
  },
  { ...DRAM, holds: { I1: 1, I2: 1, O: 2 }, served: ["D1", "D2"] },
]);

/** One memory on one unit, which everything shares. */
export const SINGLE_MEMORY = hierarchy({ D1: 2, D2: 2 }, 1, [
  {
    id: "only",
    size: 1e6,
    width: 64,
    granularity: 8,
    read: 10,
    write: 20,
    holds: { O: 0, I1: 0, I2: 0 },
    served: ["D1", "D2"],
    ports: "rw",
  },
]);

type Shape = readonly [name: string, memoryOperand: string, bits: number, relevant: readonly string[]];

function operands(sizes: Sizes, windows: readonly WindowShape[], shapes: readonly Shape[]): readonly OperandShape[] {
  return shapes.map(([name, memoryOperand, width, relevant]) => ({
    name,
    memoryOperand,
    bits: width,
    relevant: relevant.filter((dim) => (sizes[dim] ?? 1) > 1),
    windows: name === "I" ? windows : [],
  }));
}

/** `arrayDim` → loop and width. */
export type Unrolling = Readonly<Record<string, readonly [dim: string, size: number]>>;

function problem(
  sizes: Sizes,
  shapes: readonly OperandShape[],
  target: Hierarchy,
  unrolling: Unrolling,
): MappingProblem {
  return {
    loops: Object.entries(sizes).map(([dim, size]) => ({ dim, size })),
    operands: shapes,
    finalOutputBits: 8,
    hierarchy: target,
    unrolling: Object.entries(unrolling).map(([arrayDim, [dim, size]]) => ({ arrayDim, dim, size })),
  };
}

const windowsOf = (stride: number, dilation: number): readonly WindowShape[] => [
  { out: "OX", tap: "FX", stride, dilation },
  { out: "OY", tap: "FY", stride, dilation },
];

/** Loops in the order in which `sizes` names them. */
export function conv(sizes: Sizes, target: Hierarchy, unrolling: Unrolling = {}, stride = 1, dilation = 1) {
  const shapes = operands(sizes, windowsOf(stride, dilation), [
    ["O", "O", 16, ["B", "K", "OY", "OX"]],
    ["W", "I2", 8, ["K", "C", "FY", "FX"]],
    ["I", "I1", 8, ["B", "C"]],
  ]);
  return problem(sizes, shapes, target, unrolling);
}

export function depthwise(sizes: Sizes, target: Hierarchy, unrolling: Unrolling = {}, weightBits = 8) {
  const shapes = operands(sizes, windowsOf(1, 1), [
    ["O", "O", 16, ["B", "G", "OY", "OX"]],
    ["W", "I2", weightBits, ["G", "FY", "FX"]],
    ["I", "I1", 8, ["B", "G"]],
  ]);
  return problem(sizes, shapes, target, unrolling);
}

/** One input, no weights. */
export function copyLayer(sizes: Sizes, target: Hierarchy, unrolling: Unrolling = {}) {
  const shapes = operands(
    sizes,
    [],
    [
      ["O", "O", 16, ["G", "OY", "OX"]],
      ["X", "I1", 8, ["G", "OY", "OX"]],
    ],
  );
  return problem(sizes, shapes, target, unrolling);
}
