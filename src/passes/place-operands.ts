import { PLACEMENT, STACKS, TILING, UNROLLING } from "../ir/facts.js";
import { stackViews } from "./depth-first/network-view.js";
import { placeAlone } from "./depth-first/place-alone.js";
import { placeStack } from "./depth-first/place-stack.js";
import { definePass } from "./pass.js";
import { statedHomes } from "./stated-mappings.js";

export const placeOperands = definePass({
  name: "place-operands",
  description: "sorts tiles into types and gives every operand, kept overlap and weight its memory on each of them",
  options: {},
  requires: [STACKS, TILING, UNROLLING],
  provides: [PLACEMENT],
  run(module, { costModel }) {
    const [tilings, unrolling, hierarchy] = [module.get(TILING), module.get(UNROLLING), module.accelerator];
    const placements = stackViews(module).map((view, index) => {
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
});
