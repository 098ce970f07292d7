/** Multiply-accumulates and weights of a graph, counted on its nodes. */

import type { ImportTotals, UnknownLayer } from "../../ir/counts.js";
import { tooManyMacs } from "../../ir/diagnostics/onnx.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import { elementCount } from "./extent.js";
import type { InferredNode } from "./inference.js";
import { refusalOf } from "./lowering.js";
import { holdsWeights, type Inferred } from "./operator.js";

/** @throws DiagnosticError `too-many-macs` for nodes past 2^53 */
export function countTotals(nodes: readonly InferredNode[]): ImportTotals {
  const counted = nodes.filter(({ definition }) => definition?.macs !== undefined);
  const byOp = new Map<string, { nodes: number; macs: number }>();
  const unknown: UnknownLayer[] = [];
  const errors: Diagnostic[] = [];
  for (const node of counted) {
    const macs = macsOf(node);
    const sum = byOp.get(node.opType) ?? { nodes: 0, macs: 0 };
    byOp.set(node.opType, { nodes: sum.nodes + 1, macs: sum.macs + (macs ?? 0) });
    if (macs === undefined) unknown.push(unknownLayer(node));
    else if (sum.macs + macs > Number.MAX_SAFE_INTEGER) errors.push(tooManyMacs(node.loc));
  }
  if (errors.length > 0) throw new DiagnosticError(errors);
  return {
    macs: [...byOp.values()].reduce((sum, { macs }) => sum + macs, 0),
    weightElements: counted.reduce((sum, node) => sum + weightsOf(node), 0),
    byOp: Object.fromEntries([...byOp].sort(([a], [b]) => (a < b ? -1 : 1))),
    unknown,
    other: { macs: 0 },
  };
}

/** `undefined` where a size is not known. */
function macsOf({ definition, context, outputs }: InferredNode): number | undefined {
  const inferred = outputs.map((value): Inferred => (value.shape ? { shape: value.shape } : { reason: "" }));
  const isInferred = outputs[0]?.shape !== undefined;
  if (definition?.macs === undefined || context === undefined || !isInferred) return undefined;
  const macs = definition.macs.count(context, inferred);
  return typeof macs === "number" ? macs : undefined;
}

function weightsOf({ definition, inputs }: InferredNode): number {
  const operands = definition?.macs?.weightOperands ?? [];
  return operands.reduce((sum, operand) => {
    const value = inputs[operand.input];
    if (value?.shape === undefined || !holdsWeights(value, operand)) return sum;
    const elements = elementCount(value.shape);
    return sum + (typeof elements === "number" ? elements : 0);
  }, 0);
}

function unknownLayer(node: InferredNode): UnknownLayer {
  const { symbol, reason } = refusalOf(node) ?? { reason: "its sizes are not known" };
  return { layer: node.id, op: node.opType, reason, ...(symbol !== undefined && { symbol }) };
}
