/** Sums over layers, tile types and stacks (DF §10), every breakdown checked against its total. */
import type { Copy, CopyPhaseCost, LayerCost, Mapping } from "../../ir/cost-model.js";
import type {
  EnergyByKind,
  LayerMapping,
  NodeCopies,
  PlacedTileType,
  TileTypeCost,
  Totals,
  Work,
} from "../../ir/facts.js";
import type { Behaviours, RuleSet } from "../../ir/rules.js";

/** How often the cycles of a copy phase count in the latency with final off-loading, for a type of `tiles` tiles. */
export type TotalsPolicy = (tiles: number) => number;

export const TOTALS: Behaviours<RuleSet["totals"], TotalsPolicy> = {
  published: { quirks: ["DF-Q1"], rule: () => 1 }, // once per type, unlike everything else
  scaled: { quirks: ["DF-Q1"], rule: (tiles) => tiles },
};

/** One tile type with the costs of what runs on it. */
export interface CostedType {
  readonly type: PlacedTileType;
  readonly layers: readonly LayerMapping[];
  readonly copies: readonly NodeCopies[];
}

/** All tiles of a stack, and the copies that run once before them. */
export interface CostedTiles {
  readonly types: readonly CostedType[];
  readonly loads: { readonly copies: readonly Copy[]; readonly cost: CopyPhaseCost };
  /** Bits that lie at the tops of the chains meanwhile, by memory; absent where nobody counts them. */
  readonly outside?: Readonly<Record<string, number>>;
  /** Cycles of copies that run beside layers; absent where all run alone. */
  readonly hidden?: HiddenCopies;
}

export interface HiddenCopies {
  /** Within one tile, per tile type. */
  readonly perTile: readonly number[];
  /** Between neighbouring tiles, over all of them. */
  readonly betweenTiles: number;
}

/**
 * Cost of a tile of the type, once.
 *
 * @param hidden - cycles of its copies that run beside its layers
 */
export function tileTypeCost({ layers, copies }: CostedType, rules: SumRules, hidden = 0): TileTypeCost {
  const alone = sum(layers, ({ result }) => result.cost.latencyCycles) + sum(copies, ({ cost }) => cost.cycles);
  const cycles = alone - hidden;
  const energy: EnergyByKind = {
    mac: sum(layers, ({ result }) => result.cost.macEnergy),
    memory: sum(layers, ({ result }) => result.cost.memoryEnergy),
    copy: sum(copies, ({ cost }) => cost.energy),
    ...staticEnergy(cycles, rules),
  };
  return { copies, energy, latency: cycles, ...(hidden > 0 && { hidden }) };
}

/** How sums are formed. */
export interface SumRules {
  readonly copyCount: TotalsPolicy;
  /** What the machine draws in every cycle, pJ; absent where none is stated. */
  readonly perCycle?: number;
}

const staticEnergy = (cycles: number, { perCycle }: SumRules): Pick<EnergyByKind, "static"> =>
  perCycle === undefined ? {} : { static: cycles * perCycle };

type Accesses = { read: number; write: number };

/** Adds up tiles; counts multiply everything but peaks. */
class Accumulator {
  readonly #kind = { mac: 0, memory: 0, copy: 0 };
  readonly #energy = new Map<string, Map<string, number>>();
  readonly #accesses = new Map<string, Accesses>();
  readonly #peak = new Map<string, number>();
  readonly #rules: SumRules;
  #latency = 0;
  #offloadedLatency = 0;
  #copyLatency = 0;
  #operations = 0;

  constructor(rules: SumRules) {
    this.#rules = rules;
  }

  addWork({ operations }: Work, count: number): void {
    this.#operations += count * operations;
  }

  addFootprint(bits: Readonly<Record<string, number>>): void {
    for (const [memory, used] of Object.entries(bits))
      this.#peak.set(memory, Math.max(this.#peak.get(memory) ?? 0, used));
  }

  /** @param reserved - bits of each memory that are taken while the layer runs, beside its own blocks */
  addLayer(
    { result: { mapping, cost } }: LayerMapping,
    reserved: Readonly<Record<string, number>>,
    count: number,
  ): void {
    this.#kind.mac += count * cost.macEnergy;
    this.#kind.memory += count * cost.memoryEnergy;
    this.#latency += count * cost.latencyCycles;
    this.#offloadedLatency += count * cost.offloadedCycles;
    this.#addLevels(mapping, cost, count);
    const used = Object.entries(cost.occupancy).map(([id, bits]) => [id, bits + (reserved[id] ?? 0)] as const);
    this.addFootprint(Object.fromEntries(used));
  }

  /** @param operands - layer operand of each copy of the phase */
  addPhase({ energy, cycles, copies }: CopyPhaseCost, operands: readonly string[], count: number): void {
    this.#kind.copy += count * energy;
    this.#latency += count * cycles;
    this.#copyLatency += count * cycles;
    this.#offloadedLatency += this.#rules.copyCount(count) * cycles;
    copies.forEach(({ hops }, index) => {
      for (const hop of hops) {
        this.#addEnergy(hop.from, operands[index]!, count * hop.sendEnergy); // one operand per copy
        this.#addEnergy(hop.to, operands[index]!, count * hop.receiveEnergy);
        this.#addAccesses(hop.from, count * hop.sent, 0);
        this.#addAccesses(hop.to, 0, count * hop.received);
      }
    });
  }

  /** @param cycles - of copies that run beside layers, and what is saved by that */
  hide(cycles: number): void {
    this.#latency -= cycles;
    this.#copyLatency -= cycles;
    this.#offloadedLatency -= cycles;
  }

  /** @throws Error when the breakdown by memory does not add up to the energy: a defect */
  totals(): Totals {
    const { mac, memory, copy } = this.#kind;
    const byMemory = sum([...this.#energy.values()], (operands) => sum([...operands.values()], (energy) => energy));
    requireEqual("energy by memory", byMemory, memory + copy);
    const drawn = staticEnergy(this.#latency, this.#rules);
    return {
      energy: mac + memory + copy + (drawn.static ?? 0),
      energyByKind: { mac, memory, copy, ...drawn },
      latency: this.#latency,
      copyLatency: this.#copyLatency,
      offloadedLatency: this.#offloadedLatency,
      operations: this.#operations,
      energyByMemory: sorted(new Map([...this.#energy].map(([id, operands]) => [id, sorted(operands)] as const))),
      accesses: sorted(this.#accesses),
      peak: sorted(this.#peak),
    };
  }

  #addLevels({ levels }: Mapping, { energyByLevel, accesses }: LayerCost, count: number): void {
    for (const [operand, memories] of Object.entries(levels)) {
      memories.forEach((memory, level) => {
        const { tl, th, fl, fh } = accesses[operand]![level]!; // one entry per level of every operand
        this.#addEnergy(memory, operand, count * energyByLevel[operand]![level]!);
        this.#addAccesses(memory, count * (tl + th), count * (fl + fh));
      });
    }
  }

  #addEnergy(memory: string, operand: string, energy: number): void {
    const operands = this.#energy.get(memory) ?? new Map<string, number>();
    this.#energy.set(memory, operands.set(operand, (operands.get(operand) ?? 0) + energy));
  }

  #addAccesses(memory: string, read: number, write: number): void {
    const known = this.#accesses.get(memory) ?? { read: 0, write: 0 };
    this.#accesses.set(memory, { read: known.read + read, write: known.write + write });
  }
}

/** Totals of all tiles of the given stacks. */
export function totalsOf(stacks: readonly CostedTiles[], rules: SumRules): Totals {
  const accumulator = new Accumulator(rules);
  for (const { loads } of stacks)
    accumulator.addPhase(
      loads.cost,
      loads.copies.map(({ operand }) => operand),
      1,
    );
  for (const { type, layers, copies, outside } of stacks.flatMap(({ types, outside = {} }) =>
    types.map((type) => ({ ...type, outside })),
  )) {
    const taken = new Map(type.nodes.map((node) => [node.id, plusBits(node.reserved ?? {}, outside)] as const));
    for (const layer of layers) accumulator.addLayer(layer, taken.get(layer.layer) ?? {}, type.count);
    for (const { id, work } of type.nodes) {
      accumulator.addWork(work, type.count);
      accumulator.addFootprint(taken.get(id)!); // every node is in it
    }
    for (const phase of copies) accumulator.addPhase(phase.cost, operandsOf(type, phase), type.count);
  }
  for (const { types, hidden } of stacks) {
    if (hidden === undefined) continue;
    accumulator.hide(
      hidden.betweenTiles + sum([...types.entries()], ([t, { type }]) => type.count * hidden.perTile[t]!),
    ); // one per type
  }
  return accumulator.totals();
}

/** Bits of each memory in either of two lists. */
const plusBits = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>) => ({
  ...a,
  ...Object.fromEntries(Object.entries(b).map(([memory, bits]) => [memory, bits + (a[memory] ?? 0)] as const)),
});

function operandsOf({ nodes }: PlacedTileType, { node, when }: NodeCopies): readonly string[] {
  const placed = nodes.find(({ id }) => id === node);
  return ((when === "before" ? placed?.copies : placed?.after) ?? []).map(({ operand }) => operand);
}

/** @throws Error when two ways to the same sum differ by more than rounding: a defect */
export function requireEqual(what: string, found: number, expected: number): void {
  if (Math.abs(found - expected) > 1e-9 * Math.max(Math.abs(found), Math.abs(expected)))
    throw new Error(`${what} adds up to ${found}, not to ${expected}`);
}

export const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((total, item) => total + value(item), 0);

const sorted = <T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
  new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
