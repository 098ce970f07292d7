/**
 * The bound of a layer's energy operand by operand. Each operand's part depends on its own chain of memories alone, so that layers which
 * differ in the homes of several operands are put together from few parts.
 */
import type { Memory } from "../../../ir/accelerator.js";
import type { MappingProblem, OperandShape } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import { chainKeys } from "./chain-keys.js";
import { energyCriterion } from "./criteria.js";
import { operationEnergy } from "./exact-layer.js";
import { roomOf } from "./room.js";
import type { Tables } from "./tables.js";

/** What one operand adds, pJ. */
interface OperandPart {
  readonly array: number;
  /** Of its cuts, as if it were alone. */
  readonly cuts: number;
  /** Bits of its smallest blocks, by memory id. */
  readonly held: readonly { readonly memory: string; readonly bits: number }[];
}

/** An operand of zero bits. */
const NOTHING: OperandPart = { array: 0, cuts: 0, held: [] };

/** @param isAsked - operands by position whose tables are asked for */
type TablesOf = (problem: MappingProblem, isAsked: (operand: number) => boolean) => Tables;

/** A layer on a tile under one unrolling, wherever its operands live. */
interface Shape {
  operations: number;
  readonly parts: Map<string, OperandPart>;
}

export class OperandBounds {
  readonly #tablesOf: TablesOf;
  /** Problems that are asked about at many homes share their operands; an equal list of others is only not recognised. */
  readonly #shapes = new WeakMap<readonly OperandShape[], WeakMap<readonly Loop[], Map<string, Shape>>>();

  /** @param tablesOf - of a problem with all room to itself */
  constructor(tablesOf: TablesOf) {
    this.#tablesOf = tablesOf;
  }

  /** Least energy as far as the operands one by one can tell, pJ; infinite where their smallest blocks do not fit together. */
  bound(problem: MappingProblem): number {
    const shape = this.#shapeOf(problem);
    const keys = problem.operands.map(
      ({ memoryOperand }, o) => `${o} ${chainKeys(problem.hierarchy, memoryOperand).content}`,
    );
    if (keys.some((key) => !shape.parts.has(key))) this.#learn(shape, keys, problem);
    const parts = keys.map((key) => shape.parts.get(key)!); // learnt
    if (!fitTogether(parts, problem.hierarchy.memories)) return Number.POSITIVE_INFINITY;
    const start = parts.reduce((sum, { array }) => sum + array, 0) + shape.operations;
    return parts.reduce((sum, { cuts }) => sum + cuts, start);
  }

  #shapeOf({ operands, loops, unrolling, operation, finalOutputBits }: MappingProblem): Shape {
    const byLoops = this.#shapes.get(operands) ?? new WeakMap<readonly Loop[], Map<string, Shape>>();
    this.#shapes.set(operands, byLoops);
    const shapes = byLoops.get(loops) ?? new Map<string, Shape>();
    byLoops.set(loops, shapes);
    const unrolled = unrolling.map(({ arrayDim, dim, size }) => `${arrayDim} ${dim} ${size}`).join("\n");
    const key = `${unrolled}\n${finalOutputBits} ${operation?.energy} ${operation?.share}`;
    const known = shapes.get(key) ?? { operations: 0, parts: new Map<string, OperandPart>() };
    shapes.set(key, known);
    return known;
  }

  /** What is not known of the operands. */
  #learn(shape: Shape, keys: readonly string[], problem: MappingProblem): void {
    const isNew = keys.map((key) => !shape.parts.has(key));
    const tables = this.#tablesOf(problem, (operand) => isNew[operand]!);
    const room = roomOf(tables);
    const { toGo } = energyCriterion(tables, room);
    shape.operations = operationEnergy(tables.layer);
    for (const [index, key] of keys.entries()) if (isNew[index]) shape.parts.set(key, NOTHING);
    tables.operands.forEach(({ operand, array }, o) => {
      const held = room.leastBits[o]!.map((bits, level) => ({
        memory: operand.model.levels[level]!.memory.id,
        bits: bits[0]!,
      }));
      shape.parts.set(keys[operand.index]!, { array: array.energy, cuts: toGo[o]![0]![0]!, held });
    });
  }
}

function fitTogether(parts: readonly OperandPart[], memories: readonly Memory[]): boolean {
  const used = new Map<string, number>();
  for (const { held } of parts) for (const { memory, bits } of held) used.set(memory, (used.get(memory) ?? 0) + bits);
  return memories.every(({ id, size }) => (used.get(id) ?? 0) <= size);
}
