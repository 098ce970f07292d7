import type { CostModel } from "../ir/cost-model.js";
import { costedAlone, cutsAdded, cutZeroIgnored, nothingToSchedule, unknownCut } from "../ir/diagnostics/schedule.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { PRECISION, STACKS, type Stack, UNROLLING } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import { type Layer, type LayerId, outputTensors } from "../ir/network.js";
import { namedStacks, namesLayersTwice, stackConflicts, statedCuts } from "./decisions.js";
import { CUTS } from "./depth-first/cuts.js";
import { outsideDomain } from "./depth-first/domain.js";
import { predecessors } from "./depth-first/graph.js";
import { formStack, networkView } from "./depth-first/network-view.js";
import { forcedCuts, splitAt } from "./depth-first/stacks.js";
import { stacksAt } from "./exact/partition.js";
import { choice, joinNames, names } from "./options.js";
import { definePass } from "./pass.js";

export const partitionStacks = definePass({
  name: "partition-stacks",
  description: "groups layers into stacks that run depth-first, by weight budget or at stated cuts",
  options: {
    rule: choice("auto", ["auto", "single", "per-layer"], "stacks by weight budget, one stack, or one per layer"),
    cuts: names("layers after which a stack ends; replaces the rule"),
  },
  requires: [PRECISION, UNROLLING],
  provides: [STACKS],
  run(module, { costModel, report }, { rule, cuts }) {
    const { network, accelerator } = module;
    if (network.layers.length === 0) throw new DiagnosticError([nothingToSchedule(network.name)]);
    if (costModel.rules.geometry === "clipped") return module.with(STACKS, exactStacks(module, costModel, rule, cuts));
    const alone = outsideDomain(network, module.get(UNROLLING));
    const outside = new Set(alone.keys());
    const view = networkView(module, outside);
    const policy = CUTS[costModel.rules.cuts].rule;
    const chosen =
      cuts.length > 0
        ? namedCuts(cuts, network.layers)
        : RULES[rule](network.layers, () => policy.automatic(view.graph, accelerator));
    const named = namedStacks(module, view.graph);
    const isStated = cuts.length > 0 || rule !== "auto" || named.length > 0;
    const mayRepeat = !isStated || namesLayersTwice(named); // what a user states means what it says: DF-Q2 is the rule's alone
    const absent = mayRepeat ? view.graph.nodes.find(({ id }) => policy.isAbsent(id, view.graph))?.id : undefined;
    const asked = statedCuts(named, chosen, view.graph, absent);
    const forced = forcedCuts(view.graph, asked, outside, outputTensors(network));
    const isAbsent = (cut: string): boolean => cut === absent && asked.includes(cut);
    const stacks = splitAt(view.graph, [...asked, ...forced], isAbsent).map((nodes, index) =>
      formStack(view, nodes, String(index), alone),
    );
    const isRepeating = asked.some(isAbsent);
    const conflicts = stackConflicts(named, stacks);
    if (conflicts.length > 0) throw new DiagnosticError(conflicts, "infeasible");
    requireEveryLayer(stacks, network.layers, isRepeating);

    const feeding = new Set([...outside].flatMap((id) => predecessors(view.graph.byId.get(id)!))); // a layer of the network
    const added = forced.filter((id) => !outside.has(id as LayerId) && !feeding.has(id)); // cuts are ids of layers
    if (alone.size > 0) report(costedAlone([...alone].map(([id, reason]) => ({ id, reason }))));
    if (added.length > 0) report(cutsAdded(added));
    if (isRepeating) report(cutZeroIgnored());
    return module.with(STACKS, stacks);
  },
});

/** Stacks of the exact model: cuts as they are asked for, since nothing forces any. */
function exactStacks(module: Module, { rules }: CostModel, rule: StackRule, cuts: readonly string[]): readonly Stack[] {
  const { network, accelerator } = module;
  const { graph } = networkView(module, new Set(network.layers.map(({ id }) => id)));
  const automatic = () => CUTS[rules.cuts].rule.automatic(graph, accelerator);
  const chosen = cuts.length > 0 ? namedCuts(cuts, network.layers) : RULES[rule](network.layers, automatic);
  const named = namedStacks(module, graph);
  const stacks = stacksAt(network, statedCuts(named, chosen, graph, undefined), module.get(PRECISION));
  const conflicts = stackConflicts(named, stacks);
  if (conflicts.length > 0) throw new DiagnosticError(conflicts, "infeasible");
  requireEveryLayer(stacks, network.layers, false);
  return stacks;
}

type StackRule = "auto" | "single" | "per-layer";

/** Cuts of each rule. */
const RULES: Readonly<
  Record<StackRule, (layers: readonly Layer[], automatic: () => readonly string[]) => readonly string[]>
> = {
  auto: (_layers, automatic) => automatic(),
  single: () => [],
  "per-layer": (layers) => layers.map(({ id }) => id),
};

function namedCuts(cuts: readonly string[], layers: readonly Layer[]): readonly string[] {
  const known = new Map<string, string>(layers.map(({ id }) => [id, id]));
  for (const { id, name } of layers) if (!known.has(name)) known.set(name, id); // workload files have numbers and names
  const unknown = cuts.filter((cut) => !known.has(cut));
  if (unknown.length > 0) {
    const choices = [...known.keys()].map((name) => joinNames([name])); // as one would have to write them
    throw new DiagnosticError(unknown.map((cut) => unknownCut(cut, choices)));
  }
  return cuts.map((cut) => known.get(cut)!); // checked above
}

/** Every layer runs in one stack; in several only where the reference takes a cut for none. */
function requireEveryLayer(stacks: readonly Stack[], layers: readonly Layer[], isRepeating: boolean): void {
  const counts = new Map<LayerId, number>();
  for (const id of stacks.flatMap((stack) => stack.layers)) counts.set(id, (counts.get(id) ?? 0) + 1);
  const wrong = layers.filter(({ id }) => counts.get(id) === undefined || (!isRepeating && counts.get(id) !== 1));
  if (wrong.length > 0) throw new Error(`layers in no stack or in several: ${wrong.map(({ id }) => id).join(", ")}`);
}
