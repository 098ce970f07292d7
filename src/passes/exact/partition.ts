/** Stacks from cuts under the exact model: any layer may be fused, and a map inside a stack may also leave it (EM §1). */
import type { LayerPrecision, Stack, StackInput } from "../../ir/facts.js";
import {
  type Layer,
  type LayerId,
  type Network,
  outputOf,
  outputTensors,
  producers,
  type TensorId,
} from "../../ir/network.js";
import { axisRole } from "../depth-first/domain.js";
import { dataInputs } from "../depth-first/graph.js";
import { loopsOfMap } from "../depth-first/stacks.js";

/**
 * Each cut ends a stack: what the layer depends on and no earlier stack has. The last stack is everything that is left. Layers of a stack
 * stand in the order of the network, the one that ends it last.
 *
 * @param cuts - ids of layers, in any order
 */
export function stacksAt(
  network: Network,
  cuts: readonly string[],
  precision: ReadonlyMap<string, LayerPrecision>,
): readonly Stack[] {
  const asked = new Set(cuts);
  const writers = producers(network);
  const done = new Set<LayerId>();
  const groups: (readonly Layer[])[] = [];
  const add = (layers: readonly Layer[]): void => {
    if (layers.length === 0) return;
    groups.push(layers);
    for (const { id } of layers) done.add(id);
  };
  for (const layer of network.layers.filter(({ id }) => asked.has(id))) {
    if (done.has(layer.id)) continue;
    const members = dependencies(layer, writers, done);
    add([...network.layers.filter((other) => members.has(other.id) && other !== layer), layer]);
  }
  add(network.layers.filter(({ id }) => !done.has(id)));
  return groups.map((layers, index) => ({
    id: String(index),
    inputs: readMaps(network, layers, precision),
    layers: layers.map(({ id }) => id),
  }));
}

/** A layer and all that it depends on, except what is done. */
function dependencies(
  layer: Layer,
  writers: ReadonlyMap<TensorId, Layer>,
  done: ReadonlySet<LayerId>,
): ReadonlySet<LayerId> {
  const found = new Set<LayerId>();
  const work = [layer];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (found.has(next.id) || done.has(next.id)) continue;
    found.add(next.id);
    work.push(...dataInputs(next).flatMap(({ tensor }) => writers.get(tensor) ?? []));
  }
  return found;
}

/** Feature maps that some layers read and none of them writes, as the network stores them. */
function readMaps(
  network: Network,
  layers: readonly Layer[],
  precision: ReadonlyMap<string, LayerPrecision>,
): readonly StackInput[] {
  const written = new Set(layers.map((layer) => outputOf(layer).tensor));
  const ids = new Set<string>(network.layers.map(({ id }) => id));
  const reads = layers.flatMap((layer) => dataInputs(layer).map((operand) => ({ layer, operand })));
  const inputs = new Map<TensorId, StackInput>();
  for (const { layer, operand } of reads) {
    const tensor = network.tensors.get(operand.tensor);
    if (tensor === undefined || written.has(tensor.id) || inputs.has(tensor.id)) continue;
    const bits = tensor.bits ?? precision.get(layer.id)?.operands[operand.name] ?? 0;
    const id = ids.has(tensor.id) ? `${tensor.id} (input)` : tensor.id;
    inputs.set(tensor.id, { id, tensor: tensor.id, loops: loopsOfMap(tensor.dims, operand.axes.map(axisRole)), bits });
  }
  return [...inputs.values()];
}

/** Tensors of a stack that other stacks read, or that leave the network. */
export function leavingTensors(network: Network, stack: Stack): ReadonlySet<TensorId> {
  const members = new Set<LayerId>(stack.layers);
  const own = new Set(network.layers.filter(({ id }) => members.has(id)).map((layer) => outputOf(layer).tensor));
  const outside = network.layers.filter(({ id }) => !members.has(id));
  const read = outside.flatMap((layer) => dataInputs(layer).map(({ tensor }) => tensor));
  return new Set([...read, ...outputTensors(network)].filter((tensor) => own.has(tensor)));
}
