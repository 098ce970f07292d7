/** Blocks of pixels to channels and back: `SpaceToDepth`, `DepthToSpace`. */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue, shapeMismatch, wrongRank } from "../../../ir/diagnostics/onnx.js";
import { derive, printNumber, type Shape } from "../extent.js";
import { mapAxes, mapLoops, pointwise } from "../feature-map.js";
import { output } from "../operands.js";
import {
  dimsOf,
  fail,
  inputOf,
  type LayerSpec,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";

/** Rows and columns repeat `blocksize` times; which channel is read depends on the position inside the block. */
export const depthToSpace: OperatorDefinition = {
  opTypes: ["DepthToSpace"],
  infer(node) {
    const [batch = 1, channels = 1, rows = 1, columns = 1] = mapShape(node);
    const block = blockOf(node);
    if (typeof channels === "number" && channels % block ** 2 !== 0)
      fail(shapeMismatch(node.loc, `${channels} channels`, `a multiple of ${block ** 2}, the pixels of a block`));
    const grown = [rows, columns].map((extent) => derive([extent], (n) => n * block));
    return [{ shape: [batch, derive([channels], (n) => n / block ** 2), ...grown] }];
  },
  lower(node) {
    const [, , rows = 1, columns = 1] = dimsOf(node, 0);
    const [, , outRows = 1, outColumns = 1] = outputDims(node);
    const mode = node.attributes.choice("mode", "DCR", ["DCR", "CRD"]);
    const axes: readonly AxisMap[] = [
      pointwise("B"),
      { kind: "whole", loops: ["G", "OY", "OX"] },
      { kind: "resize", out: "OY", from: rows, to: outRows, reach: 0 },
      { kind: "resize", out: "OX", from: columns, to: outColumns, reach: 0 },
    ];
    const layer: LayerSpec = {
      kind: "movement",
      loops: mapLoops(outputDims(node)),
      operands: [output(mapAxes(4)), { name: "I", role: "input", axes, input: 0 }],
      attributes: { blocksize: blockOf(node), mode },
    };
    return { layers: [layer] };
  },
};

/** The output's channels are, outermost first, row and column inside the block and the channel of the input. */
export const spaceToDepth: OperatorDefinition = {
  opTypes: ["SpaceToDepth"],
  infer(node) {
    const [batch = 1, channels = 1, rows = 1, columns = 1] = mapShape(node);
    const block = blockOf(node);
    for (const extent of [rows, columns])
      if (typeof extent === "number" && extent % block !== 0)
        fail(shapeMismatch(node.loc, `${extent} rows or columns`, `a multiple of the block size ${block}`));
    const shrunk = [rows, columns].map((extent) => derive([extent], (n) => n / block));
    return [{ shape: [batch, derive([channels], (n) => n * block ** 2), ...shrunk] }];
  },
  lower(node) {
    const [batch = 1, channels = 1] = dimsOf(node, 0);
    const [, , rows = 1, columns = 1] = outputDims(node);
    const block = blockOf(node);
    const window = { kind: "window", stride: block, dilation: 1, before: 0 } as const;
    const layer: LayerSpec = {
      kind: "movement",
      loops: [
        { dim: "B", size: batch },
        { dim: "G", size: channels },
        { dim: "OY", size: rows },
        { dim: "OX", size: columns },
        { dim: "FY", size: block },
        { dim: "FX", size: block },
      ],
      operands: [
        output([pointwise("B"), pointwise("FY", "FX", "G"), pointwise("OY"), pointwise("OX")]),
        {
          name: "I",
          role: "input",
          axes: [
            pointwise("B"),
            pointwise("G"),
            { ...window, out: "OY", tap: "FY" },
            { ...window, out: "OX", tap: "FX" },
          ],
          input: 0,
        },
      ],
      attributes: { blocksize: block },
    };
    return { layers: [layer] };
  },
};

function mapShape(node: NodeContext): Shape {
  const { name, shape } = inputOf(node, 0);
  return shape.length === 4 ? shape : fail(wrongRank(node.loc, name, shape.length, "4: N C H W"));
}

function blockOf({ attributes, loc }: NodeContext): number {
  const block = attributes.int("blocksize") ?? 0;
  return block >= 1 ? block : fail(attributeValue(loc, "blocksize", printNumber(block), "a number from 1"));
}
