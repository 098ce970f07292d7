/** Every number of one cut order, cut by cut: the plain evaluation that the search's tables must agree with (EM §3). */
import type { Dim } from "../../../ir/axis-map.js";
import type { Loop } from "../../../ir/network.js";
import { relevanceOf } from "../mapper/layer-model.js";
import type { Visits } from "./axis-figures.js";
import {
  type BlockSums,
  blockSums,
  cutVisits,
  type FlowAccesses,
  type FlowCycles,
  flowAccesses,
  flowCycles,
  flowVisits,
} from "./block-sums.js";
import { type Cut, type ExactLayer, type ExactOperand, type Flow, heldLevels } from "./exact-layer.js";
import { serialCycles } from "./times.js";

export type Copies = 1 | 2;

/** An order that is cut: per operand of `ExactLayer.operands` and held level, the loops at or below it. */
export interface CutOrder {
  /** Innermost first. */
  readonly loops: readonly Loop[];
  /** Stationary positions (`stationaryPosition`). */
  readonly positions: readonly (readonly number[])[];
}

export interface PricedFlow {
  readonly flow: Flow;
  /** Of one visit of every block each. */
  readonly accesses: FlowAccesses;
  readonly cycles: FlowCycles;
  readonly visits: Visits;
}

/** The array's cut first: `flows[m + 1]` cross the cut above level `m`. */
export interface OperandFigures {
  readonly flows: readonly (readonly PricedFlow[])[];
  /** Bits of one block per held level. */
  readonly blockBits: readonly number[];
  /** Whether partial sums are ever in the home. */
  readonly leavesSums: boolean;
}

export function orderFigures(layer: ExactLayer, { loops, positions }: CutOrder): readonly OperandFigures[] {
  return layer.operands.map((operand, o) => operandFigures(operand, loops, positions[o]!));
}

/** Serial cycles of a held level with one and with two blocks reserved. */
export function levelSerial({ flows }: OperandFigures, level: number, copies: Copies): number {
  return flows[level + 1]!.reduce(
    (sum, { flow, cycles, visits }) => sum + serialCycles(flow, cycles, visits.busy, copies),
    0,
  );
}

/** Blocks of an operand stay while loops run that do not index it: where the run of these above a position ends (EM §3, Cut). */
export function stationaryPosition({ model }: ExactOperand, loops: readonly Loop[], position: number): number {
  const end = loops.findIndex(
    ({ dim, size }, i) => i >= position && size > 1 && relevanceOf(model, dim) !== "irrelevant",
  );
  return end === -1 ? loops.length : end;
}

/** Whether a partial sum is ever in the level above a cut: some visit from below is not the last one (EM §3, Partial sums). */
export const leavesPartial = ({ isUpperComplete }: Cut, { upper }: Visits): boolean => !isUpperComplete || upper > 1;

/** Bits per element of a level; where finished values are wider than partial sums, both must fit. */
export const heldWidth = ({ bits, finalBits }: ExactOperand["model"], isPartial: boolean): number =>
  isPartial ? Math.max(bits, finalBits) : finalBits;

function operandFigures(operand: ExactOperand, loops: readonly Loop[], positions: readonly number[]): OperandFigures {
  const { cuts, model } = operand;
  const blocks = cuts.map((_, i) => productsBelow(loops, i === 0 ? 0 : positions[i - 1]!));
  const blockOf = (i: number) => (dim: Dim) => blocks[i]!.get(dim) ?? 1;
  const visits = cuts.map((cut, i) => cutVisits(cut.axes, blockOf(i)));
  const sums = cuts.map((cut, i): BlockSums => blockSums(operand.whole, cut.axes, blockOf(i), cut.layout));
  return {
    flows: cuts.map((cut, i) =>
      cut.flows.map((flow) => ({
        flow,
        accesses: flowAccesses(flow, sums[i]!),
        cycles: flowCycles(flow, sums[i]!),
        visits: flowVisits(flow.kind, cut, visits[i]!, freshStarts(operand, visits, i)),
      })),
    ),
    leavesSums: model.isOutput && leavesPartial(cuts.at(-1)!, visits.at(-1)!),
    blockBits: Array.from({ length: heldLevels(operand) }, (_, m) => {
      const isPartial = model.isOutput && leavesPartial(cuts[m]!, visits[m]!);
      return sums[m + 1]!.largest * heldWidth(model, isPartial);
    }),
  };
}

function productsBelow(loops: readonly Loop[], position: number): ReadonlyMap<Dim, number> {
  const products = new Map<Dim, number>();
  for (const { dim, size } of loops.slice(0, position)) products.set(dim, (products.get(dim) ?? 1) * size);
  return products;
}

/** Times that an element starts from nothing in the level above cut `i` (EM §3, `Z`): replicas are added on the way up. */
const freshStarts = ({ homeReplicas }: ExactOperand, visits: readonly Visits[], i: number): number =>
  visits.slice(i + 1).reduce((sum, { upper, lower }) => sum + lower - upper, homeReplicas);
