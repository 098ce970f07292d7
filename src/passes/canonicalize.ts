import { DECISIONS } from "../ir/decisions.js";
import { SEARCHED } from "../ir/facts.js";
import type { CoverageEntry, Layer, LayerId, Network, Operand, Tensor, TensorId } from "../ir/network.js";
import { inputsOf, outputOf, producers } from "../ir/network.js";
import { definePass } from "./pass.js";

/** Kinds whose output an element-wise successor may change before it is stored. */
const COMPUTING: readonly Layer["kind"][] = ["conv", "matmul", "pool", "elementwise"];

/**
 * The layer whose output `layer` merely transforms element by element, with nothing but constants beside it; `undefined` where
 * the intermediate map is needed elsewhere or the constant is a whole map.
 */
function foldTarget(layer: Layer, writers: ReadonlyMap<TensorId, Layer>, uses: UseCounts): Layer | undefined {
  const inputs = inputsOf(layer);
  const [input] = inputs;
  if (layer.kind !== "elementwise" || inputs.length !== 1 || input?.tensor === undefined || input.view !== undefined)
    return undefined;
  const producer = writers.get(input.tensor);
  if (producer === undefined || !COMPUTING.includes(producer.kind)) return undefined;
  if (uses.get(input.tensor) !== 1 || !isSameMap(layer) || !hasSmallConstants(layer)) return undefined;
  return producer;
}

/** How often each tensor is read, an output of the network counting once. */
type UseCounts = ReadonlyMap<TensorId, number>;

/**
 * Folds batch normalisations, constant scales and offsets, and activations into the layer that produces their input. The producer then
 * writes the folded layer's output; the ledger names the producer for the folded node.
 */
export function foldElementwise(network: Network): Network {
  const writers = new Map(producers(network));
  const uses = countUses(network);
  const folded = new Map<LayerId, LayerId>();
  const merged = new Map<LayerId, Layer>();
  for (const layer of network.layers) {
    const target = foldTarget(layer, writers, uses);
    if (target === undefined) continue;
    const result = absorb(merged.get(target.id) ?? target, layer);
    merged.set(target.id, result);
    folded.set(layer.id, target.id);
    writers.set(tensorOf(outputOf(layer)), result);
  }
  if (folded.size === 0) return network;
  const layers = network.layers.filter(({ id }) => !folded.has(id)).map((layer) => merged.get(layer.id) ?? layer);
  return { ...network, layers, tensors: tensorsInUse(network, layers), coverage: recover(network.coverage, folded) };
}

function absorb(producer: Layer, layer: Layer): Layer {
  const output = outputOf(layer);
  return {
    ...producer,
    nodes: [...producer.nodes, ...layer.nodes],
    operands: producer.operands.map((operand) =>
      operand.role === "output" ? { ...operand, tensor: tensorOf(output) } : operand,
    ),
    postOps: [...producer.postOps, { op: layer.op, attributes: layer.attributes }, ...layer.postOps],
    parameters: [...producer.parameters, ...layer.parameters, ...constantsOf(layer)],
  };
}

const constantsOf = (layer: Layer): Layer["parameters"] =>
  layer.operands.flatMap(({ role, tensor }) =>
    role === "weight" && tensor !== undefined ? [{ role: layer.op, tensor }] : [],
  );

/** Input and output are indexed by the same loops, axis by axis: no broadcast of the input. */
function isSameMap(layer: Layer): boolean {
  const [input] = inputsOf(layer);
  return input !== undefined && loopNames(input) === loopNames(outputOf(layer));
}

const loopNames = (operand: Operand): string =>
  operand.axes.map((map) => (map.kind === "pointwise" ? map.loops.join("·") : "?")).join(",");

/** Constants that ride along with the layer's weights: per channel or scalar, not a map of their own. */
const hasSmallConstants = (layer: Layer): boolean =>
  layer.operands.every(
    ({ role, axes }) =>
      role !== "weight" ||
      axes.every((map) => map.kind === "pointwise" && !map.loops.some((dim) => dim === "OX" || dim === "OY")),
  );

function countUses(network: Network): UseCounts {
  const uses = new Map<TensorId, number>();
  const add = (id: TensorId) => uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const { id, kind } of network.tensors.values()) if (kind === "output") add(id);
  for (const { operands } of network.layers)
    for (const { role, tensor } of operands) if (role !== "output" && tensor !== undefined) add(tensor);
  return uses;
}

function tensorsInUse(network: Network, layers: readonly Layer[]): ReadonlyMap<TensorId, Tensor> {
  const used = new Set<TensorId>();
  for (const { operands, parameters } of layers) {
    for (const { tensor } of [...operands, ...parameters]) if (tensor !== undefined) used.add(tensor);
  }
  return new Map(
    [...network.tensors].filter(([id, { kind }]) => used.has(id) || kind === "input" || kind === "output"),
  );
}

/** Entries of a folded layer name the layer that took it in; a view of it stays a view. */
const recover = (coverage: readonly CoverageEntry[], folded: ReadonlyMap<LayerId, LayerId>): readonly CoverageEntry[] =>
  coverage.map((entry) => {
    const target = entry.layer === undefined ? undefined : folded.get(entry.layer);
    if (target === undefined) return entry;
    if (entry.status !== "lowered") return { ...entry, layer: target };
    return { ...entry, status: "folded", layer: target, reason: `folded into '${target}'` };
  });

function tensorOf(operand: Operand): TensorId {
  if (operand.tensor === undefined) throw new Error(`operand '${operand.name}' of an element-wise layer has no tensor`);
  return operand.tensor;
}

export const canonicalize = definePass({
  name: "canonicalize",
  description: "folds batch normalisations, constants and activations into the layer before them",
  options: {},
  requires: [],
  provides: [],
  run: (module) => module.withNetwork(foldElementwise(module.network), [DECISIONS, SEARCHED]),
});
