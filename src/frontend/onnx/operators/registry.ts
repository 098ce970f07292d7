/** Every operator that the importer understands. A new family is a file beside this one, a line below and a test. */
import { INTERNAL } from "../expansion.js";
import type { OnnxNode } from "../model.js";
import type { OperatorDefinition } from "../operator.js";
import { attentions } from "./attention.js";
import { cast } from "./cast.js";
import { concat } from "./concat.js";
import { constant, constantOfShape, range, shapeOf } from "./constant.js";
import { contribForms } from "./contrib.js";
import { batchedScan, branch, loop, scan } from "./control-flow.js";
import { conv } from "./conv.js";
import { convTranspose } from "./conv-transpose.js";
import { depthToSpace, spaceToDepth } from "./depth-space.js";
import { einsum } from "./einsum.js";
import { elementwiseNary } from "./elementwise-nary.js";
import { elementwiseUnary } from "./elementwise-unary.js";
import { expand } from "./expand.js";
import { fusedForms } from "./fused.js";
import { gather } from "./gather.js";
import { identity } from "./identity.js";
import { learningForms } from "./learning.js";
import { loopCarry, loopResult, loopSlice, loopStack } from "./loop-state.js";
import { gemm, matmul } from "./matmul.js";
import { makers, movements } from "./movement.js";
import { batchNormalization, localResponse } from "./normalization.js";
import { pad } from "./pad.js";
import { globalPool, pool } from "./pool.js";
import { quantisedForms } from "./quantised.js";
import { dequantizeLinear, dynamicQuantizeLinear, multiThreshold, qonnxQuant, quantizeLinear } from "./quantize.js";
import { recurrent, recurrentCell, recurrentProduct } from "./recurrent.js";
import { reduce } from "./reduce.js";
import { flatten, reshape } from "./reshape.js";
import { resize } from "./resize.js";
import { cumSum, topK } from "./select.js";
import { wholeTransforms } from "./signal.js";
import { slice } from "./slice.js";
import { softmax } from "./softmax.js";
import { split } from "./split.js";
import { squeeze, unsqueeze } from "./squeeze.js";
import { transformerForms } from "./transformer.js";
import { transpose } from "./transpose.js";
import { wholeNormalization } from "./whole-normalization.js";

const DEFINITIONS: readonly OperatorDefinition[] = [
  ...attentions,
  batchedScan,
  batchNormalization,
  branch,
  cast,
  concat,
  constant,
  constantOfShape,
  ...contribForms,
  conv,
  convTranspose,
  cumSum,
  depthToSpace,
  dequantizeLinear,
  dynamicQuantizeLinear,
  einsum,
  elementwiseNary,
  elementwiseUnary,
  expand,
  flatten,
  ...fusedForms,
  gather,
  gemm,
  globalPool,
  identity,
  ...learningForms,
  localResponse,
  loop,
  loopCarry,
  loopResult,
  loopSlice,
  loopStack,
  ...makers,
  matmul,
  ...movements,
  multiThreshold,
  pad,
  pool,
  qonnxQuant,
  ...quantisedForms,
  quantizeLinear,
  range,
  recurrent,
  recurrentCell,
  recurrentProduct,
  reduce,
  reshape,
  resize,
  scan,
  shapeOf,
  slice,
  softmax,
  spaceToDepth,
  split,
  squeeze,
  topK,
  ...transformerForms,
  transpose,
  unsqueeze,
  wholeNormalization,
  ...wholeTransforms,
];

const keyOf = (domain: string, opType: string): string => `${domain}::${opType}`;

const BY_TYPE: ReadonlyMap<string, OperatorDefinition> = new Map(
  DEFINITIONS.flatMap((definition) =>
    (definition.domains ?? [""]).flatMap((domain) =>
      definition.opTypes.map((opType) => [keyOf(domain, opType), definition] as const),
    ),
  ),
);

/** Operators of the importer's own domain are found for nodes that it made itself alone. */
export const findOperator = ({
  domain,
  opType,
  isInternal,
}: Pick<OnnxNode, "domain" | "opType" | "isInternal">): OperatorDefinition | undefined =>
  domain === INTERNAL && isInternal === undefined ? undefined : BY_TYPE.get(keyOf(domain, opType));
