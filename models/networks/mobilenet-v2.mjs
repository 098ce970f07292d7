import { GraphBuilder } from "../builder.mjs";

/** Expansion factor, output channels, repetitions and stride of the first repetition. */
const STAGES = [
  { expansion: 1, channels: 16, count: 1, stride: 1 },
  { expansion: 6, channels: 24, count: 2, stride: 2 },
  { expansion: 6, channels: 32, count: 3, stride: 2 },
  { expansion: 6, channels: 64, count: 4, stride: 2 },
  { expansion: 6, channels: 96, count: 3, stride: 1 },
  { expansion: 6, channels: 160, count: 3, stride: 2 },
  { expansion: 6, channels: 320, count: 1, stride: 1 },
];

/** Inverted residuals of Sandler et al., CVPR 2018; batch normalisations are folded, as an export for inference has them. */
export function mobilenetV2({ size = 224 } = {}) {
  const graph = new GraphBuilder("mobilenet-v2");
  let x = graph.input("image", [1, 3, size, size]);
  x = graph.conv("stem", x, { kernel: 3, channels: 32, stride: 2, pad: 1, bias: true });
  x = graph.relu6("stem.relu6", x);
  const blocks = STAGES.flatMap(({ count, stride, ...block }) =>
    Array.from({ length: count }, (_, i) => ({ ...block, stride: i === 0 ? stride : 1 })),
  );
  for (const [i, block] of blocks.entries()) x = invertedResidual(graph, `block${i + 1}`, x, block);
  x = graph.relu6("head.relu6", graph.conv("head", x, { kernel: 1, channels: 1280, bias: true }));
  x = graph.flatten("flatten", graph.globalAveragePool("avgpool", x));
  return graph.build(graph.gemm("classifier", x, 1000));
}

/**
 * Expand, filter each channel, project; with a shortcut where the shape stays.
 * @param {GraphBuilder} graph
 * @param {string} name
 * @param {import("../builder.mjs").Value} x
 * @param {{ expansion: number, channels: number, stride: number }} block
 */
function invertedResidual(graph, name, x, { expansion, channels, stride }) {
  const depth = x.dims[1] ?? 0;
  const hidden = depth * expansion;
  let y = x;
  if (expansion > 1) {
    y = graph.conv(`${name}.expand`, y, { kernel: 1, channels: hidden, bias: true });
    y = graph.relu6(`${name}.expand.relu6`, y);
  }
  y = graph.conv(`${name}.depthwise`, y, { kernel: 3, channels: hidden, groups: hidden, stride, pad: 1, bias: true });
  y = graph.relu6(`${name}.depthwise.relu6`, y);
  y = graph.conv(`${name}.project`, y, { kernel: 1, channels, bias: true });
  return stride === 1 && depth === channels ? graph.add(`${name}.add`, y, x) : y;
}
