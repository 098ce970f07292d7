import type { Dataflow } from "../ir/accelerator.js";
import { dataflowFor, defaultLink } from "../ir/dataflow.js";
import { noDataflow } from "../ir/diagnostics/dataflow.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { type LayerUnrolling, UNROLLING } from "../ir/facts.js";
import type { Layer } from "../ir/network.js";
import { definePass } from "./pass.js";

/** The unrolling that a dataflow gives a layer: entries over loops that the layer lacks are unused. */
export function layerUnrolling(layer: Layer, dataflow: Dataflow): LayerUnrolling {
  const dims = new Set(layer.loops.map(({ dim }) => dim));
  const links = layer.operands.map((operand) => {
    const { name } = operand;
    return [name, Object.hasOwn(dataflow.links, name) ? dataflow.links[name]! : defaultLink(operand)] as const;
  });
  return {
    unrolling: dataflow.unrolling.filter(({ dim }) => dims.has(dim)),
    links: Object.fromEntries(links),
    dataflow: dataflow.name,
  };
}

/** Layers without a loop nest of their own are moved, not computed. */
export const isComputed = ({ kind }: Layer): boolean => kind !== "movement" && kind !== "opaque";

export const assignDataflow = definePass({
  name: "assign-dataflow",
  description: "gives every layer the spatial unrolling that the accelerator states for it",
  options: {},
  requires: [],
  provides: [UNROLLING],
  run(module) {
    const { network, accelerator } = module;
    const chosen = network.layers
      .filter(isComputed)
      .map((layer) => ({ layer, dataflow: dataflowFor(layer, accelerator.dataflows) }));
    const missing = chosen.filter(({ dataflow }) => dataflow === undefined).map(({ layer }) => layer);
    if (missing.length > 0) throw new DiagnosticError([noDataflow(accelerator, missing)]);
    const entries = chosen.map(({ layer, dataflow }) => [layer.id, layerUnrolling(layer, dataflow!)] as const);
    return module.with(UNROLLING, new Map(entries));
  },
});
