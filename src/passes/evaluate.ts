import { totalStaticEnergy } from "../ir/assumed.js";
import type { Copy, CopyPhaseCost, CostModel } from "../ir/cost-model.js";
import { nothingResident } from "../ir/diagnostics/schedule.js";
import type { Diagnostic } from "../ir/diagnostics.js";
import {
  COSTS,
  type LayerTotals,
  MAPPINGS,
  type NodeCopies,
  PLACEMENT,
  type PlacedTileType,
  STACKS,
  type StackCost,
  type StackPlacement,
  TILING,
  type Work,
} from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import type { LayerId } from "../ir/network.js";
import type { RuleSet } from "../ir/rules.js";
import { type CostedStack, conservationNotes } from "./depth-first/conservation.js";
import { type StackView, stackViews } from "./depth-first/network-view.js";
import {
  type CostedTiles,
  type CostedType,
  requireEqual,
  type SumRules,
  sum,
  TOTALS,
  tileTypeCost,
  totalsOf,
} from "./depth-first/totals.js";
import { requireInvariants } from "./exact/invariants.js";
import { machineFor } from "./exact/machine.js";
import { hiddenCopies } from "./exact/pipelined-copies.js";
import { residentMemories, roomBeside, type StackNeeds } from "./exact/resident-weights.js";
import { choice } from "./options.js";
import { definePass } from "./pass.js";

export const evaluate = definePass({
  name: "evaluate",
  description: "adds up energy, latency and accesses over layers, copies, tiles and stacks",
  options: {
    copies: choice("alone", ["alone", "pipelined"], "whether copies may run beside layers, where ports and room allow"),
    inference: choice(
      "single",
      ["single", "steady"],
      "one inference from nothing, or one of many: weights that can stay on chip are not loaded again",
    ),
  },
  requires: [STACKS, TILING, PLACEMENT, MAPPINGS],
  provides: [COSTS],
  run(module, { costModel, report }, { copies, inference }) {
    const placements = module.get(PLACEMENT);
    const isExact = costModel.rules.geometry === "clipped";
    const capacity = new Map(module.accelerator.memories.map(({ id, size }) => [id, size]));
    const alone = costedTiles(module, costModel);
    const isSteady = isExact && inference === "steady";
    const resident = isSteady ? residentMemories(needsOf(placements, alone), capacity) : new Set<string>();
    if (isSteady && resident.size === 0) report(nothingResident(placements.some(holdsWeights)));
    const stacks = alone
      .map((stack) =>
        withoutLoads(stack, resident, (loads) => costModel.copyPhase(loads, machineFor(module, costModel.rules))),
      )
      .map((stack, s) => {
        if (!isExact || copies === "alone") return stack;
        const room = roomBeside(placements, s, resident, capacity);
        return { ...stack, hidden: hiddenCopies(stack, placements[s]!, module.get(TILING)[s]!.order, room) };
      });
    const sums = sumRules(module, costModel.rules);
    for (const note of LAWS[costModel.rules.geometry](module, stacks, costModel.rules)) report(note);
    const totals = totalsOf(stacks, sums);
    const types = stacks.flatMap((stack) => stack.types);
    const layers = layerTotals(module, types, neededWork(placements));
    const { copy, static: drawn = 0 } = totals.energyByKind;
    requireEqual("energy by layer", sum(layers, ({ energy }) => energy) + copy + drawn, totals.energy);
    requireEqual("latency by layer", sum(layers, ({ latency }) => latency) + totals.copyLatency, totals.latency);
    const costs = stacks.map(
      (stack): StackCost => ({
        totals: totalsOf([stack], sums),
        tileTypes: stack.types.map((type, t) => tileTypeCost(type, sums, stack.hidden?.perTile[t])),
        ...(stack.loads.copies.length > 0 && { loads: stack.loads.cost }),
        ...(stack.hidden && { hiddenBetweenTiles: stack.hidden.betweenTiles }),
        ...(resident.size > 0 && { residentWeights: [...resident].sort() }),
      }),
    );
    requireEqual(
      "energy by stack",
      sum(costs, (stack) => stack.totals.energy),
      totals.energy,
    );
    return module.with(COSTS, { totals, stacks: costs, layers, ...(isSteady && { isSteady }) });
  },
});

/** Every tile type with the costs of its layers and copies. */
function costedTiles(module: Module, costModel: CostModel): readonly CostedTiles[] {
  const mappings = module.get(MAPPINGS);
  return module.get(PLACEMENT).map(({ tileTypes, loads = [], outside }, s) => ({
    types: tileTypes.map(
      (type, t): CostedType => ({ type, layers: mappings[s]![t]!, copies: phasesOf(type, costModel, module) }),
    ), // one entry per type
    loads: { copies: loads, cost: costModel.copyPhase(loads, machineFor(module, costModel.rules)) },
    ...(outside && { outside }),
  }));
}

const holdsWeights = ({ buffers = [] }: StackPlacement): boolean => buffers.some(({ role }) => role === "weights");

const needsOf = (placements: readonly StackPlacement[], stacks: readonly CostedTiles[]): readonly StackNeeds[] =>
  placements.map((placement, s) => ({ placement, peak: totalsOf([stacks[s]!], NO_SUM_RULES).peak })); // one per placement

const NO_SUM_RULES: SumRules = { copyCount: () => 1 };

/** Without what need not be loaded again. */
function withoutLoads(
  stack: CostedTiles,
  resident: ReadonlySet<string>,
  costOf: (loads: readonly Copy[]) => CopyPhaseCost,
): CostedTiles {
  const left = stack.loads.copies.filter(({ kind, to }) => kind !== "weights" || !resident.has(to.memory));
  if (left.length === stack.loads.copies.length) return stack;
  return { ...stack, loads: { copies: left, cost: costOf(left) } };
}

/** The published model knows no energy that is drawn without work. */
function sumRules({ accelerator }: Module, { totals, geometry }: RuleSet): SumRules {
  const perCycle = geometry === "clipped" ? totalStaticEnergy(accelerator) : undefined;
  return { copyCount: TOTALS[totals].rule, ...(perCycle !== undefined && { perCycle }) };
}

/** Laws that a schedule must keep under each geometry, and what a user should know of those that it does not. */
const LAWS: Readonly<
  Record<RuleSet["geometry"], (module: Module, stacks: readonly CostedTiles[], rules: RuleSet) => readonly Diagnostic[]>
> = {
  traced: (module, stacks, rules) =>
    conservationNotes(
      costedStacks(
        module,
        stackViews(module),
        stacks.map(({ types }) => types),
      ),
      module.accelerator.memories,
      rules,
    ),
  clipped: requireInvariants,
};

/** Copy phases of one tile: before each node that has copies, and after it (DF §9.4). */
function phasesOf(type: PlacedTileType, costModel: CostModel, module: Module): CostedType["copies"] {
  const machine = machineFor(module, costModel.rules);
  const phase = (node: string, when: NodeCopies["when"], copies: readonly Copy[]): readonly NodeCopies[] =>
    copies.length === 0 ? [] : [{ node, when, cost: costModel.copyPhase(copies, machine) }];
  return type.nodes.flatMap(({ id, copies, after = [] }) => [
    ...phase(id, "before", copies),
    ...phase(id, "after", after),
  ]);
}

/** The stacks of a module with all that was decided about them; facts hold one entry per stack. */
function costedStacks(
  module: Module,
  views: readonly StackView[],
  types: readonly (readonly CostedType[])[],
): readonly CostedStack[] {
  const [tilings, placements] = [module.get(TILING), module.get(PLACEMENT)];
  return views.map((view, s) => ({
    ...view,
    overlap: tilings[s]!.overlap,
    placement: placements[s]!,
    types: types[s]!,
  }));
}

/** Each layer over all tiles of all stacks, in the order of the network. */
function layerTotals({ network }: Module, types: readonly CostedType[], needed: NeededWork): readonly LayerTotals[] {
  const sums = new Map<string, Omit<LayerTotals, "layer" | "needed">>();
  const add = (id: string, count: number, { energy = 0, latency = 0, work = NO_WORK }): void => {
    const known = sums.get(id) ?? NOTHING;
    sums.set(id, {
      energy: known.energy + count * energy,
      latency: known.latency + count * latency,
      executed: plus(known.executed, work, count),
    });
  };
  for (const { type, layers } of types) {
    for (const { layer, result } of layers)
      add(layer, type.count, { energy: result.cost.energy, latency: result.cost.latencyCycles });
    for (const { id, problems, work } of type.nodes) if (problems.length > 0) add(id, type.count, { work });
  }
  return network.layers.map(({ id }) => ({
    layer: id,
    ...(sums.get(id) ?? NOTHING),
    needed: sums.has(id) ? (needed.get(id) ?? NO_WORK) : NO_WORK,
  }));
}

const NO_WORK: Work = { operations: 0, macs: 0 };
const NOTHING = { energy: 0, latency: 0, executed: NO_WORK };

const plus = (a: Work, b: Work, count = 1): Work => ({
  operations: a.operations + count * b.operations,
  macs: a.macs + count * b.macs,
});

type NeededWork = ReadonlyMap<LayerId, Work>;

/** Work of each layer once per stack that it is part of. */
function neededWork(placements: readonly StackPlacement[]): NeededWork {
  const sums = new Map<LayerId, Work>();
  for (const { needed } of placements)
    for (const [id, work] of needed) sums.set(id, plus(sums.get(id) ?? NO_WORK, work));
  return sums;
}
