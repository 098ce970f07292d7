import { GraphBuilder } from "../builder.mjs";

/** Output channels and stride of every depthwise-separable block. */
const BLOCKS = [
  { channels: 64, stride: 1 },
  { channels: 128, stride: 2 },
  { channels: 128, stride: 1 },
  { channels: 256, stride: 2 },
  { channels: 256, stride: 1 },
  { channels: 512, stride: 2 },
  { channels: 512, stride: 1 },
  { channels: 512, stride: 1 },
  { channels: 512, stride: 1 },
  { channels: 512, stride: 1 },
  { channels: 512, stride: 1 },
  { channels: 1024, stride: 2 },
  { channels: 1024, stride: 1 },
];

/**
 * Depthwise-separable network of Howard et al., 2017, as a training framework exports it: batch normalisations are nodes of their
 * own and borders are left to `auto_pad`.
 */
export function mobilenetV1({ size = 224 } = {}) {
  const graph = new GraphBuilder("mobilenet-v1");
  let x = graph.input("image", [1, 3, size, size]);
  x = convBnRelu(graph, "stem", x, { kernel: 3, channels: 32, stride: 2, pad: "same" });
  for (const [i, { channels, stride }] of BLOCKS.entries()) {
    const depth = x.dims[1] ?? 0;
    const window = { kernel: 3, channels: depth, groups: depth, stride, pad: /** @type {const} */ ("same") };
    x = convBnRelu(graph, `block${i + 1}.depthwise`, x, window);
    x = convBnRelu(graph, `block${i + 1}.pointwise`, x, { kernel: 1, channels });
  }
  x = graph.flatten("flatten", graph.globalAveragePool("avgpool", x));
  return graph.build(graph.gemm("classifier", x, 1000));
}

/**
 * @param {GraphBuilder} graph
 * @param {string} name
 * @param {import("../builder.mjs").Value} x
 * @param {import("../builder.mjs").Convolution} convolution
 */
function convBnRelu(graph, name, x, convolution) {
  return graph.relu(`${name}.relu`, graph.batchNorm(`${name}.bn`, graph.conv(name, x, convolution)));
}
