/** Copies around one node of a tile: what must move before it runs, and what it leaves for later tiles (DF §8.5). */
import { type Hierarchy, levelOf, type Memory } from "../../ir/accelerator.js";
import type { Copy } from "../../ir/cost-model.js";
import type { Loop } from "../../ir/network.js";
import type { RuleSet } from "../../ir/rules.js";
import { activations, type GraphNode, type InputOperand } from "./graph.js";
import { chainTop } from "./levels.js";
import { elements, extentAlong, loopsAt, mapSize, operandBits } from "./operands.js";
import type { TileType } from "./tile-types.js";
import { operandKey } from "./trace.js";

/** Where a node's output lies within the tile, and how large it is. */
export interface Home {
  readonly node: GraphNode;
  readonly memory: Memory;
  readonly bits: number;
}

/** A node on one tile type, with the memories chosen for it. */
export interface NodeOnTile {
  readonly node: GraphNode;
  readonly loops: readonly Loop[];
  readonly topInput?: Memory;
  readonly topOutput: Memory;
}

export interface CopiesPolicy {
  /** Copies that bring a node's operands to its highest input memory, in order. */
  before(on: NodeOnTile, homes: ReadonlyMap<string, Home>, type: TileType, hierarchy: Hierarchy): readonly Copy[];
  /** Copies of its output to the memories of kept overlap; they run in the copy phase of the next node. */
  after(on: NodeOnTile, type: TileType): readonly Copy[];
}

const published: CopiesPolicy = {
  before(on, homes, type, hierarchy) {
    const { topInput } = on;
    if (topInput === undefined) return [stackInput(on, hierarchy)];
    const operands = activations(on.node);
    return [
      ...operands.flatMap((operand) => outputToInput(on, operand, topInput, homes)),
      ...operands.flatMap((operand) => columnsToInput(on, operand, topInput, type)),
      ...operands.flatMap((operand) => rowsToInput(on, operand, topInput, type)),
    ];
  },
  after(on, type) {
    if (on.node.layer === undefined) return []; // overlap of a stack input is read but never written: DF-Q10
    const rows = keptRows(on, type);
    return [...cacheWrite(on, rows, type.rows.write), ...cacheWrite(on, keptColumns(on, type), type.columns.write)];
  },
};

/** The new part of a stack input, from the top of its chain, wherever kept overlap of it lies (DF §3.3, Q10). */
function stackInput({ node, loops, topOutput }: NodeOnTile, hierarchy: Hierarchy): Copy {
  const operand = node.output.memoryOperand;
  return {
    kind: "stack-input",
    layer: node.id,
    operand: "I",
    bits: operandBits(node.output, loops),
    from: { operand, memory: chainTop(hierarchy, operand).id },
    to: { operand, memory: topOutput.id },
  };
}

/** The producer's whole output, once per consumer, always from where it was written first (DF-Q23). */
function outputToInput(
  { node }: NodeOnTile,
  operand: InputOperand,
  topInput: Memory,
  homes: ReadonlyMap<string, Home>,
): readonly Copy[] {
  const home = homes.get(operand.producer);
  if (home === undefined) throw new Error(`'${operand.producer}' has not run before '${node.id}'`);
  if (isWithinReach(home, operand, topInput)) return [];
  const chainOperand = levelOf(home.memory, "O") === undefined ? operand.memoryOperand : "O";
  return [
    {
      kind: "output-to-input",
      layer: node.id,
      operand: operand.name,
      bits: home.bits,
      from: { operand: chainOperand, memory: home.memory.id },
      to: { operand: operand.memoryOperand, memory: topInput.id },
    },
  ];
}

/** A layer's output must lie exactly where the consumer reads; a stack input may also lie below (DF-Q15). */
function isWithinReach({ node, memory }: Home, operand: InputOperand, topInput: Memory): boolean {
  if (node.layer !== undefined) return memory.id === topInput.id;
  const [at, top] = [levelOf(memory, operand.memoryOperand), levelOf(topInput, operand.memoryOperand)];
  return at !== undefined && top !== undefined && at <= top;
}

/** Kept columns, over the whole height of the operand; widths are the consumer's final bits (DF-Q22). */
function columnsToInput(on: NodeOnTile, operand: InputOperand, topInput: Memory, type: TileType): readonly Copy[] {
  const columns = type.columns.reads.get(operandKey(on.node, operand)) ?? 0;
  const perColumn = elements(operand, on.loops) / extentAlong(operand, on.loops, "OX");
  return cacheRead(on, operand, perColumn * columns, type.columns.read, topInput);
}

/** Kept rows; the corner comes with the columns. */
function rowsToInput(on: NodeOnTile, operand: InputOperand, topInput: Memory, type: TileType): readonly Copy[] {
  const key = operandKey(on.node, operand);
  const [rows, columns] = [type.rows.reads.get(key) ?? 0, type.columns.read && type.columns.reads.get(key)];
  const [width, height] = [extentAlong(operand, on.loops, "OX"), extentAlong(operand, on.loops, "OY")];
  const perCell = elements(operand, on.loops) / width / height;
  return cacheRead(on, operand, perCell * rows * (width - (columns ?? 0)), type.rows.read, topInput);
}

function cacheRead(
  { node }: NodeOnTile,
  operand: InputOperand,
  count: number,
  from: Memory | undefined,
  topInput: Memory,
): readonly Copy[] {
  if (from === undefined || from.id === topInput.id || count === 0) return [];
  return [
    {
      kind: "cache-read",
      layer: node.id,
      operand: operand.name,
      bits: count * node.output.bits,
      from: { operand: operand.memoryOperand, memory: from.id },
      to: { operand: operand.memoryOperand, memory: topInput.id },
    },
  ];
}

/** Elements of the rows that are kept, over the new columns. */
function keptRows({ node, loops }: NodeOnTile, type: TileType): number {
  const rows = type.rows.writes.get(node.id);
  return rows === undefined ? 0 : elements(node.output, loopsAt(loops, { ...mapSize(loops), y: rows }));
}

/** Elements of the columns that are kept; the corner is left to the rows if those move to a memory of their own (DF-Q25). */
function keptColumns({ node, loops, topOutput }: NodeOnTile, type: TileType): number {
  const columns = type.columns.writes.get(node.id);
  if (columns === undefined) return 0;
  const movesRows = type.rows.write !== undefined && type.rows.write.id !== topOutput.id;
  const corner = movesRows ? (type.rows.writes.get(node.id) ?? 0) : 0;
  return elements(node.output, loopsAt(loops, { x: columns, y: mapSize(loops).y - corner }));
}

function cacheWrite({ node, topOutput }: NodeOnTile, count: number, to: Memory | undefined): readonly Copy[] {
  if (to === undefined || to.id === topOutput.id || count <= 0) return [];
  const { memoryOperand: operand, name, bits } = node.output;
  return [
    {
      kind: "cache-write",
      layer: node.id,
      operand: name,
      bits: count * bits,
      from: { operand, memory: topOutput.id },
      to: { operand, memory: to.id },
    },
  ];
}

/** `published` stands for DF-Q10, Q11 (reads), Q15, Q22, Q23, Q24 and Q25. */
export const COPIES: Readonly<Record<RuleSet["copies"], CopiesPolicy>> = { published };
