/** Imports tiny models and prints what came out, in the notation of `printNetwork`. */

import { importOnnx, type OnnxImport } from "../../src/frontend/onnx/import.js";
import { DiagnosticError } from "../../src/ir/diagnostics.js";
import type { Layer, Tensor } from "../../src/ir/network.js";
import { printAxis, printLoops } from "../../src/ir/print.js";
import { verifyNetwork } from "../../src/ir/verify.js";
import { type Dims, type ModelSpec, model, type NodeSpec, node, type TensorSpec } from "./onnx-builder.js";

export function importModel(spec: ModelSpec, bind: Readonly<Record<string, number>> = {}): OnnxImport {
  const result = importOnnx(model(spec), { file: "test.onnx", bind });
  const violations = verifyNetwork(result.network);
  if (violations.length > 0) throw new Error(violations.join("\n"));
  return result;
}

/** A layer in two lines: `B1 K4 C3 OY8 OX8` and `O[B, K, OY, OX] W[K, C, 0, 0] I[B, C, OY, OX]`. */
export function printLayer({ loops, operands }: Layer): readonly [string, string] {
  return [printLoops(loops), operands.map(({ name, axes }) => `${name}[${axes.map(printAxis).join(", ")}]`).join(" ")];
}

/** The layer that a node became. */
export function layerOf({ network }: OnnxImport, id: string): Layer {
  const layer = network.layers.find((candidate) => candidate.id === id);
  if (layer === undefined) throw new Error(`no layer '${id}' among ${network.layers.map((l) => l.id).join(", ")}`);
  return layer;
}

export function tensorOf({ network }: OnnxImport, name: string): Tensor {
  const tensor = [...network.tensors.values()].find(({ id }) => id === name);
  if (tensor === undefined) throw new Error(`no tensor '${name}'`);
  return tensor;
}

/** Extents of a value as another node sees them: behind views too. */
export function shapeOf(spec: ModelSpec, name: string, bind: Readonly<Record<string, number>> = {}): readonly number[] {
  const probe: NodeSpec = node("Probe", [name], ["probe"], {}, "probe", "kerf.test");
  const { network } = importModel(
    { ...spec, nodes: [...spec.nodes, probe], outputs: { probe: [1] }, domains: { ...spec.domains, "kerf.test": 1 } },
    bind,
  );
  const operand = network.layers.find(({ id }) => id === "probe")?.operands[1];
  const view = operand?.view?.at(-1);
  if (view?.kind === "reshape") return view.dims;
  const tensor = operand?.tensor === undefined ? undefined : network.tensors.get(operand.tensor);
  if (tensor === undefined) throw new Error(`'${name}' has no shape: ${JSON.stringify(network.coverage)}`);
  return tensor.dims;
}

/** Codes of the diagnostics that an import throws, in order. */
export function codesOf(run: () => unknown): readonly string[] {
  return diagnosticsOf(run).map(({ code }) => code);
}

export function diagnosticsOf(run: () => unknown): DiagnosticError["diagnostics"] {
  try {
    run();
  } catch (cause) {
    if (cause instanceof DiagnosticError) return cause.diagnostics;
    throw cause;
  }
  return [];
}

/** A model of one node, `n`, that reads `x` and the constants in their order and writes `y`; an empty name leaves an input out. */
export interface SingleNode {
  readonly op: string;
  readonly x: Dims;
  readonly constants?: Readonly<Record<string, readonly number[] | TensorSpec | "">>;
  readonly attributes?: NodeSpec["attributes"];
  readonly opset?: number;
  /** Further graph inputs, read before the constants. */
  readonly inputs?: Readonly<Record<string, Dims>>;
}

export function singleNode({ op, x, constants = {}, attributes = {}, opset = 17, inputs = {} }: SingleNode): ModelSpec {
  const given = Object.entries(constants).flatMap(([name, value]) => (value === "" ? [] : [[name, value] as const]));
  const names = Object.entries(constants).map(([name, value]) => (value === "" ? "" : name));
  return {
    opset,
    inputs: { x, ...inputs },
    initializers: Object.fromEntries(given),
    nodes: [node(op, ["x", ...Object.keys(inputs), ...names], ["y"], attributes, "n")],
  };
}

/** Loops, operands and attributes of the layer that a node becomes; `undefined` for a view. */
export function lowered(single: SingleNode) {
  const { network, totals } = importModel(singleNode(single));
  const [layer] = network.layers;
  if (layer === undefined) return undefined;
  const [loops, operands] = printLayer(layer);
  return { kind: layer.kind, loops, operands, macs: layer.macs, totals, attributes: layer.attributes, layer };
}
