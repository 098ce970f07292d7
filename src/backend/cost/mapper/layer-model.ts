/** A mapping problem with its chains, ports and relevance looked up once (SL §1.2–1.3). */
import {
  chain,
  type Direction,
  type Hierarchy,
  levelOf,
  type Memory,
  type MemoryOperand,
  type OperationalArray,
  type Port,
  portFor,
  unitCount,
} from "../../../ir/accelerator.js";
import type { Dim } from "../../../ir/axis-map.js";
import type { MappingProblem, OperandShape, WindowShape } from "../../../ir/cost-model.js";
import { iterations, type Loop } from "../../../ir/network.js";

/** How a loop indexes an operand: directly, not at all, or through a window. */
export type Relevance = "relevant" | "irrelevant" | "partial";

export const DIRECTIONS: readonly Direction[] = ["tl", "fl", "th", "fh"];

/** One memory on the chain of an operand, with the port of each direction where the hardware has one. */
export interface OperandLevel {
  readonly memory: Memory;
  /** Position of the memory in the hierarchy. */
  readonly memoryIndex: number;
  readonly ports: Readonly<Record<Direction, Port | undefined>>;
}

export interface OperandModel {
  readonly name: string;
  readonly memoryOperand: MemoryOperand;
  readonly isOutput: boolean;
  /** Bits per element; of the output: of a partial sum. */
  readonly bits: number;
  /** Bits of a finished element; differs from `bits` for the output alone. */
  readonly finalBits: number;
  readonly windows: readonly WindowShape[];
  readonly relevance: ReadonlyMap<Dim, Relevance>;
  /** Innermost first. */
  readonly levels: readonly OperandLevel[];
}

/** An operand of the layer in a memory. */
export interface Resident {
  /** Index into `LayerModel.operands`. */
  readonly operand: number;
  readonly level: number;
  readonly isTop: boolean;
}

export interface MemoryModel {
  readonly memory: Memory;
  /** The layer's operands that live here, in the memory's own order. */
  readonly residents: readonly Resident[];
}

export interface LayerModel {
  readonly loops: readonly Loop[];
  /** Output first. */
  readonly operands: readonly OperandModel[];
  readonly array: OperationalArray;
  /** In declared order. */
  readonly memories: readonly MemoryModel[];
  /** Operations of the layer, from true loop sizes. */
  readonly macs: number;
  readonly units: number;
}

/** @throws Error when an operand has no memory, or two operands ask for the same chain: defects of the caller */
export function layerModel(problem: MappingProblem): LayerModel {
  const { hierarchy, loops } = problem;
  const operands = problem.operands.map((shape, index) => operandModel(problem, shape, index === 0));
  if (new Set(operands.map(({ memoryOperand }) => memoryOperand)).size < operands.length) {
    throw new Error("two operands of a layer are linked to one memory operand");
  }
  return {
    loops,
    operands,
    array: hierarchy.array,
    memories: hierarchy.memories.map((memory) => ({ memory, residents: residentsOf(memory, operands) })),
    macs: iterations(loops),
    units: unitCount(hierarchy.array),
  };
}

export const relevanceOf = (operand: OperandModel, dim: Dim): Relevance => operand.relevance.get(dim) ?? "irrelevant";

/** Whether a memory is read when data moves in this direction; else it is written. */
export const isRead = (direction: Direction): boolean => direction === "tl" || direction === "th";

/** @throws Error when the memory has no port that could carry the movement */
export function portOf(level: OperandLevel, direction: Direction): Port {
  const port = level.ports[direction];
  if (port === undefined) {
    throw new Error(`memory '${level.memory.id}' has no port to be ${isRead(direction) ? "read" : "written"}`);
  }
  return port;
}

/** Energy of one access of the full port width, pJ. */
export const accessEnergy = ({ memory }: OperandLevel, direction: Direction): number =>
  isRead(direction) ? memory.readEnergy : memory.writeEnergy;

function operandModel(problem: MappingProblem, shape: OperandShape, isOutput: boolean): OperandModel {
  const memories = chain(problem.hierarchy, shape.memoryOperand);
  if (memories.length === 0) {
    throw new Error(`operand '${shape.name}' is linked to '${shape.memoryOperand}', which no memory holds`);
  }
  return {
    name: shape.name,
    memoryOperand: shape.memoryOperand,
    isOutput,
    bits: shape.bits,
    finalBits: isOutput ? problem.finalOutputBits : shape.bits,
    windows: shape.windows,
    relevance: new Map(problem.loops.map(({ dim }) => [dim, relevance(shape, dim)])),
    levels: levelsOf(problem.hierarchy, shape.memoryOperand, memories),
  };
}

/** Levels of the operands of a hierarchy: many layers are mapped on each. */
const LEVELS = new WeakMap<Hierarchy, Map<MemoryOperand, readonly OperandLevel[]>>();

function levelsOf(hierarchy: Hierarchy, operand: MemoryOperand, memories: readonly Memory[]): readonly OperandLevel[] {
  const chains = LEVELS.get(hierarchy) ?? new Map<MemoryOperand, readonly OperandLevel[]>();
  LEVELS.set(hierarchy, chains);
  const known = chains.get(operand) ?? memories.map((memory) => levelIn(hierarchy, operand, memory));
  chains.set(operand, known);
  return known;
}

const levelIn = (hierarchy: Hierarchy, operand: MemoryOperand, memory: Memory): OperandLevel => ({
  memory,
  memoryIndex: hierarchy.memories.indexOf(memory),
  ports: {
    tl: carrier(memory, operand, "tl"),
    fl: carrier(memory, operand, "fl"),
    th: carrier(memory, operand, "th"),
    fh: carrier(memory, operand, "fh"),
  },
});

function relevance(shape: OperandShape, dim: Dim): Relevance {
  if (shape.windows.some(({ out, tap }) => out === dim || tap === dim)) return "partial";
  return shape.relevant.includes(dim) ? "relevant" : "irrelevant";
}

/** A movement without a port of its own is priced at the width of the memory's first port of that kind: widths belong to the memory. */
function carrier(memory: Memory, operand: MemoryOperand, direction: Direction): Port | undefined {
  const kind = isRead(direction) ? "read" : "write";
  return portFor(memory, operand, direction) ?? memory.ports.find(({ type }) => type === kind || type === "read-write");
}

function residentsOf(memory: Memory, operands: readonly OperandModel[]): readonly Resident[] {
  return memory.operands.flatMap((held) => {
    const operand = operands.findIndex(({ memoryOperand }) => memoryOperand === held.operand);
    const level = levelOf(memory, held.operand);
    const chainLength = operands[operand]?.levels.length;
    if (level === undefined || chainLength === undefined) return [];
    return [{ operand, level, isTop: level === chainLength - 1 }];
  });
}
