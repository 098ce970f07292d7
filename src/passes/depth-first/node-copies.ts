/** Copies around one node of a tile: what must move before it runs, and what it leaves for later tiles (DF §8.5). */
import { type Hierarchy, levelOf, type Memory } from "../../ir/accelerator.js";
import type { Copy, CopyEnd } from "../../ir/cost-model.js";
import type { Loop } from "../../ir/network.js";
import type { Behaviours, RuleSet } from "../../ir/rules.js";
import { activations, type GraphNode, type InputOperand } from "./graph.js";
import { chainTop } from "./levels.js";
import { elements, extentAlong, loopsAt, mapSize, operandBits, type Pair } from "./operands.js";
import type { TileType } from "./tile-types.js";
import { operandKey } from "./trace.js";

/** Where a node's output lies within the tile, and how large it is. */
export interface Home {
  readonly node: GraphNode;
  readonly memory: Memory;
  readonly bits: number;
  /** Bits of it that copies have brought to other memories. */
  readonly copied: ReadonlyMap<string, number>;
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
  after(on: NodeOnTile, type: TileType, hierarchy: Hierarchy): readonly Copy[];
}

/** What a copy to the memory of an operand depends on. */
interface Target {
  readonly on: NodeOnTile;
  readonly operand: InputOperand;
  readonly topInput: Memory;
  readonly type: TileType;
  readonly hierarchy: Hierarchy;
}

/** Where rules about copies differ. */
interface CopyRules {
  /** Bits of a producer's output that are copied for an operand; none where it can read them as they are. */
  moved(home: Home, target: Target): number;
  /** End from which a producer's output, and kept overlap, come to an operand's memory. */
  outputSource(memory: Memory, target: Target): CopyEnd;
  cacheSource(memory: Memory, target: Target): CopyEnd;
  /** Bits per element of kept overlap that an operand reads. */
  readWidth(target: Target): number;
  /** End from which a node's output is kept for later tiles; `undefined`: it is not. */
  keptSource(on: NodeOnTile, hierarchy: Hierarchy): CopyEnd | undefined;
  /** Whether kept rows take the corner along, so that kept columns leave it out. */
  rowsHaveCorner(on: NodeOnTile, type: TileType): boolean;
}

const published: CopyRules = {
  moved: (home, target) => (isWithinReach(home, target) ? 0 : home.bits), // all of it, once per consumer: DF-Q23
  outputSource: outputChainIfHeld,
  cacheSource: (memory, { operand }) => ({ operand: operand.memoryOperand, memory: memory.id }), // no way up: DF-Q12
  readWidth: ({ on }) => on.node.output.bits, // the consumer's final bits: DF-Q22
  keptSource: (on) => (on.node.layer === undefined ? undefined : ownOutput(on)), // stack inputs are never written: DF-Q10
  rowsHaveCorner: ({ topOutput }, { rows }) => rows.write !== undefined && rows.write.id !== topOutput.id, // DF-Q25
};

/**
 * No more data is copied than is needed, to exactly where it is read, and not again where as much is there already; what is read from kept overlap was written there.
 * Data climbs on the chain of outputs; out of a memory that holds inputs alone it cannot, and comes from the top of its chain again.
 */
const corrected: CopyRules = {
  moved(home, target) {
    const bits = home.memory.id === target.topInput.id ? 0 : Math.min(home.bits, newBits(target));
    return bits <= (home.copied.get(target.topInput.id) ?? 0) ? 0 : bits;
  },
  outputSource: climbingSource,
  cacheSource: (memory, target) =>
    isBelow(memory, target) ? climbingSource(memory, target) : published.cacheSource(memory, target),
  readWidth: ({ operand }) => operand.bits,
  keptSource(on, hierarchy) {
    if (on.node.layer !== undefined) return ownOutput(on);
    const operand = on.node.output.memoryOperand;
    if (levelOf(on.topOutput, "O") !== undefined) return { operand: "O", memory: on.topOutput.id };
    return { operand, memory: chainTop(hierarchy, operand).id };
  },
  rowsHaveCorner: (_on, { rows }) => rows.write !== undefined,
};

const copiesBy = (rules: CopyRules): CopiesPolicy => ({
  before(on, homes, type, hierarchy) {
    const { topInput } = on;
    if (topInput === undefined) return [stackInput(on, hierarchy)];
    const targets = activations(on.node).map((operand): Target => ({ on, operand, topInput, type, hierarchy }));
    return [
      ...targets.flatMap((target) => outputToInput(rules, target, homes)),
      ...targets.flatMap((target) => cacheRead(rules, target, columnElements(target), type.columns.read)),
      ...targets.flatMap((target) => cacheRead(rules, target, rowElements(target), type.rows.read)),
    ];
  },
  after(on, type, hierarchy) {
    const from = rules.keptSource(on, hierarchy);
    if (from === undefined) return [];
    const columns = keptColumns(on, type, rules.rowsHaveCorner(on, type));
    return [
      ...cacheWrite(on, from, keptRows(on, type), type.rows.write),
      ...cacheWrite(on, from, columns, type.columns.write),
    ];
  },
});

export const COPIES: Behaviours<RuleSet["copies"], CopiesPolicy> = {
  published: {
    quirks: ["DF-Q10", "DF-Q12", "DF-Q15", "DF-Q22", "DF-Q23", "DF-Q25"],
    rule: copiesBy(published),
  },
  corrected: {
    quirks: ["DF-Q10", "DF-Q12", "DF-Q15", "DF-Q22", "DF-Q23", "DF-Q25"],
    rule: copiesBy(corrected),
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

/** A producer's output, from where it was written first. */
function outputToInput(rules: CopyRules, target: Target, homes: ReadonlyMap<string, Home>): readonly Copy[] {
  const { operand, on, topInput } = target;
  const home = homes.get(operand.producer);
  if (home === undefined) throw new Error(`'${operand.producer}' has not run before '${on.node.id}'`);
  const bits = rules.moved(home, target);
  if (bits === 0) return [];
  return [
    {
      kind: "output-to-input",
      layer: on.node.id,
      operand: operand.name,
      bits,
      from: rules.outputSource(home.memory, target),
      to: { operand: operand.memoryOperand, memory: topInput.id },
    },
  ];
}

/** A layer's output must lie exactly where the consumer reads; a stack input may also lie below (DF-Q15). */
function isWithinReach({ node, memory }: Home, { operand, topInput }: Target): boolean {
  if (node.layer !== undefined) return memory.id === topInput.id;
  const [at, top] = [levelOf(memory, operand.memoryOperand), levelOf(topInput, operand.memoryOperand)];
  return at !== undefined && top !== undefined && at <= top;
}

/** Bits of an operand that no earlier tile has kept. */
function newBits({ on, operand, type }: Target): number {
  const read = readOverlap(operand, on, type);
  const [width, height] = extentsOf(operand, on);
  return perCell(operand, on) * (width - read.x) * (height - read.y) * operand.bits;
}

function outputChainIfHeld(memory: Memory, { operand }: Target): CopyEnd {
  return { operand: levelOf(memory, "O") === undefined ? operand.memoryOperand : "O", memory: memory.id };
}

function climbingSource(memory: Memory, target: Target): CopyEnd {
  if (levelOf(memory, "O") !== undefined || !isBelow(memory, target)) return outputChainIfHeld(memory, target);
  const { memoryOperand } = target.operand;
  return { operand: memoryOperand, memory: chainTop(target.hierarchy, memoryOperand).id };
}

/** Whether a memory lies below the one that an operand is read from, on the same chain. */
function isBelow(memory: Memory, { operand, topInput }: Target): boolean {
  const [at, top] = [levelOf(memory, operand.memoryOperand), levelOf(topInput, operand.memoryOperand)];
  return at !== undefined && top !== undefined && at < top;
}

const ownOutput = ({ node, topOutput }: NodeOnTile): CopyEnd => ({
  operand: node.output.memoryOperand,
  memory: topOutput.id,
});

/** Columns and rows of an operand that a tile of this type reads from kept overlap. */
function readOverlap(operand: InputOperand, { node }: NodeOnTile, { columns, rows }: TileType): Pair {
  const key = operandKey(node, operand);
  return {
    x: columns.read === undefined ? 0 : (columns.reads.get(key) ?? 0),
    y: rows.read === undefined ? 0 : (rows.reads.get(key) ?? 0),
  };
}

const extentsOf = (operand: InputOperand, { loops }: NodeOnTile): readonly [width: number, height: number] => [
  extentAlong(operand, loops, "OX"),
  extentAlong(operand, loops, "OY"),
];

/** Elements of an operand per column and row. */
function perCell(operand: InputOperand, on: NodeOnTile): number {
  const [width, height] = extentsOf(operand, on);
  return elements(operand, on.loops) / width / height;
}

/** Elements of kept columns, over the whole height of the operand. */
function columnElements({ on, operand, type }: Target): number {
  const perColumn = elements(operand, on.loops) / extentAlong(operand, on.loops, "OX");
  return perColumn * readOverlap(operand, on, type).x;
}

/** Elements of kept rows; the corner comes with the columns. */
function rowElements({ on, operand, type }: Target): number {
  const { x, y } = readOverlap(operand, on, type);
  return perCell(operand, on) * y * (extentAlong(operand, on.loops, "OX") - x);
}

function cacheRead(rules: CopyRules, target: Target, count: number, from: Memory | undefined): readonly Copy[] {
  const { on, operand, topInput } = target;
  if (from === undefined || from.id === topInput.id || count === 0) return [];
  return [
    {
      kind: "cache-read",
      layer: on.node.id,
      operand: operand.name,
      bits: count * rules.readWidth(target),
      from: rules.cacheSource(from, target),
      to: { operand: operand.memoryOperand, memory: topInput.id },
    },
  ];
}

/** Elements of the rows that are kept, over the new columns. */
function keptRows({ node, loops }: NodeOnTile, type: TileType): number {
  const rows = type.rows.writes.get(node.id);
  return rows === undefined ? 0 : elements(node.output, loopsAt(loops, { ...mapSize(loops), y: rows }));
}

/** Elements of the columns that are kept. */
function keptColumns({ node, loops }: NodeOnTile, type: TileType, withoutCorner: boolean): number {
  const columns = type.columns.writes.get(node.id);
  if (columns === undefined) return 0;
  const corner = withoutCorner ? (type.rows.writes.get(node.id) ?? 0) : 0;
  return elements(node.output, loopsAt(loops, { x: columns, y: mapSize(loops).y - corner }));
}

function cacheWrite({ node }: NodeOnTile, from: CopyEnd, count: number, to: Memory | undefined): readonly Copy[] {
  if (to === undefined || to.id === from.memory || count <= 0) return [];
  const { name, bits } = node.output;
  return [
    {
      kind: "cache-write",
      layer: node.id,
      operand: name,
      bits: count * bits,
      from,
      to: { operand: from.operand, memory: to.id },
    },
  ];
}
