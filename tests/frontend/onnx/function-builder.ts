/** Tiny models with functions of their own. */
import onnxProto from "onnx-proto";
import { encodeModel, type ModelSpec, modelProto, type NodeSpec } from "../../support/onnx-builder.js";

const { onnx } = onnxProto;
export const DOMAIN = "local";

export interface FunctionSpec {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeSpec[];
  /** Attribute of the first node → attribute of the caller that it refers to. */
  readonly references?: Readonly<Record<string, string>>;
  readonly opset?: number;
}

export function functionProto(name: string, spec: FunctionSpec): onnxProto.onnx.IFunctionProto {
  const nodes = modelProto({ nodes: spec.nodes }).graph?.node ?? [];
  const references = Object.entries(spec.references ?? {}).map(([attribute, refAttrName]) => ({
    name: attribute,
    refAttrName,
    type: onnx.AttributeProto.AttributeType.INT,
  }));
  nodes[0]?.attribute?.push(...references);
  return {
    name,
    domain: DOMAIN,
    input: [...spec.inputs],
    output: [...spec.outputs],
    node: nodes,
    opsetImport: [
      { domain: "", version: spec.opset ?? 17 },
      { domain: DOMAIN, version: 1 },
    ],
  };
}

export type Functions = Readonly<Record<string, FunctionSpec>>;

/** Bytes of a model with functions of its own. */
export const bytesOf = (spec: ModelSpec, functions: Functions): Uint8Array =>
  encodeModel({
    ...modelProto({ ...spec, domains: { [DOMAIN]: 1 } }),
    functions: Object.entries(functions).map(([name, body]) => functionProto(name, body)),
  });
