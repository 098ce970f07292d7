/** Which memory holds what: first fit from the array outwards (DF §6.4, §7, §8.2). */
import { chain, type Hierarchy, levelOf, type Memory, type MemoryOperand, replicas } from "../../ir/accelerator.js";
import type { Behaviours, RuleSet } from "../../ir/rules.js";
import type { BufferDemand, Kept } from "./kept-buffers.js";

/** Chains and weights of a stack, as far as the choice of levels depends on them. */
export interface StackMemories {
  readonly hierarchy: Hierarchy;
  /** Memory operand of the feature maps that layers read, and of the output of the stack's nodes. */
  readonly activations: MemoryOperand;
  readonly outputs: MemoryOperand;
  /** Absent for a stack without constant operands. */
  readonly weights?: { readonly operand: MemoryOperand; readonly bits: number };
}

/** Memories planned for one tile. */
export interface PlannedLevels {
  readonly io: Memory;
  /** Absent where the mode keeps no such overlap, or no memory can hold it. */
  readonly columns?: Memory;
  readonly rows?: Memory;
  readonly weights?: Memory;
}

export interface LevelsPolicy {
  /** Memories for one tile, in the order of priority: feature maps, kept columns, kept rows, weights. */
  plan(stack: StackMemories, demand: BufferDemand, kept: Kept): PlannedLevels;
  /** Memory for the columns that a tile keeps for its right neighbour, given both plans. */
  columnHome(writer: PlannedLevels, reader: PlannedLevels, stack: StackMemories): Memory | undefined;
  /** The one memory for kept rows of a stack, given the plans of its tiles in the order of the tiles. */
  rowHome(plans: readonly PlannedLevels[], stack: StackMemories): Memory | undefined;
  /** Highest memory of what a layer reads. */
  topInput(hierarchy: Hierarchy, operand: MemoryOperand, inputBits: number): Memory;
  /** Highest memory of what a node inside a stack writes, next to what it reads. */
  topOutput(
    hierarchy: Hierarchy,
    operand: MemoryOperand,
    outputBits: number,
    input: { readonly memory?: Memory; readonly bits: number },
  ): Memory;
}

/** Top of a chain: where feature maps live between stacks (DF §3.3, Q26). */
export function chainTop(hierarchy: Hierarchy, operand: MemoryOperand): Memory {
  const top = chain(hierarchy, operand).at(-1);
  if (top === undefined) throw new Error(`no memory holds '${operand}'`);
  return top;
}

/** The higher of two memories of one chain. */
export const higher = (operand: MemoryOperand, a: Memory | undefined, b: Memory | undefined): Memory | undefined =>
  a === undefined || (b !== undefined && levelOf(b, operand)! > levelOf(a, operand)!) ? b : a; // both hold the operand

/** The memory `levels` further up the chain, at most its top. */
export function lift(hierarchy: Hierarchy, operand: MemoryOperand, memory: Memory, levels: number): Memory {
  const memories = chain(hierarchy, operand);
  const at = memories.findIndex(({ id }) => id === memory.id);
  return memories[Math.min(at + levels, memories.length - 1)] ?? memory;
}

/** First fit by capacity. `weightCapacity`: bits that a memory has for weights. */
const planBy =
  (weightCapacity: (memory: Memory, hierarchy: Hierarchy) => number): LevelsPolicy["plan"] =>
  ({ hierarchy, activations, outputs, weights }, demand, kept) => {
    const memories = chain(hierarchy, outputs);
    const shared = (memory: Memory): boolean =>
      levelOf(memory, activations) !== undefined && isSingle(hierarchy, memory);
    const fits = (need: (memory: Memory) => number): Memory | undefined =>
      memories.find((memory) => shared(memory) && memory.size >= need(memory));
    const io = fits(() => demand.alive) ?? chainTop(hierarchy, outputs);
    const columns = kept.columns ? fits(() => demand.withColumns) : undefined;
    const inColumns = (memory: Memory): boolean => memory.id === columns?.id;
    const rows =
      kept.columns && kept.rows
        ? fits((memory) => demand.withRows - (inColumns(memory) ? demand.corner : 0))
        : undefined;
    const walked = memories.slice(0, memories.indexOf(io) + 1);
    const besides = (memory: Memory): number => {
      if (memory.id === rows?.id) return demand.withRows - (inColumns(memory) ? demand.corner : 0);
      if (inColumns(memory)) return demand.withColumns;
      return walked.includes(memory) ? demand.alive : 0;
    };
    const weightMemory = weights && weightLevel(hierarchy, weights, besides, weightCapacity);
    return { io, ...present({ columns, rows, weights: weightMemory }) };
  };

/** Nothing is reserved for anything else (DF-Q13); weights count one instance of a memory (DF-Q3). */
const published: LevelsPolicy = {
  plan: planBy(({ size }) => size),
  columnHome: (_writer, reader) => reader.columns, // even if it is lower than the writer's: DF-Q8
  rowHome: (plans) => plans.at(-1)?.rows, // even if an earlier tile needs a higher one: DF-Q9
  topInput: (hierarchy, operand, inputBits) => firstFit(hierarchy, operand, () => inputBits),
  topOutput: (hierarchy, operand, outputBits, input) =>
    firstFit(hierarchy, operand, ({ id }) => outputBits + (id === input.memory?.id ? input.bits : 0)),
};

/** Kept overlap lies where every tile that writes or reads it is planned to have room. */
const highestHomes: LevelsPolicy = {
  ...published,
  columnHome: (writer, reader, { outputs }) => higher(outputs, writer.columns, reader.columns),
  rowHome: (plans, { outputs }) =>
    plans.reduce<Memory | undefined>((top, { rows }) => higher(outputs, top, rows), undefined),
};

const corrected: LevelsPolicy = {
  ...highestHomes,
  plan: planBy((memory, { array }) => memory.size * replicas(array, memory)),
};

function weightLevel(
  hierarchy: Hierarchy,
  { operand, bits }: { readonly operand: MemoryOperand; readonly bits: number },
  besides: (memory: Memory) => number,
  capacityOf: (memory: Memory, hierarchy: Hierarchy) => number,
): Memory {
  const fitting = chain(hierarchy, operand).find((memory) => capacityOf(memory, hierarchy) >= bits + besides(memory));
  return fitting ?? chainTop(hierarchy, operand);
}

function firstFit(hierarchy: Hierarchy, operand: MemoryOperand, need: (memory: Memory) => number): Memory {
  const memories = chain(hierarchy, operand);
  const fitting = memories.find((memory) => isSingle(hierarchy, memory) && memory.size >= need(memory));
  return fitting ?? chainTop(hierarchy, operand);
}

/** Not replicated along any array dim. */
const isSingle = ({ array }: Hierarchy, memory: Memory): boolean => replicas(array, memory) === 1;

/** The record without its undefined entries. */
const present = <T extends object>(record: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<T>; // entries were kept or dropped whole

export const LEVELS: Behaviours<RuleSet["levels"], LevelsPolicy> = {
  published: { quirks: ["DF-Q3", "DF-Q8", "DF-Q9", "DF-Q13", "DF-Q26"], rule: published },
  highest: { quirks: ["DF-Q8", "DF-Q9"], rule: highestHomes },
  corrected: { quirks: ["DF-Q3", "DF-Q8", "DF-Q9"], rule: corrected },
};
