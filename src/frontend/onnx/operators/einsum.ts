/** Sums of products over named axes; a contraction of two operands is a matrix product. */
import type { Dim } from "../../../ir/axis-map.js";
import { attributeValue, shapeMismatch } from "../../../ir/diagnostics/onnx.js";
import type { Loop } from "../../../ir/network.js";
import { contradicts, type Extent, elementCount, printShape, product } from "../extent.js";
import { pointwise } from "../feature-map.js";
import { operandNames, output } from "../operands.js";
import {
  dimsOf,
  fail,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
} from "../operator.js";

/** One label per axis; those that an ellipsis stands for are `.0`, `.1` … counted from the last. */
interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

export const einsum: OperatorDefinition = {
  opTypes: ["Einsum"],
  infer(node) {
    const equation = equationOf(node);
    const extents = extentsOf(node, equation);
    return [{ shape: equation.output.map((label) => extents.get(label) ?? 1) }];
  },
  lower: (node) => ({ layers: [contraction(node)] }),
  macs: {
    weightOperands: [],
    isOther: true,
    /** A single operand is added up or moved: nothing is multiplied. */
    count(node) {
      const extents = [...extentsOf(node, equationOf(node)).values()];
      return node.inputs.length < 2 ? 0 : elementCount(extents);
    },
  },
};

function equationOf(node: NodeContext): Equation {
  const text = (node.attributes.string("equation") ?? "").replaceAll(/\s/g, "");
  const wrong = (): never =>
    fail(attributeValue(node.loc, "equation", `'${text}'`, `one list of letters per input, like 'ij,jk->ik'`));
  if (!/^[A-Za-z.,]*(->[A-Za-z.]*)?$/.test(text)) wrong();
  const [left = "", right] = text.split("->");
  const terms = left.split(",");
  if (terms.length !== node.inputs.length) wrong();
  const inputs = terms.map((term, i) => labelsOf(term, inputOf(node, i).shape.length) ?? wrong());
  const dots =
    inputs.map((labels) => labels.filter((label) => label.startsWith("."))).sort((a, b) => b.length - a.length)[0] ??
    [];
  const labels =
    right === undefined
      ? implicitOutput(inputs, dots)
      : (labelsOf(right, right.replace("...", "").length + dots.length) ?? wrong());
  if (labels.some((label) => !inputs.flat().includes(label))) wrong();
  return { inputs, output: labels };
}

/** `undefined` where the term does not fit the rank. */
function labelsOf(term: string, rank: number): readonly string[] | undefined {
  const [before = "", after, ...more] = term.split("...");
  const dots = rank - before.length - (after?.length ?? 0);
  if (more.length > 0 || term.replace("...", "").includes(".") || dots < 0) return undefined;
  if (after === undefined) return dots === 0 ? [...before] : undefined;
  return [...before, ...Array.from({ length: dots }, (_, i) => `.${dots - 1 - i}`), ...after];
}

/** Without an arrow: what an ellipsis stands for, then labels that occur once, in alphabetical order. */
function implicitOutput(inputs: readonly (readonly string[])[], dots: readonly string[]): readonly string[] {
  const all = inputs.flat().filter((label) => !label.startsWith("."));
  return [...dots, ...all.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort()];
}

/** Extent per label; an extent of 1 repeats. */
function extentsOf(node: NodeContext, { inputs }: Equation): ReadonlyMap<string, Extent> {
  const extents = new Map<string, Extent>();
  for (const [i, labels] of inputs.entries()) {
    const { shape } = inputOf(node, i);
    for (const [axis, label] of labels.entries()) {
      const [known, extent] = [extents.get(label) ?? 1, shape[axis] ?? 1];
      if (extent !== 1 && known !== 1 && contradicts(known, extent))
        fail(shapeMismatch(node.loc, `axis '${label}' of ${printShape(shape)} has ${extent} elements`, String(known)));
      if (known === 1 || (typeof extent === "number" && extent !== 1)) extents.set(label, extent);
    }
  }
  return extents;
}

/** Labels by where they occur, each with the names of its loops: the first is the one of a matrix product. */
const LOOPS = { batch: ["B", "G"], rows: ["OX", "OY"], columns: ["K"], depth: ["C"] } as const;

function loopNames({ inputs, output: kept }: Equation): ReadonlyMap<string, Dim> {
  const counts = { batch: 0, rows: 0, columns: 0, depth: 0 };
  const [first = [], second] = inputs;
  const classOf = (label: string): keyof typeof LOOPS => {
    if (!kept.includes(label)) return "depth";
    if (second === undefined || inputs.length > 2) return "batch";
    if (first.includes(label)) return second.includes(label) ? "batch" : "rows";
    return "columns";
  };
  // The last row axis runs along the columns of a map.
  const labels = [...new Set([...kept, ...inputs.flat()])];
  return new Map(
    [
      ...labels.filter((label) => classOf(label) !== "rows"),
      ...labels.filter((label) => classOf(label) === "rows").toReversed(),
    ].map((label) => {
      const kind = classOf(label);
      const number = counts[kind]++;
      const names: readonly Dim[] = LOOPS[kind];
      return [label, names[number] ?? `${names[0]}${number}`];
    }),
  );
}

const ORDER = ["B", "G", "K", "C", "OY", "OX"];

function contraction(node: LoweringContext): LayerSpec {
  const equation = equationOf(node);
  const names = loopNames(equation);
  const extents = extentsOf(node, equation);
  const sizes = new Map([...names].map(([label, dim]) => [dim, Number(extents.get(label) ?? 1)]));
  const others = [...sizes.keys()].filter((dim) => !ORDER.includes(dim));
  const loops: readonly Loop[] = [...ORDER, ...others].map((dim) => ({ dim, size: sizes.get(dim) ?? 1 }));
  const axesOf = (labels: readonly string[], dims: readonly number[]) =>
    labels.map((label, axis) =>
      pointwise(...(dims[axis] === 1 && extents.get(label) !== 1 ? [] : [names.get(label) ?? ""])),
    );
  const isProduct = node.inputs.length > 1;
  const operandTitles = node.inputs.length === 2 ? productNames(node) : operandNames(node.inputs);
  return {
    kind: isProduct ? "matmul" : equation.output.length < (equation.inputs[0]?.length ?? 0) ? "reduction" : "movement",
    loops,
    operands: [
      output(equation.output.map((label) => pointwise(names.get(label) ?? ""))),
      ...node.inputs.map((input, i) => ({
        name: operandTitles[i] ?? "",
        role: input?.isConstant ? ("weight" as const) : ("input" as const),
        axes: axesOf(equation.inputs[i] ?? [], dimsOf(node, i)),
        input: i,
      })),
    ],
    macs: isProduct ? product(loops.map(({ size }) => size)) : 0,
    attributes: node.attributes.plain(),
  };
}

/** As in a matrix product, the second operand is `W` unless only the first one is constant. */
const productNames = ({ inputs: [a, b] }: NodeContext): readonly string[] =>
  a?.isConstant && !b?.isConstant ? ["W", "I"] : ["I", "W"];
