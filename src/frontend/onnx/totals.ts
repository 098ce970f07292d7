/** Multiply-accumulates and weights of a graph, counted on its nodes. */

import type { ImportTotals, UnknownLayer } from "../../ir/counts.js";
import { tooManyMacs } from "../../ir/diagnostics/onnx.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import { elementCount } from "./extent.js";
import type { InferredNode } from "./inference.js";
import { refusalOf } from "./lowering.js";

/** @throws DiagnosticError `too-many-macs` for nodes past 2^53 */
export function countTotals(nodes: readonly InferredNode[]): ImportTotals {
  const { counted, others } = sortNodes(nodes);
  const byOp = new Map<string, { nodes: number; macs: number }>();
  const unknown: UnknownLayer[] = [];
  const errors: Diagnostic[] = [];
  for (const node of counted) {
    const macs = knownMacs(node);
    const sum = byOp.get(node.opType) ?? { nodes: 0, macs: 0 };
    byOp.set(node.opType, { nodes: sum.nodes + 1, macs: sum.macs + (macs ?? 0) });
    if (macs === undefined) unknown.push(unknownLayer(node));
    else if (sum.macs + macs > Number.MAX_SAFE_INTEGER) errors.push(tooManyMacs(node.loc));
  }
  const other = others.reduce((sum, { node, repeat }) => sum + repeat * (knownMacs(node) ?? 0), 0);
  if (other > Number.MAX_SAFE_INTEGER && others[0] !== undefined) errors.push(tooManyMacs(others[0].node.loc));
  if (errors.length > 0) throw new DiagnosticError(errors);
  return {
    macs: [...byOp.values()].reduce((sum, { macs }) => sum + macs, 0),
    weightElements: counted.reduce((sum, node) => sum + weightsOf(node), 0),
    byOp: Object.fromEntries([...byOp].sort(([a], [b]) => (a < b ? -1 : 1))),
    unknown,
    other: { macs: other },
  };
}

/** A node outside of the counted ones, and how often it runs. */
interface Other {
  readonly node: InferredNode;
  readonly repeat: number;
}

/** Nodes of the graph and of local functions, and those of bodies and decomposed operators. */
function sortNodes(nodes: readonly InferredNode[]) {
  const counted: InferredNode[] = [];
  const others: Other[] = [];
  const visit = (node: InferredNode, isInlined: boolean, repeat: number): void => {
    if (node.parts !== undefined) {
      const { expansion } = node.parts;
      const times = repeat * (expansion.repeat ?? 1);
      for (const part of node.parts.nodes) visit(part, isInlined && expansion.isInlined === true, times);
      return;
    }
    const macs = node.definition?.macs;
    if (macs === undefined) return;
    if (isInlined && macs.isOther !== true) counted.push(node);
    else others.push({ node, repeat });
  };
  for (const node of nodes) visit(node, true, 1);
  return { counted, others };
}

/** `undefined` where a size is not known. */
const knownMacs = ({ macs }: InferredNode): number | undefined => (typeof macs === "number" ? macs : undefined);

function weightsOf({ definition, inputs, context }: InferredNode): number {
  const macs = definition?.macs;
  return (macs?.weightOperands ?? []).reduce((sum, operand) => {
    const position = context === undefined ? undefined : macs?.operandOf?.(context, operand.input);
    const value = inputs[position ?? operand.input];
    if (value?.shape === undefined || !value.isConstant) return sum;
    const elements = elementCount(value.shape);
    return sum + (typeof elements === "number" ? elements : 0);
  }, 0);
}

function unknownLayer(node: InferredNode): UnknownLayer {
  const { symbol, reason } = refusalOf(node) ?? { reason: "its sizes are not known" };
  return { layer: node.id, op: node.opType, reason, ...(symbol !== undefined && { symbol }) };
}
