import type { Accelerator, Dataflow, Unroll } from "../ir/accelerator.js";
import type { Dim } from "../ir/axis-map.js";
import { dataflowFor, defaultLink } from "../ir/dataflow.js";
import { noDataflow, unrollingUnused } from "../ir/diagnostics/dataflow.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import { type LayerUnrolling, UNROLLING } from "../ir/facts.js";
import type { Layer } from "../ir/network.js";
import { definePass } from "./pass.js";

/** The unrolling that a dataflow gives a layer: entries over loops that the layer lacks are unused. */
export function layerUnrolling(layer: Layer, dataflow: Dataflow): LayerUnrolling {
  const links = layer.operands.map((operand) => {
    const { name } = operand;
    return [name, Object.hasOwn(dataflow.links, name) ? dataflow.links[name]! : defaultLink(operand)] as const;
  });
  return {
    unrolling: dataflow.unrolling.filter(({ dim }) => hasLoop(layer, dim)),
    links: Object.fromEntries(links),
    dataflow: dataflow.name,
  };
}

const hasLoop = ({ loops }: Layer, dim: Dim): boolean => loops.some((loop) => loop.dim === dim);

/** Units of the array that layers leave idle because their dataflow unrolls loops which they lack: one note for layers that lack the same. */
function unusedUnrollings(
  accelerator: Accelerator,
  chosen: readonly { readonly layer: Layer; readonly dataflow: Dataflow }[],
): readonly Diagnostic[] {
  const groups = new Map<
    string,
    { readonly dataflow: string; readonly layers: Layer[]; readonly unused: readonly Unroll[]; readonly isAll: boolean }
  >();
  for (const { layer, dataflow } of chosen) {
    const unused = dataflow.unrolling.filter(({ dim, size }) => size > 1 && !hasLoop(layer, dim));
    const isAll = !dataflow.unrolling.some(({ dim, size }) => size > 1 && hasLoop(layer, dim));
    const key = JSON.stringify([dataflow.name, unused]);
    const group = groups.get(key) ?? { dataflow: dataflow.name, layers: [], unused, isAll };
    groups.set(key, group);
    group.layers.push(layer);
  }
  return [...groups.values()]
    .filter(({ unused }) => unused.length > 0)
    .map(({ dataflow, layers, ...which }) => unrollingUnused(accelerator, dataflow, layers, which));
}

/** Layers without a loop nest of their own are moved, not computed. */
export const isComputed = ({ kind }: Layer): boolean => kind !== "movement" && kind !== "opaque";

export const assignDataflow = definePass({
  name: "assign-dataflow",
  description: "gives every layer the spatial unrolling that the accelerator states for it",
  options: {},
  requires: [],
  provides: [UNROLLING],
  run(module, { report }) {
    const { network, accelerator } = module;
    const missing: Layer[] = [];
    const chosen = network.layers.filter(isComputed).flatMap((layer) => {
      const dataflow = dataflowFor(layer, accelerator.dataflows);
      if (dataflow !== undefined) return [{ layer, dataflow }];
      missing.push(layer);
      return [];
    });
    if (missing.length > 0) throw new DiagnosticError([noDataflow(accelerator, missing)]);
    for (const note of unusedUnrollings(accelerator, chosen)) report(note);
    const entries = chosen.map(({ layer, dataflow }) => [layer.id, layerUnrolling(layer, dataflow)] as const);
    return module.with(UNROLLING, new Map(entries));
  },
});
