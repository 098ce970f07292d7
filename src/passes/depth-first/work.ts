/** What layers execute, and what of it anybody needs. */
import type { Work } from "../../ir/facts.js";
import { iterations, type Layer, type LayerId, type Loop } from "../../ir/network.js";
import { isComputed } from "../assign-dataflow.js";
import type { StackView } from "./network-view.js";
import { loopsAt } from "./operands.js";

const NO_WORK: Work = { operations: 0, macs: 0 };

/** Work of a layer with the given loop sizes; none for what is only moved. */
export function workOf(layer: Layer | undefined, loops: readonly Loop[]): Work {
  if (layer === undefined || !isComputed(layer)) return NO_WORK;
  const operations = iterations(loops);
  return { operations, macs: (operations * layer.macs) / iterations(layer.loops) };
}

/** Work of each layer of a stack on its full extent, as the published model traces it. */
export function neededWork({ graph, full }: Pick<StackView, "graph" | "full">): ReadonlyMap<LayerId, Work> {
  const entries = graph.nodes.flatMap(({ id, layer, loops }) => {
    const size = full.get(id);
    return layer === undefined || size === undefined ? [] : [[layer.id, workOf(layer, loopsAt(loops, size))] as const];
  });
  return new Map(entries);
}
