/** Matrix products: `Gemm` and `MatMul` with any number of leading axes (DF §1.2, fully connected). */
import type { AxisMap, Dim } from "../../../ir/axis-map.js";
import { shapeMismatch, wrongRank } from "../../../ir/diagnostics/onnx.js";
import type { Loop } from "../../../ir/network.js";
import { broadcast, contradicts, type Extent, elementCount, printShape, product } from "../extent.js";
import { broadcastAxes, pointwise } from "../feature-map.js";
import { output } from "../operands.js";
import {
  dimsOf,
  fail,
  holdsWeights,
  inferredShape,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
  type WeightOperand,
} from "../operator.js";

const GEMM_WEIGHTS: readonly WeightOperand[] = [
  { input: 0, takesGraphInput: false },
  { input: 1, takesGraphInput: true },
];

export const gemm: OperatorDefinition = {
  opTypes: ["Gemm"],
  infer(node) {
    const { m, n } = gemmExtents(node);
    return [{ shape: [m, n] }];
  },
  lower(node) {
    const [rows = 1, columns = 1] = outputDims(node);
    const { k, isTransposed } = gemmExtents(node);
    const [a, b] = [
      [pointwise("OX"), pointwise("C")],
      [pointwise("C"), pointwise("K")],
    ] as const;
    const spec = productLayer(node, GEMM_WEIGHTS, {
      leading: [],
      rows,
      columns,
      depth: Number(k),
      a: isTransposed.a ? a.toReversed() : a,
      b: isTransposed.b ? b.toReversed() : b,
      output: [pointwise("OX"), pointwise("K")],
    });
    const { attributes } = node;
    return {
      layers: [
        {
          ...spec,
          attributes: {
            alpha: attributes.float("alpha") ?? 1,
            beta: attributes.float("beta") ?? 1,
            transA: isTransposed.a ? 1 : 0,
            transB: isTransposed.b ? 1 : 0,
          },
          parameters: node.inputs[2] === undefined ? [] : [{ role: "bias", input: 2 }],
        },
      ],
    };
  },
  macs: { weightOperands: GEMM_WEIGHTS, count: (node) => elementCount(Object.values(gemmSizes(node))) },
};

function gemmSizes(node: NodeContext): Readonly<Record<"m" | "n" | "k", Extent>> {
  const { m, n, k } = gemmExtents(node);
  return { m, n, k };
}

/** @throws DiagnosticError when the operands are no matrices, or do not fit each other */
function gemmExtents(node: NodeContext) {
  const isTransposed = {
    a: (node.attributes.int("transA") ?? 0) !== 0,
    b: (node.attributes.int("transB") ?? 0) !== 0,
  };
  const [m, k] = matrix(node, 0, isTransposed.a);
  const [kOfB, n] = matrix(node, 1, isTransposed.b);
  checkDepth(node, k, kOfB);
  return { m, n, k: typeof k === "number" ? k : kOfB, isTransposed };
}

function matrix(node: NodeContext, index: number, isTransposed: boolean): readonly [Extent, Extent] {
  const { name, shape } = inputOf(node, index);
  const [rows = 1, columns = 1] = shape;
  if (shape.length !== 2) fail(wrongRank(node.loc, name, shape.length, "2: a matrix"));
  return isTransposed ? [columns, rows] : [rows, columns];
}

function checkDepth(node: NodeContext, a: Extent, b: Extent): void {
  if (!contradicts(a, b)) return;
  const shapes = [0, 1].map((i) => printShape(inputOf(node, i).shape)).join(" and ");
  fail(shapeMismatch(node.loc, `inputs ${shapes}: the first has ${a} columns, the second ${b} rows`, "equal numbers"));
}

const MATMUL_WEIGHTS: readonly WeightOperand[] = [
  { input: 0, takesGraphInput: false },
  { input: 1, takesGraphInput: false },
];

export const matmul: OperatorDefinition = {
  opTypes: ["MatMul"],
  infer(node) {
    const { leading, m, n } = matmulExtents(node);
    return [{ shape: [...leading, ...m, ...n] }];
  },
  lower: (node) => ({ layers: [matmulLayer(node)] }),
  macs: {
    weightOperands: MATMUL_WEIGHTS,
    count: (node, outputs) => elementCount([...inferredShape(outputs), matmulExtents(node).k]),
  },
};

/** `m` and `n` are empty where an operand is a vector, as its axis is then missing from the product. */
function matmulExtents(node: NodeContext) {
  const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
  for (const { name, shape } of [a, b])
    if (shape.length === 0) fail(wrongRank(node.loc, name, 0, "at least 1: a vector or matrix"));
  const k = a.shape.at(-1) ?? 1;
  const kOfB = b.shape.at(-2) ?? b.shape[0] ?? 1;
  checkDepth(node, k, kOfB);
  const leading = broadcast([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  if (leading === undefined)
    return fail(
      shapeMismatch(
        node.loc,
        `inputs ${printShape(a.shape)} and ${printShape(b.shape)}`,
        "leading axes that are equal or 1",
      ),
    );
  const m = a.shape.length > 1 ? a.shape.slice(-2, -1) : [];
  const n = b.shape.length > 1 ? b.shape.slice(-1) : [];
  return { leading, m, n, k: typeof k === "number" ? k : kOfB };
}

function matmulLayer(node: LoweringContext): LayerSpec {
  const [a, b] = [dimsOf(node, 0), dimsOf(node, 1)];
  const { k, m, n } = matmulExtents(node);
  const dims = outputDims(node);
  const leading = dims.slice(0, dims.length - m.length - n.length);
  const names = leadingLoops(leading.length);
  const axesOf = (extents: readonly number[]) => broadcastAxes(extents, leading, names);
  const isMatrix = { a: a.length > 1, b: b.length > 1 };
  return productLayer(node, MATMUL_WEIGHTS, {
    leading: names.map((dim, axis) => ({ dim, size: leading[axis] ?? 1 })),
    rows: Number(m[0] ?? 1),
    columns: Number(n[0] ?? 1),
    depth: Number(k),
    a: [...axesOf(a.slice(0, -2)), ...(isMatrix.a ? [pointwise("OX")] : []), pointwise("C")],
    b: [...axesOf(b.slice(0, -2)), pointwise("C"), ...(isMatrix.b ? [pointwise("K")] : [])],
    output: [
      ...names.map((dim) => pointwise(dim)),
      ...(isMatrix.a ? [pointwise("OX")] : []),
      ...(isMatrix.b ? [pointwise("K")] : []),
    ],
  });
}

/** One leading axis is the batch; of several, those after the batch are kept apart like groups (heads). */
const leadingLoops = (count: number): readonly Dim[] =>
  Array.from({ length: count }, (_, axis) => (axis === 0 ? "B" : axis === 1 ? "G" : `G${axis}`));

/** A batch of products of `rows × depth` and `depth × columns`. */
interface Product {
  readonly leading: readonly Loop[];
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly a: readonly AxisMap[];
  readonly b: readonly AxisMap[];
  readonly output: readonly AxisMap[];
}

/** `B K C OY OX` as a 1×1 convolution: rows of the matrix run along `OX`, and there is one `OY`. */
function productLayer(node: LoweringContext, weights: readonly WeightOperand[], spec: Product): LayerSpec {
  const roles = weights.map((operand) => (holdsWeights(inputOf(node, operand.input), operand) ? "weight" : "input"));
  // Constant weights may stand first: the activation is `I` all the same.
  const isSwapped = roles[0] === "weight" && roles[1] === "input";
  const leading = spec.leading.length === 0 ? [{ dim: "B", size: 1 }] : spec.leading;
  const loops: readonly Loop[] = [
    ...leading,
    { dim: "K", size: spec.columns },
    { dim: "C", size: spec.depth },
    { dim: "OY", size: 1 },
    { dim: "OX", size: spec.rows },
  ];
  const a = { name: isSwapped ? "W" : "I", role: roles[0] ?? "input", axes: spec.a, input: 0 } as const;
  const b = { name: isSwapped ? "I" : "W", role: roles[1] ?? "input", axes: spec.b, input: 1 } as const;
  return {
    kind: "matmul",
    loops,
    operands: [output(spec.output), ...(isSwapped ? [a, b] : [b, a])],
    macs: product(loops.map(({ size }) => size)),
    attributes: node.attributes.plain(),
  };
}
