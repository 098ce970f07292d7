/** What homes cost (EM §2): energies of copies, rings and layers of one stack, each looked up once. */
import { type Hierarchy, levelOf, type Memory, type MemoryOperand } from "../../ir/accelerator.js";
import type { Copy, CopyEnd, CopyKind, CostModel, MappingProblem } from "../../ir/cost-model.js";
import type { GraphNode, InputOperand } from "../depth-first/graph.js";
import { chainTop } from "../depth-first/levels.js";
import { operandBits } from "../depth-first/operands.js";
import { keptRings } from "../regions/kept-rings.js";
import type { RingKind } from "../regions/pieces.js";
import { constantCopies } from "./constants.js";
import type { StackGeometry } from "./geometry.js";
import type { LayerAnswer, LayerAtHomes, LayerHomes, TakenBits } from "./layer-costs.js";
import type { ProblemSource } from "./layer-problems.js";
import { runsInWhole } from "./layouts.js";
import { NodeLayers, type Pricing } from "./node-layers.js";
import type { FeatureMap } from "./stack-maps.js";
import { partMemories, type Rings } from "./storage.js";
import type { PieceBits, TileNode, TileRead } from "./tile-nodes.js";

/** Where the part of a map that a tile uses lies: whole where maps live between stacks (without a memory: at the tops), or in a memory on chip. */
export type PartHome =
  | { readonly kind: "whole"; readonly memory?: Memory }
  | { readonly kind: "kept" | "fetched-again"; readonly memory: Memory };

/** Bits in each memory, by id. */
export type Reserved = ReadonlyMap<string, number>;

/** Nodes of paths through tile types that the searches of a stack look at before they settle for less. */
const MANY_NODES = 12_000_000;

export class StackCosts {
  readonly #source: ProblemSource;
  readonly #costModel: CostModel;
  readonly #capacity: ReadonlyMap<string, number>;
  #asked = 0;
  #looked = 0;
  readonly #copyEnergies = new Map<string, number>();
  readonly #layers = new Map<string, NodeLayers>();
  readonly #memoryIndex: ReadonlyMap<string, number>;
  readonly #hasLayouts: boolean;
  readonly #pricing: Pricing;

  constructor(source: ProblemSource, costModel: CostModel) {
    this.#source = source;
    this.#costModel = costModel;
    const { memories } = source.hierarchy;
    this.#capacity = new Map(memories.map(({ id, size }) => [id, size]));
    this.#memoryIndex = new Map(memories.map(({ id }, i) => [id, i]));
    this.#hasLayouts = memories.some(({ layout }) => layout !== undefined);
    this.#pricing = {
      source,
      costModel,
      placeOf: (map) => this.placeOf(map),
      isTop: ({ node }, memory) => this.top(node.output.memoryOperand).id === memory.id,
      memoryIndex: (id) => this.memoryIndex(id),
      onAsked: (size) => {
        this.#asked += size;
      },
    };
  }

  /** Position of a memory in the machine. */
  memoryIndex(id: string): number {
    return this.#memoryIndex.get(id)!; // asked of memories of the machine
  }

  get hierarchy(): Hierarchy {
    return this.#source.hierarchy;
  }

  get memories(): readonly Memory[] {
    return this.#source.hierarchy.memories;
  }

  /** Memories on chip that could hold parts of a map. */
  partMemories(map: FeatureMap): readonly Memory[] {
    return partMemories(map, this.#source.hierarchy);
  }

  /** Whether a memory is where feature maps and weights live between stacks. */
  isTop(memory: Memory): boolean {
    return memory.operands.every(({ operand }) => this.top(operand).id === memory.id);
  }

  /** Highest memory of a chain. */
  top(operand: string): Memory {
    return chainTop(this.#source.hierarchy, operand);
  }

  /** Where a map lives between stacks. */
  placeOf({ place, node }: FeatureMap): Memory {
    return place ?? this.top(node.output.memoryOperand);
  }

  /** Energy of a copy in pJ; infinite where no ports connect its ends. */
  copyEnergy(bits: number, from: CopyEnd, to: CopyEnd, runs?: Copy["runs"]): number {
    if (bits === 0) return 0;
    const key = [bits, from.operand, from.memory, to.operand, to.memory, JSON.stringify(runs)].join("\n");
    const known = this.#copyEnergies.get(key);
    if (known !== undefined) return known;
    const copy: Copy = { kind: "output-to-input", layer: "", operand: "", bits, from, to, ...(runs && { runs }) };
    const energy = this.#costModel.copyCost(copy, this.#source.hierarchy)?.energy ?? Number.POSITIVE_INFINITY;
    this.#copyEnergies.set(key, energy);
    return energy;
  }

  /** Whether data can move between a part of a map and its rings, to and fro, and from row to column. */
  isReachable({ node, readers }: FeatureMap, part: Memory, { column, row }: Rings): boolean {
    const { memoryOperand } = node.output;
    const isOpen = (operand: string, from: Memory | undefined, to: Memory | undefined): boolean =>
      from === undefined ||
      to === undefined ||
      this.copyEnergy(1, { operand, memory: from.id }, { operand, memory: to.id }) < Number.POSITIVE_INFINITY;
    const rings = [column, row].filter((ring) => ring !== undefined);
    return (
      isOpen(memoryOperand, row, column) &&
      rings.every(
        (ring) =>
          isOpen(memoryOperand, part, ring) &&
          readers.every(({ operand }) => ring === part || isOpen(operand.memoryOperand, ring, part)),
      )
    );
  }

  /** Constants that come with the streamed weights of a layer, on a tile on which it runs. */
  streamedConstants({ map, tile, constantBits }: TileNode, weights: Memory | undefined): readonly Copy[] {
    const kind = map.node.layer?.kind;
    if (tile === undefined || kind === "movement" || kind === "opaque") return [];
    return constantCopies(map.node, constantBits, weights, this.#source.hierarchy);
  }

  copiesEnergy(copies: readonly Copy[]): number {
    return copies.reduce((sum, { bits, from, to, runs }) => sum + this.copyEnergy(bits, from, to, runs), 0);
  }

  /**
   * A layer of a tile type with the given homes and room.
   *
   * @param key - of node and tile type
   * @param inputs - home of each read, in order
   */
  layer(key: string, node: TileNode, homes: LayerHomes, reserved: Reserved): LayerAnswer {
    return this.layerAt(key, node, homes).answer(this.taken(reserved));
  }

  /** @param key - of node and tile type */
  layerAt(key: string, node: TileNode, homes: LayerHomes): LayerAtHomes {
    const inputs = homes.inputs.map(({ id }) => this.memoryIndex(id));
    const weights = homes.weights === undefined ? -1 : this.memoryIndex(homes.weights.id);
    return this.layers(key, node).at(this.homesCode(this.memoryIndex(homes.output.id), weights, inputs), () => homes);
  }

  /** @param key - of node and tile type */
  layers(key: string, node: TileNode): NodeLayers {
    const full = this.#hasLayouts
      ? [key, ...[node, ...node.reads].map(({ map }) => this.placeOf(map).id)].join("\n")
      : key;
    const known = this.#layers.get(full) ?? new NodeLayers(node, this.#pricing);
    this.#layers.set(full, known);
    return known;
  }

  /**
   * A number for homes of a layer, given as positions of memories; text where there are too many inputs for one.
   *
   * @param weights - −1: none
   * @param count - of the inputs that are meant, the first ones
   */
  homesCode(output: number, weights: number, inputs: readonly number[], count = inputs.length): number | string {
    const base = this.memories.length + 1;
    let code = output * base + weights + 1;
    for (let i = 0; i < count; i++) code = code * base + inputs[i]!;
    return code < Number.MAX_SAFE_INTEGER ? code : [output, weights, ...inputs.slice(0, count)].join(" ");
  }

  /** What is reserved, in the order of the machine's memories. */
  taken(reserved: Reserved): TakenBits {
    return Float64Array.from(this.memories, ({ id }) => reserved.get(id) ?? 0);
  }

  /** The same by memory, without what is empty. */
  reserved(taken: TakenBits): Reserved {
    return new Map(this.memories.flatMap(({ id }, i) => (taken[i]! > 0 ? [[id, taken[i]!] as const] : [])));
  }

  /** The problems with the room that is left. */
  withRoom(problems: readonly MappingProblem[], reserved: Reserved): readonly MappingProblem[] {
    const memories = problems[0]?.hierarchy.memories ?? [];
    const left = memories.map(({ id, size }) => [id, Math.max(0, size - (reserved.get(id) ?? 0))]);
    const available = Object.fromEntries(left);
    return problems.map((problem) => ({ ...problem, available }));
  }

  /** Whether what is taken fits. */
  fitsTaken(taken: TakenBits): boolean {
    for (let i = 0; i < taken.length; i++) if (taken[i]! > this.memories[i]!.size) return false;
    return true;
  }

  /** Whether what is reserved fits; the top holds everything between stacks and is not asked. */
  fits(reserved: Reserved): boolean {
    for (const [memory, bits] of reserved) if (bits > this.#capacity.get(memory)!) return false; // memories of the hierarchy
    return true;
  }

  /** Share of a memory that bits take, by its position. */
  share(memory: number, bits: number): number {
    return bits === 0 ? 0 : bits / this.memories[memory]!.size;
  }

  /** Another path through so many nodes of a tile type is looked at. */
  onLooked(nodes: number): void {
    this.#looked += nodes;
  }

  /** Whether very many paths were looked at; the same on every machine. */
  get isTired(): boolean {
    return this.#looked > MANY_NODES;
  }

  /** Problems that the mapper was asked: the time that a search has taken, the same on every machine. */
  get asked(): number {
    return this.#asked;
  }
}

/** Rings of a map in bits. */
export interface RingBits {
  readonly column: number;
  readonly row: number;
}

export function ringBits({ node, cellBits }: FeatureMap, kind: RingKind, { regions }: StackGeometry): RingBits {
  const { column, row } = keptRings(regions.get(node.id)!, kind); // every map has regions
  return { column: column.columns * column.rows * cellBits, row: row.columns * row.rows * cellBits };
}

/** Copies that bring kept overlap of an operand beside the new part. */
export function gathers(read: TileRead, home: Memory, rings: Rings, layer: string): readonly Copy[] {
  const { column, row } = read.pieces[rings.kind];
  return [
    ...ringCopy("cache-read", layer, read.operand.name, column, read.operand.memoryOperand, rings.column, home),
    ...ringCopy("cache-read", layer, read.operand.name, row, read.operand.memoryOperand, rings.row, home),
  ].filter(({ from, to }) => from.memory !== to.memory);
}

function ringCopy(
  kind: CopyKind,
  layer: string,
  operand: string,
  bits: number,
  memoryOperand: string,
  from: Memory | undefined,
  to: Memory | undefined,
): readonly Copy[] {
  if (bits === 0 || from === undefined || to === undefined) return [];
  const end = ({ id }: Memory): CopyEnd => ({ operand: memoryOperand, memory: id });
  return [{ kind, layer, operand, bits, from: end(from), to: end(to) }];
}

/** Copies that keep overlap of a map for later tiles, in the order in which they must run. */
export function keepingCopies({ map, writes }: TileNode, home: Memory, rings: Rings): readonly Copy[] {
  const { node } = map;
  const { newToColumn, rowToColumn, newToRow } = writes[rings.kind];
  const name = node.layer === undefined ? "I" : node.output.name;
  const copy = (bits: number, from: Memory | undefined, to: Memory | undefined) =>
    ringCopy("cache-write", node.id, name, bits, node.output.memoryOperand, from, to);
  return [
    ...copy(rowToColumn, rings.row, rings.column),
    ...copy(newToColumn, home, rings.column),
    ...copy(newToRow, home, rings.row),
  ];
}

/** Copies that write what a tile owes outside of the stack. */
export function owedCopies({ map, owed, boxes }: TileNode, home: Memory, rings: Rings, place: Memory): readonly Copy[] {
  const { node } = map;
  const bits: PieceBits = owed[rings.kind];
  const copy = (buffer: keyof PieceBits, from: Memory | undefined) => {
    const pieces = boxes.owed[rings.kind].filter((piece) => piece.buffer === buffer);
    const runs = pieces.flatMap(({ box }) => runsInWhole(map.axes, box, place) ?? []);
    return ringCopy(
      "stack-output",
      node.id,
      node.output.name,
      bits[buffer],
      node.output.memoryOperand,
      from,
      place,
    ).map((each): Copy => ({ ...each, ...(runs.length > 0 && { runs: { to: runs, elementBits: node.output.bits } }) }));
  };
  return [...copy("new", home), ...copy("column", rings.column), ...copy("row", rings.row)];
}

/** Copy of the new part of a stack input from where maps live between stacks. */
export function fetchCopy(
  { map, boxes, newBits }: TileNode,
  bits: number,
  home: Memory,
  place: Memory,
): readonly Copy[] {
  const { node } = map;
  const from = runsInWhole(map.axes, bits === newBits ? boxes.new : boxes.fetched, place);
  return ringCopy("stack-input", node.id, "I", bits, node.output.memoryOperand, place, home).map(
    (copy): Copy => ({ ...copy, ...(from && { runs: { from, elementBits: node.output.bits } }) }),
  );
}

/** Operators that take as many elements out of their first input as they write, whichever the indices name. */
const PICKING: ReadonlySet<string> = new Set(["Gather", "GatherElements", "GatherND"]);

/** Data goes up as outputs do, and anywhere else as inputs. */
function leavesAs(from: Memory, to: Memory, { memoryOperand }: InputOperand, { output }: GraphNode): MemoryOperand {
  const [below, above] = [from, to].map((memory) => levelOf(memory, output.memoryOperand));
  return below !== undefined && above !== undefined && below < above ? output.memoryOperand : memoryOperand;
}

/**
 * Copies that make up a layer which only moves data: every input to the home of the output. Where more is written than read (resampling,
 * padding), the copy counts what is written. Of a table no more than what is taken out of it, wherever its rows are named.
 */
export function moveCopies(
  { map, reads, newBits }: TileNode,
  { inputs, output }: LayerHomes,
  topOf: (operand: string) => Memory,
): readonly Copy[] {
  const { node } = map;
  const only = reads.length === 1 ? newBits : 0;
  const { op = "", operands = [] } = node.layer ?? {};
  const table = PICKING.has(op) ? operands.find(({ role }) => role !== "output")?.name : undefined;
  const taken = ({ bits }: { readonly bits: number }) => (newBits / node.output.bits) * bits;
  const moved = reads.map(
    ({ operand, bits }, i): Copy => ({
      kind: "output-to-input",
      layer: node.id,
      operand: operand.name,
      bits: operand.name === table ? Math.min(bits, taken(operand)) : Math.max(bits, only),
      from: { operand: leavesAs(inputs[i]!, output, operand, node), memory: inputs[i]!.id }, // one home per read
      to: { operand: node.output.memoryOperand, memory: output.id },
    }),
  );
  const constants = node.weights.map(
    (operand): Copy => ({
      kind: "weights",
      layer: node.id,
      operand: operand.name,
      bits: Math.min(operandBits(operand, node.loops), newBits),
      from: { operand: operand.memoryOperand, memory: topOf(operand.memoryOperand).id },
      to: { operand: node.output.memoryOperand, memory: output.id },
    }),
  );
  return [...moved, ...constants].filter(({ bits }) => bits > 0);
}
