/** What must hold of every module before and after every pass. */
import { type Dim, loopsOf } from "./axis-map.js";
import { PRECISION, STACKS, TILING, UNROLLING } from "./facts.js";
import type { Module } from "./module.js";
import type { Layer, LayerId, Network, Operand, TensorId } from "./network.js";

/** Violated rules in words, each naming the offender; empty for a valid module. */
export function verifyModule(module: Module): readonly string[] {
  return [...verifyNetwork(module.network), ...verifyFacts(module)];
}

export function verifyNetwork(network: Network): readonly string[] {
  const written = new Set<TensorId>();
  for (const { id, kind } of network.tensors.values())
    if (kind !== "intermediate" && kind !== "output") written.add(id);
  const ids = new Set<LayerId>();
  const violations: string[] = [];
  for (const layer of network.layers) {
    if (ids.has(layer.id)) violations.push(`layer id '${layer.id}' is used twice`);
    ids.add(layer.id);
    violations.push(...verifyLayer(layer, network), ...verifyOrder(layer, written));
    const output = layer.operands[0]?.tensor;
    if (output !== undefined) written.add(output);
  }
  for (const { node, layer } of network.coverage) {
    if (layer !== undefined && !ids.has(layer))
      violations.push(`coverage of '${node}' names the unknown layer '${layer}'`);
  }
  return violations;
}

function verifyLayer(layer: Layer, network: Network): readonly string[] {
  const { loops, operands } = layer;
  const dims = new Set(loops.map(({ dim }) => dim));
  const violations = [
    ...loops
      .filter(({ size }) => !Number.isSafeInteger(size) || size < 1)
      .map((l) => `loop '${l.dim}' has size ${l.size}`),
    ...operands.flatMap((operand) => verifyOperand(operand, dims, network)),
  ];
  const iterations = loops.reduce((product, { size }) => product * size, 1);
  if (iterations > Number.MAX_SAFE_INTEGER) violations.push(`the loops run ${iterations} times, more than 2^53`);
  if (dims.size !== loops.length) violations.push("a loop is declared twice");
  if (operands.findIndex(({ role }) => role === "output") !== 0) violations.push("the first operand is not the output");
  if (operands.filter(({ role }) => role === "output").length > 1) violations.push("there is a second output");
  if (new Set(operands.map(({ name }) => name)).size !== operands.length)
    violations.push("an operand's name is used twice");
  return violations.map((text) => `layer '${layer.id}': ${text}`);
}

function verifyOperand({ name, tensor, axes }: Operand, dims: ReadonlySet<Dim>, network: Network): readonly string[] {
  const unknown = axes.flatMap(loopsOf).filter((dim) => !dims.has(dim));
  const violations = unknown.map((dim) => `operand '${name}' uses the unknown loop '${dim}'`);
  if (tensor === undefined) return violations;
  const held = network.tensors.get(tensor);
  if (held === undefined) return [...violations, `operand '${name}' names the unknown tensor '${tensor}'`];
  if (held.dims.length === axes.length) return violations;
  return [
    ...violations,
    `operand '${name}' has ${axes.length} axis maps for the ${held.dims.length} axes of '${tensor}'`,
  ];
}

function verifyOrder(layer: Layer, written: ReadonlySet<TensorId>): readonly string[] {
  const [output, ...inputs] = layer.operands;
  const early = inputs.filter(({ tensor }) => tensor !== undefined && !written.has(tensor));
  const violations = early.map(({ tensor }) => `layer '${layer.id}' reads '${tensor}' before it is written`);
  if (output?.tensor === undefined) return [...violations, `layer '${layer.id}' writes no tensor`];
  return written.has(output.tensor)
    ? [...violations, `layer '${layer.id}' writes '${output.tensor}' again`]
    : violations;
}

function verifyFacts(module: Module): readonly string[] {
  const layers = new Set(module.network.layers.map(({ id }) => id));
  const strangers = (ids: Iterable<LayerId>, owner: string) =>
    [...ids].filter((id) => !layers.has(id)).map((id) => `${owner} speaks of the unknown layer '${id}'`);
  const stacks = module.find(STACKS) ?? [];
  const known = new Set(stacks.map(({ id }) => id));
  const tilings = module.find(TILING) ?? [];
  return [
    ...strangers(module.find(PRECISION)?.keys() ?? [], "fact 'precision'"),
    ...strangers(module.find(UNROLLING)?.keys() ?? [], "fact 'unrolling'"),
    ...stacks.flatMap((stack) => strangers(stack.layers, `stack ${stack.id}`)),
    ...tilings
      .filter(({ stack }) => !known.has(stack))
      .map(({ stack }) => `a tiling speaks of the unknown stack ${stack}`),
    ...tilings.filter(({ tile }) => !isTile(tile)).map(({ stack }) => `the tile of stack ${stack} is not a size`),
  ];
}

const isTile = ({ width, height }: { readonly width: number; readonly height: number }): boolean =>
  Number.isSafeInteger(width) && width >= 1 && Number.isSafeInteger(height) && height >= 1;
