/** A machine small enough to be worked out by hand, and schedules on it under the exact model. */
import { createCostModel } from "../../src/backend/cost/cost-model.js";
import { readAccelerator } from "../../src/frontend/zigzag/accelerator.js";
import type { Accelerator } from "../../src/ir/accelerator.js";
import type { Copy } from "../../src/ir/cost-model.js";
import { COSTS, MAPPINGS, PLACEMENT, type PlacedNode, type PlacedTileType, STACKS } from "../../src/ir/facts.js";
import type { Network } from "../../src/ir/network.js";
import { EXACT } from "../../src/ir/rules.js";
import { type CompileOptions, compile } from "../support/compile.js";
import { moduleOf } from "../support/networks.js";

/** One for all tests of a file: results depend on the question alone. */
export const exact = createCostModel(EXACT);

/**
 * One unit, a memory on chip and DRAM, which hold everything; ports of 8 bit, so that an access is an element of 8 bit. An access on
 * chip costs 1 pJ, in DRAM 100 pJ, a multiply-accumulate 1 pJ.
 *
 * @param chip - bits of the memory on chip
 */
export const smallMachine = (chip = 1_000_000): Accelerator => machine(`  chip: ${memory(chip, 1)}`);

/**
 * The same with a nearer memory of a tenth of the cost. Inputs cannot leave it upwards.
 *
 * @param near - its bits
 */
export const twoLevelMachine = (near: number): Accelerator =>
  machine(`  near: ${memory(near, 0.1)}\n  chip: ${memory(1_000_000, 1)}`);

const machine = (onChip: string): Accelerator => {
  const text = `
name: small
operational_array: { dimensions: [D1], sizes: [1], unit_energy: 1 }
memories:
${onChip}
  dram: ${memory(100_000_000, 100)}
dataflows:
  - name: default
    spatial_mapping: { D1: ["K, 1"] }
    memory_operand_links: { O: O, W: I2, I: I1, X: I1, Y: I1 }
`;
  return readAccelerator(text, "small.yaml").accelerator;
};

function memory(size: number, cost: number): string {
  const reads = `type: read, bandwidth_min: 8, bandwidth_max: 8, allocation: ["I1, tl", "I2, tl", "O, tl", "O, th"]`;
  const writes = `type: write, bandwidth_min: 8, bandwidth_max: 8, allocation: ["I1, fh", "I2, fh", "O, fh", "O, fl"]`;
  const costs = `r_cost: ${cost}, w_cost: ${cost}`;
  return `{ size: ${size}, operands: [I1, I2, O], served_dimensions: [D1], ${costs}, ports: [{ name: r, ${reads} }, { name: w, ${writes} }] }`;
}

type Mode = "recompute" | "h-cached" | "fully-cached";

interface ScheduleOptions {
  readonly tile?: string;
  readonly overlap?: Mode;
  readonly order?: "x-first" | "y-first";
  /** Layers to cut after; without them the network is one stack. */
  readonly cuts?: readonly string[];
  readonly accelerator?: Accelerator;
}

/** The network in one stack, or in several. */
export function scheduleOf(
  layers: Network,
  { tile, overlap = "fully-cached", order = "x-first", cuts, accelerator = smallMachine() }: ScheduleOptions = {},
) {
  const [width, height] = (tile ?? "").split("x").map(Number);
  const options: CompileOptions = {
    stacks: cuts === undefined ? { rule: "single" } : { cuts },
    tiles: { overlap, order, ...(tile !== undefined && { tile: { width, height } }) },
    costModel: exact,
  };
  const { module, diagnostics } = compile(moduleOf(layers, accelerator), options);
  return {
    diagnostics,
    stacks: module.get(STACKS),
    placements: module.get(PLACEMENT),
    mappings: module.get(MAPPINGS),
    costs: module.get(COSTS),
  };
}

export const nodeOf = ({ nodes }: PlacedTileType, id: string): PlacedNode => {
  const node = nodes.find((candidate) => candidate.id === id);
  if (node === undefined) throw new Error(`no node '${id}' on the tile type`);
  return node;
};

export const copiesOf = ({ copies, after = [] }: PlacedNode, kind: Copy["kind"]): readonly Copy[] =>
  [...copies, ...after].filter((copy) => copy.kind === kind);

export const bitsOf = (copies: readonly Copy[]): number => copies.reduce((sum, { bits }) => sum + bits, 0);
