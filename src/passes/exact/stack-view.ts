/** The stacks of a module as the exact model sees them. */
import { totalStaticEnergy } from "../../ir/assumed.js";
import { PRECISION, STACKS, type Stack, type StackTiling, UNROLLING } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import type { LayerId } from "../../ir/network.js";
import { graphSource, nodeGraph } from "../depth-first/graph.js";
import type { ProblemSource } from "./layer-problems.js";
import { periodAlong } from "./layouts.js";
import { machineFor } from "./machine.js";
import { leavingTensors } from "./partition.js";
import { both, type FeatureMap, type StackMaps, stackMaps } from "./stack-maps.js";

export interface ExactView {
  readonly stack: Stack;
  readonly maps: StackMaps;
}

/** A stack with the decision about its tiles. */
export interface TiledStack {
  readonly id: string;
  readonly maps: StackMaps;
  readonly tiling: StackTiling;
}

export function exactViews(module: Module): readonly ExactView[] {
  const { network } = module;
  const source = graphSource(module, new Set(network.layers.map(({ id }) => id)));
  const layouts = module.accelerator.memories.flatMap(({ layout }) => (layout === undefined ? [] : [layout]));
  const inStep = (map: FeatureMap): FeatureMap => ({
    ...map,
    periods: both((direction) => periodAlong(map.axes, direction, layouts)),
  });
  return module.get(STACKS).map((stack) => {
    const members = new Set<LayerId>(stack.layers);
    const layers = network.layers.filter(({ id }) => members.has(id));
    const graph = nodeGraph(source, layers, stack.inputs);
    const found = stackMaps(graph, stack.layers, network.tensors, leavingTensors(network, stack));
    return { stack, maps: layouts.length === 0 ? found : { ...found, maps: found.maps.map(inStep) } };
  });
}

export function problemSource(module: Module): ProblemSource {
  const precision = module.get(PRECISION);
  const { vectorUnit, paddedMacs } = module.accelerator;
  const staticEnergy = totalStaticEnergy(module.accelerator);
  return {
    hierarchy: machineFor(module, { geometry: "clipped" }),
    ...(vectorUnit && { vectorUnit }),
    ...(paddedMacs && { paddedMacs }),
    ...(staticEnergy !== undefined && { staticEnergy }),
    unrolling: module.get(UNROLLING),
    stored: module.network.tensors,
    partialBits: (layer) => precision.get(layer as LayerId)?.operands.O ?? 0,
  };
}
