/** Recurrent cells: a product with the inputs of all steps, one with the state of every step, and the gates. */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue, shapeMismatch, wrongRank } from "../../../ir/diagnostics/onnx.js";
import { INTERNAL } from "../expansion.js";
import { contradicts, derive, type Extent, elementCount, printNumber, printShape, product } from "../extent.js";
import { axisLoops, mapAxes, pointwise } from "../feature-map.js";
import { mapLayer } from "../map-layer.js";
import { output } from "../operands.js";
import { dimsOf, fail, inputOf, type NodeContext, type OperatorDefinition, outputDims } from "../operator.js";
import { composite, type Recipe, recipe } from "../recipe.js";

/** Inputs: X `[steps, batch, features]`, W `[directions, gates·hidden, features]`, R `[directions, gates·hidden, hidden]`, … */
export const recurrent: OperatorDefinition = composite(["RNN", "GRU", "LSTM"], [""], (node) => {
  const { name, shape } = inputOf(node, 0);
  if (shape.length !== 3) fail(wrongRank(node.loc, name, shape.length, "3: steps, batch, features"));
  for (const i of [1, 2]) {
    const weights = inputOf(node, i);
    if (weights.shape.length !== 3) fail(wrongRank(node.loc, weights.name, weights.shape.length, "3"));
  }
  checkCell(node);
  const isBatchFirst = (node.attributes.int("layout") ?? 0) === 1;
  const steps = recipe(node);
  const x = isBatchFirst ? steps.add("x", "Transpose", [steps.input(0)], { perm: [1, 0, 2] }) : steps.input(0);
  const gates = steps.add("inputs", "Einsum", [x, steps.input(1)], { equation: "sbi,dgi->sdbg" });
  const summed = steps.add("states", "RecurrentProduct", [gates, steps.input(2)], {}, INTERNAL);
  const y = steps.add("gates", "Cell", [summed, steps.input(2)], {}, INTERNAL);
  const asked = [y, ...finalStates(node, steps, y)];
  const order = isBatchFirst
    ? [
        [2, 0, 1, 3],
        [1, 0, 2],
        [1, 0, 2],
      ]
    : [];
  const outputs = asked.map((value, i) =>
    value === "" || order[i] === undefined ? value : steps.add(`output-${i}`, "Transpose", [value], { perm: order[i] }),
  );
  return steps.finish(outputs);
});

const GATES: Readonly<Record<string, number>> = { RNN: 1, GRU: 3, LSTM: 4 };

const DIRECTIONS = ["forward", "reverse", "bidirectional"] as const;

/** @throws DiagnosticError when the hidden size, the direction and the weights do not fit each other */
function checkCell(node: NodeContext): void {
  const direction = node.attributes.string("direction")?.toLowerCase() ?? "forward";
  if (!DIRECTIONS.some((known) => known === direction))
    fail(attributeValue(node.loc, "direction", `'${direction}'`, `one of ${DIRECTIONS.join(", ")}`));
  const [w, r] = [inputOf(node, 1).shape, inputOf(node, 2).shape];
  const hidden = r[2] ?? 1;
  const stated = node.attributes.int("hidden_size");
  if (stated !== undefined && contradicts(stated, hidden))
    fail(
      attributeValue(node.loc, "hidden_size", printNumber(stated), `${hidden}, as the weights ${printShape(r)} have`),
    );
  const gates = derive([hidden], (n) => n * (GATES[node.opType] ?? 1));
  const directions = direction === "bidirectional" ? 2 : 1;
  for (const shape of [w, r])
    if (contradicts(shape[0] ?? 1, directions) || contradicts(shape[1] ?? 1, gates))
      fail(
        shapeMismatch(
          node.loc,
          `weights ${printShape(shape)}`,
          `[${directions}, ${String(gates)}, …], as direction and hidden size say`,
        ),
      );
}

/** The states after the last step, one per output that is asked for. */
const finalStates = (node: NodeContext, steps: Recipe, y: string): readonly string[] =>
  Array.from({ length: Math.max(0, node.outputCount - 1) }, (_, i) =>
    steps.add(i === 0 ? "last" : "last cell", "Squeeze", [lastStep(steps, y, i), steps.integers(`axis-${i}`, [0])]),
  );

const lastStep = (steps: Recipe, y: string, i: number): string =>
  steps.add(`step-${i}`, "Slice", [
    y,
    steps.integers(`from-${i}`, [-1]),
    steps.integers(`to-${i}`, [2 ** 31 - 1]),
    steps.integers(`along-${i}`, [0]),
  ]);

const hiddenOf = (node: NodeContext): Extent => {
  const hidden = inputOf(node, 1).shape[2] ?? 1;
  if (hidden === 0) fail(attributeValue(node.loc, "hidden_size", "0", "a number from 1"));
  return hidden;
};

const ALL_STEPS: AxisMap = { kind: "whole", loops: ["OX"] };

/** Adds the product of the state before each step to the gates `[steps, directions, batch, gates·hidden]`. */
export const recurrentProduct: OperatorDefinition = {
  opTypes: ["RecurrentProduct"],
  domains: [INTERNAL],
  infer: (node) => [{ shape: inputOf(node, 0).shape }],
  /**
   * Every step needs all before it, or all after it where the direction is reversed: the steps are costed, not fused. The state is as long as the part of the gates that one gate takes: the whole of that axis stands for it.
   */
  lower(node) {
    const [steps = 1, directions = 1, batch = 1, gates = 1] = outputDims(node);
    const hidden = dimsOf(node, 1)[2] ?? 1;
    const loops = [
      { dim: "B", size: batch },
      { dim: "G", size: directions },
      { dim: "K", size: gates },
      { dim: "C", size: hidden },
      { dim: "OY", size: 1 },
      { dim: "OX", size: steps },
    ];
    const axes = [pointwise("G"), pointwise("B")];
    return {
      layers: [
        {
          kind: "matmul",
          loops,
          operands: [
            output([pointwise("OX"), ...axes, pointwise("K")]),
            {
              name: "W",
              role: inputOf(node, 1).isConstant ? "weight" : "input",
              axes: [pointwise("G"), pointwise("K"), pointwise("C")],
              input: 1,
            },
            { name: "I", role: "input", axes: [ALL_STEPS, ...axes, { kind: "whole", loops: ["C"] }], input: 0 },
          ],
          macs: product(loops.map(({ size }) => size)),
          attributes: {},
        },
      ],
    };
  },
  macs: {
    weightOperands: [],
    isOther: true,
    count: (node) => elementCount([...inputOf(node, 0).shape, hiddenOf(node)]),
  },
};

/** The gates of a step become its state `[steps, directions, batch, hidden]`. */
export const recurrentCell: OperatorDefinition = {
  opTypes: ["Cell"],
  domains: [INTERNAL],
  infer: (node) => [{ shape: [...inputOf(node, 0).shape.slice(0, 3), hiddenOf(node)] }],
  lower(node) {
    const dims = outputDims(node);
    const [steps = "", , , states = ""] = axisLoops(dims.length);
    const axes = mapAxes(dims.length)
      .with(0, { kind: "whole", loops: [steps] })
      .with(3, { kind: "whole", loops: [states] });
    return { layers: [mapLayer("elementwise", dims, axes)] };
  },
};
