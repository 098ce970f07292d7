/** Changes of precision: quantisers of ONNX, QONNX and FINN. What they compute on is one element at a time. */
import { operandValue } from "../../../ir/diagnostics/onnx.js";
import { DATA_TYPE, quantisedBits } from "../data-type.js";
import { mapAxes, mapLoops } from "../feature-map.js";
import { numbersOf } from "../fold.js";
import { output } from "../operands.js";
import {
  dimsOf,
  fail,
  type Inferred,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
} from "../operator.js";
import { wholeAxes } from "../whole.js";

/** A layer over the first input; the others are read beside the loop nest. */
function quantiser(node: LoweringContext, roles: readonly string[]): LayerSpec {
  const dims = dimsOf(node, 0);
  const axes = mapAxes(dims.length);
  return {
    kind: "elementwise",
    loops: mapLoops(dims),
    operands: [output(axes), { name: "I", role: inputRole(node), axes, input: 0 }],
    attributes: node.attributes.plain(),
    parameters: roles.flatMap((role, i) => (node.inputs[i + 1] === undefined ? [] : [{ role, input: i + 1 }])),
  };
}

const inputRole = (node: NodeContext) => (inputOf(node, 0).isConstant ? "weight" : "input");

const SCALE = ["scale", "zero-point"];

/** The type is the zero point's, or stated since operator set 21. */
export const quantizeLinear: OperatorDefinition = {
  opTypes: ["QuantizeLinear"],
  domains: ["", "com.microsoft"],
  infer(node) {
    const stated = node.attributes.int("output_dtype") ?? DATA_TYPE.undefined;
    const type = node.inputs[2]?.type ?? (stated === DATA_TYPE.undefined ? DATA_TYPE.uint8 : stated);
    return [{ shape: inputOf(node, 0).shape, type }];
  },
  lower: (node) => ({ layers: [quantiser(node, SCALE)] }),
};

/** Who reads the result can read the integers: the scale belongs to it. Only what leaves the network is converted. */
export const dequantizeLinear: OperatorDefinition = {
  opTypes: ["DequantizeLinear"],
  domains: ["", "com.microsoft"],
  infer(node) {
    const { shape, type, bits } = inputOf(node, 0);
    return [{ shape, type: inputOf(node, 1).type, bits: bits ?? quantisedBits(type) }];
  },
  lower: (node) => (node.isNetworkOutput ? { layers: [quantiser(node, SCALE)] } : { view: 0 }),
};

/** Scale and zero point come from the extrema of the whole tensor. */
export const dynamicQuantizeLinear: OperatorDefinition = {
  opTypes: ["DynamicQuantizeLinear"],
  infer: (node) => [
    { shape: inputOf(node, 0).shape, type: DATA_TYPE.uint8 },
    { shape: [], type: DATA_TYPE.float },
    { shape: [], type: DATA_TYPE.uint8 },
  ],
  lower(node) {
    const statistic = (index: number): LayerSpec => ({
      kind: "reduction",
      output: index,
      loops: mapLoops([]),
      operands: [output([]), { name: "I", role: "input", axes: wholeAxes(dimsOf(node, 0)), input: 0 }],
      attributes: {},
    });
    return { layers: [quantiser(node, []), statistic(1), statistic(2)] };
  },
};

const QONNX = ["qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general"];

/** Bits of the widest number that hardware holds as one. */
const MAX_BITS = 64;

/** Bits are an input: the first element counts where every channel has its own. */
function bitsOf(node: NodeContext, input: number): number | undefined {
  const bits = numbersOf(node.inputs[input])?.[0];
  return bits === undefined ? undefined : checkedBits(node, String(bits), Math.ceil(bits));
}

const checkedBits = (node: NodeContext, found: string, bits: number): number =>
  bits >= 1 && bits <= MAX_BITS
    ? bits
    : fail(operandValue(node.loc, "the number of bits", found, `a number from 1 to ${MAX_BITS}`));

/** Input that holds the bits, by operator; `BipolarQuant` has one. */
const QUANT_BITS: ReadonlyMap<string, number | undefined> = new Map([
  ["Quant", 3],
  ["IntQuant", 3],
  ["Trunc", 4],
  ["BipolarQuant", undefined],
]);

export const qonnxQuant: OperatorDefinition = {
  opTypes: [...QUANT_BITS.keys()],
  domains: QONNX,
  infer(node): readonly Inferred[] {
    const input = QUANT_BITS.get(node.opType);
    const { shape, type } = inputOf(node, 0);
    return [{ shape, type, bits: input === undefined ? 1 : bitsOf(node, input) }];
  },
  lower: (node) => ({ layers: [quantiser(node, [...SCALE, "bits", "bits"])] }),
};

/** Counts the thresholds that a value passes: FINN's activation and quantiser in one. */
export const multiThreshold: OperatorDefinition = {
  opTypes: ["MultiThreshold"],
  domains: QONNX,
  infer: (node) => [{ shape: inputOf(node, 0).shape, bits: finnBits(node) }],
  lower: (node) => ({ layers: [quantiser(node, ["thresholds"])] }),
};

/** FINN names its types in words: `UINT4`, `INT8`, `BIPOLAR`, `TERNARY`. */
function finnBits(node: NodeContext): number | undefined {
  const name = node.attributes.string("out_dtype");
  if (name === "BIPOLAR" || name === "BINARY") return 1;
  if (name === "TERNARY") return 2;
  const bits = /^U?INT(\d{1,2})$/.exec(name ?? "")?.[1];
  return bits === undefined ? undefined : checkedBits(node, name ?? "", Number(bits));
}
