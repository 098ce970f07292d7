/** Every operator that the importer understands. A new family is a file beside this one, a line below and a test. */
import type { OperatorDefinition } from "../operator.js";
import { cast } from "./cast.js";
import { concat } from "./concat.js";
import { constant, constantOfShape, range, shapeOf } from "./constant.js";
import { conv } from "./conv.js";
import { depthToSpace, spaceToDepth } from "./depth-space.js";
import { elementwiseNary } from "./elementwise-nary.js";
import { elementwiseUnary } from "./elementwise-unary.js";
import { expand } from "./expand.js";
import { gather } from "./gather.js";
import { identity } from "./identity.js";
import { gemm, matmul } from "./matmul.js";
import { batchNormalization, localResponse } from "./normalization.js";
import { pad } from "./pad.js";
import { globalPool, pool } from "./pool.js";
import { quantisedForms } from "./quantised.js";
import { dequantizeLinear, dynamicQuantizeLinear, multiThreshold, qonnxQuant, quantizeLinear } from "./quantize.js";
import { reduce } from "./reduce.js";
import { flatten, reshape } from "./reshape.js";
import { resize } from "./resize.js";
import { slice } from "./slice.js";
import { softmax } from "./softmax.js";
import { split } from "./split.js";
import { squeeze, unsqueeze } from "./squeeze.js";
import { transpose } from "./transpose.js";

const DEFINITIONS: readonly OperatorDefinition[] = [
  batchNormalization,
  cast,
  concat,
  constant,
  constantOfShape,
  conv,
  depthToSpace,
  dequantizeLinear,
  dynamicQuantizeLinear,
  elementwiseNary,
  elementwiseUnary,
  expand,
  flatten,
  gather,
  gemm,
  globalPool,
  identity,
  localResponse,
  matmul,
  multiThreshold,
  pad,
  pool,
  qonnxQuant,
  quantizeLinear,
  ...quantisedForms,
  range,
  reduce,
  reshape,
  resize,
  shapeOf,
  slice,
  softmax,
  spaceToDepth,
  split,
  squeeze,
  transpose,
  unsqueeze,
];

const keyOf = (domain: string, opType: string): string => `${domain}::${opType}`;

const BY_TYPE: ReadonlyMap<string, OperatorDefinition> = new Map(
  DEFINITIONS.flatMap((definition) =>
    (definition.domains ?? [""]).flatMap((domain) =>
      definition.opTypes.map((opType) => [keyOf(domain, opType), definition] as const),
    ),
  ),
);

/** @param domain - the default one is the empty string */
export const findOperator = (domain: string, opType: string): OperatorDefinition | undefined =>
  BY_TYPE.get(keyOf(domain, opType));
