import { PLACEMENT, PRECISION, STACKS, type StackPlacement, TILING, UNROLLING } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import type { RuleSet } from "../ir/rules.js";
import { stackViews } from "./depth-first/network-view.js";
import { placeAlone } from "./depth-first/place-alone.js";
import { placeStack } from "./depth-first/place-stack.js";
import { placeExactly } from "./exact/place-stack.js";
import { exactViews, problemSource } from "./exact/stack-view.js";
import { definePass, type PassContext } from "./pass.js";
import { statedHomes } from "./stated-mappings.js";

export const placeOperands = definePass({
  name: "place-operands",
  description: "sorts tiles into types and gives every operand, kept overlap and weight its memory on each of them",
  options: {},
  requires: [PRECISION, STACKS, TILING, UNROLLING],
  provides: [PLACEMENT],
  run: (module, context) => module.with(PLACEMENT, PLACED[context.costModel.rules.geometry](module, context)),
});

/** How stacks are placed under each geometry. */
const PLACED: Readonly<
  Record<RuleSet["geometry"], (module: Module, context: PassContext) => readonly StackPlacement[]>
> = {
  traced(module, { costModel }) {
    const [tilings, unrolling, hierarchy] = [module.get(TILING), module.get(UNROLLING), module.accelerator];
    return stackViews(module).map((view, index) => {
      const { stack } = view;
      if (stack.alone !== undefined) return placeAlone(view, hierarchy, unrolling, costModel);
      const tiling = tilings[index];
      if (tiling?.stack !== stack.id) throw new Error(`stack ${stack.id} has no tiling`);
      return placeStack({ ...view, tiling }, hierarchy, unrolling, costModel, (type, node) =>
        statedHomes(module, stack, type, node),
      );
    });
  },
  clipped(module, { costModel }) {
    const [tilings, source] = [module.get(TILING), problemSource(module)];
    return exactViews(module).map(({ stack, maps }, index) => {
      const tiling = tilings[index];
      if (tiling?.stack !== stack.id) throw new Error(`stack ${stack.id} has no tiling`);
      return placeExactly({ id: stack.id, maps, tiling }, source, costModel);
    });
  },
};
