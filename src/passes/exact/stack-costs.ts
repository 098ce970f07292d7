/** What homes cost (EM §2): energies of copies, rings and layers of one stack, each looked up once. */
import type { Memory } from "../../ir/accelerator.js";
import type { Copy, CopyEnd, CopyKind, CostModel, MappingProblem } from "../../ir/cost-model.js";
import { iterations } from "../../ir/network.js";
import { weightBits } from "../depth-first/cuts.js";
import { chainTop } from "../depth-first/levels.js";
import { operandBits } from "../depth-first/operands.js";
import { keptRings } from "../regions/kept-rings.js";
import type { RingKind } from "../regions/pieces.js";
import { constantCopies } from "./constants.js";
import type { StackGeometry } from "./geometry.js";
import { layerProblems, type ProblemSource } from "./layer-problems.js";
import { runsInWhole } from "./layouts.js";
import type { FeatureMap } from "./stack-maps.js";
import { partMemories, type Rings } from "./storage.js";
import type { PieceBits, TileNode, TileRead } from "./tile-nodes.js";

/** Where the part of a map that a tile uses lies: whole where maps live between stacks (without a memory: at the tops), or in a memory on chip. */
export type PartHome =
  | { readonly kind: "whole"; readonly memory?: Memory }
  | { readonly kind: "kept" | "fetched-again"; readonly memory: Memory };

/** A layer on a tile type with the mappings of its problems; its energy with what the machine draws while it runs. */
export interface LayerAnswer {
  readonly energy: number;
  /** Bits that its blocks take, by memory. */
  readonly occupancy: Readonly<Record<string, number>>;
}

/** Bits in each memory, by id. */
export type Reserved = ReadonlyMap<string, number>;

/** A layer with homes that nothing can be mapped on. */
const IMPOSSIBLE: LayerAnswer = { energy: Number.POSITIVE_INFINITY, occupancy: {} };

export class StackCosts {
  readonly #source: ProblemSource;
  readonly #costModel: CostModel;
  readonly #capacity: ReadonlyMap<string, number>;
  #asked = 0;
  readonly #copyEnergies = new Map<string, number>();
  readonly #problems = new Map<string, readonly MappingProblem[]>();
  readonly #bounds = new Map<string, number>();
  readonly #answers = new Map<
    string,
    { readonly available: Readonly<Record<string, number>>; readonly answer: LayerAnswer }[]
  >();

  constructor(source: ProblemSource, costModel: CostModel) {
    this.#source = source;
    this.#costModel = costModel;
    this.#capacity = new Map(source.hierarchy.memories.map(({ id, size }) => [id, size]));
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
    const full = `${key}\n${homesKey(homes)}`;
    const problems = this.problems(full, node, homes);
    const available = this.#available(problems, reserved);
    const known = this.#answers.get(full) ?? [];
    const found = known.find((entry) => covers(entry, available));
    if (found !== undefined) return found.answer;
    const answer = this.#solve(problems, available);
    this.#answers.set(full, [...known, { available, answer }]);
    return answer;
  }

  /** No less than this can a layer cost with all room to itself. */
  leastLayer(key: string, node: TileNode, homes: LayerHomes): number {
    const full = `${key}\n${homesKey(homes)}`;
    const known = this.#bounds.get(full);
    if (known !== undefined) return known;
    const problems = this.problems(full, node, homes);
    const bounds = problems.reduce((sum, problem) => sum + this.#costModel.boundLayer(problem), 0);
    const least = Math.max(bounds, this.touchedLayer(node, homes));
    this.#bounds.set(full, least);
    return least;
  }

  /** Everything that a layer touches crosses the ports of its homes once. */
  touchedLayer(node: TileNode, { inputs, output, weights }: LayerHomes): number {
    const reads = node.reads.reduce((sum, { bits, touched }, i) => sum + bits * touched * perBit(inputs[i]!).read, 0); // one home per read
    const isScattered = node.map.node.layer?.operands.some(({ axes }) =>
      axes.some(({ kind }) => kind === "transposed"),
    );
    const matrix = weights === undefined || isScattered ? 0 : weightBits(node.map.node) * perBit(weights).read;
    return node.macEnergy + reads + matrix + node.newBits * perBit(output).write;
  }

  problems(key: string, node: TileNode, homes: LayerHomes): readonly MappingProblem[] {
    const known = this.#problems.get(key);
    if (known !== undefined) return known;
    const byOperand = new Map<string, Memory>([[node.map.node.output.name, homes.output]]);
    node.reads.forEach(({ operand }, i) => void byOperand.set(operand.name, homes.inputs[i]!)); // one home per read
    if (homes.weights !== undefined) for (const { name } of node.map.node.weights) byOperand.set(name, homes.weights);
    const problems = layerProblems(node.tile!, byOperand, this.#source, this.#wholes(node, homes)); // asked of nodes that run
    this.#problems.set(key, problems);
    return problems;
  }

  /** Operands of which all lies in their home: weights, and maps that are read and written where they live between stacks. */
  #wholes({ map, reads }: TileNode, { inputs, output }: LayerHomes): ReadonlySet<string> {
    return new Set([
      ...map.node.weights.map(({ name }) => name),
      ...reads.flatMap((read, i) => (inputs[i]!.id === this.placeOf(read.map).id ? [read.operand.name] : [])),
      ...(output.id === this.placeOf(map).id ? [map.node.output.name] : []),
    ]);
  }

  /** The problems with the room that is left. */
  withRoom(problems: readonly MappingProblem[], reserved: Reserved): readonly MappingProblem[] {
    const available = this.#available(problems, reserved);
    return problems.map((problem) => ({ ...problem, available }));
  }

  /** Whether what is reserved fits; the top holds everything between stacks and is not asked. */
  fits(reserved: Reserved): boolean {
    for (const [memory, bits] of reserved) if (bits > this.#capacity.get(memory)!) return false; // memories of the hierarchy
    return true;
  }

  #available(problems: readonly MappingProblem[], reserved: Reserved): Readonly<Record<string, number>> {
    const memories = problems[0]?.hierarchy.memories ?? [];
    return Object.fromEntries(memories.map(({ id, size }) => [id, Math.max(0, size - (reserved.get(id) ?? 0))]));
  }

  /** Problems that the mapper was asked: the time that a search has taken, the same on every machine. */
  get asked(): number {
    return this.#asked;
  }

  #solve(problems: readonly MappingProblem[], available: Readonly<Record<string, number>>): LayerAnswer {
    let energy = 0;
    const occupancy: Record<string, number> = {};
    for (const problem of problems) {
      this.#asked += size(problem);
      const price = this.#costModel.priceLayer({ ...problem, available });
      if (price === undefined) return IMPOSSIBLE;
      energy += price.energy;
      for (const [id, bits] of Object.entries(price.occupancy)) occupancy[id] = Math.max(occupancy[id] ?? 0, bits);
    }
    return { energy, occupancy };
  }
}

/** How hard a problem is for the mapper, roughly: digits of its iterations, squared. */
const size = ({ loops }: MappingProblem): number => Math.log2(iterations(loops)) ** 2;

/** Energy per bit of the widest access of a memory, in pJ. */
function perBit({ ports, readEnergy, writeEnergy }: Memory): { readonly read: number; readonly write: number } {
  const width = Math.max(...ports.map(({ bandwidth }) => bandwidth));
  return { read: readEnergy / width, write: writeEnergy / width };
}

/** Homes of all that one layer touches on a tile type. */
export interface LayerHomes {
  readonly inputs: readonly Memory[];
  readonly output: Memory;
  readonly weights?: Memory;
}

const homesKey = ({ inputs, output, weights }: LayerHomes): string =>
  [output.id, weights?.id ?? "", ...inputs.map(({ id }) => id)].join("\n");

/** An answer that was found with at least as much room, and takes no more than there is now; or none was found with more. */
function covers(
  known: { readonly available: Readonly<Record<string, number>>; readonly answer: LayerAnswer },
  available: Readonly<Record<string, number>>,
): boolean {
  const ids = Object.keys(available);
  const hadMore = ids.every((id) => known.available[id]! >= available[id]!);
  return hadMore && ids.every((id) => (known.answer.occupancy[id] ?? 0) <= available[id]!);
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
      from: { operand: operand.memoryOperand, memory: inputs[i]!.id }, // one home per read
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
