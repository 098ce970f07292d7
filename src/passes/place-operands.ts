import {
  HOMES_BETWEEN,
  HOMES_BOUND,
  PLACEMENT,
  PRECISION,
  STACKS,
  type StackPlacement,
  TILING,
  UNROLLING,
} from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import { outputTensors } from "../ir/network.js";
import type { RuleSet } from "../ir/rules.js";
import { stackViews } from "./depth-first/network-view.js";
import { placeAlone } from "./depth-first/place-alone.js";
import { placeStack } from "./depth-first/place-stack.js";
import { idleUnits } from "./exact/idle-units.js";
import { placeStacks } from "./exact/place-stacks.js";
import { exactViews, problemSource } from "./exact/stack-view.js";
import { choice } from "./options.js";
import { definePass, type PassContext } from "./pass.js";
import { statedHomes, statedMappings } from "./stated-mappings.js";

/** Where feature maps between stacks may live. */
const BETWEEN = ["searched", "top"] as const;

export const placeOperands = definePass({
  name: "place-operands",
  description: "sorts tiles into types and gives every operand, kept overlap and weight its memory on each of them",
  options: {
    between: choice(
      "searched",
      BETWEEN,
      "homes of maps between stacks: searched, or the top of the hierarchy for all (published rules know the latter alone)",
    ),
  },
  requires: [PRECISION, STACKS, TILING, UNROLLING],
  provides: [PLACEMENT],
  run: (module, context, { between }) => PLACED[context.costModel.rules.geometry](module, context, between),
});

type Placing = (module: Module, context: PassContext, between: (typeof BETWEEN)[number]) => Module;

/** How stacks are placed under each geometry. */
const PLACED: Readonly<Record<RuleSet["geometry"], Placing>> = {
  traced(module, { costModel }) {
    const [tilings, unrolling, hierarchy] = [module.get(TILING), module.get(UNROLLING), module.accelerator];
    const placements = stackViews(module).map((view, index): StackPlacement => {
      const { stack } = view;
      if (stack.alone !== undefined) return placeAlone(view, hierarchy, unrolling, costModel);
      const tiling = tilings[index];
      if (tiling?.stack !== stack.id) throw new Error(`stack ${stack.id} has no tiling`);
      return placeStack({ ...view, tiling }, hierarchy, unrolling, costModel, (type, node) =>
        statedHomes(module, stack, type, node),
      );
    });
    return module.with(PLACEMENT, placements);
  },
  clipped(module, { costModel, report }, between) {
    const question = {
      views: exactViews(module),
      tilings: module.get(TILING),
      outputs: outputTensors(module.network),
      source: problemSource(module),
      costModel,
      isBetweenSearched: between === "searched",
    };
    const placed = placeStacks(question, (s) => statedMappings(module, module.get(STACKS)[s]!)); // one view per stack
    for (const note of idleUnits(module, placed.placements)) report(note);
    return module
      .with(PLACEMENT, placed.placements)
      .with(HOMES_BOUND, placed.bound)
      .with(HOMES_BETWEEN, placed.between);
  },
};
