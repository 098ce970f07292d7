import { GraphBuilder } from "../builder.mjs";

const STAGES = [
  { channels: 64, stride: 1 },
  { channels: 128, stride: 2 },
  { channels: 256, stride: 2 },
  { channels: 512, stride: 2 },
];

/**
 * Residual network of He et al., CVPR 2016, with torchvision's structure and names; its batch normalisations are folded into the
 * convolutions, as an export for inference has them.
 */
export function resnet18({ size = 224 } = {}) {
  const graph = new GraphBuilder("resnet18");
  let x = graph.input("image", [1, 3, size, size]);
  x = graph.conv("conv1", x, { kernel: 7, channels: 64, stride: 2, pad: 3, bias: true });
  x = graph.relu("relu", x);
  x = graph.maxPool("maxpool", x, { kernel: 3, stride: 2, pad: 1 });
  for (const [i, { channels, stride }] of STAGES.entries()) {
    x = basicBlock(graph, `layer${i + 1}.0`, x, channels, stride);
    x = basicBlock(graph, `layer${i + 1}.1`, x, channels, 1);
  }
  x = graph.flatten("flatten", graph.globalAveragePool("avgpool", x));
  return graph.build(graph.gemm("fc", x, 1000));
}

/**
 * Two convolutions beside a shortcut; where the shape changes, the shortcut is a projection.
 * @param {GraphBuilder} graph
 * @param {string} name
 * @param {import("../builder.mjs").Value} x
 * @param {number} channels
 * @param {number} stride
 */
function basicBlock(graph, name, x, channels, stride) {
  const hidden = graph.conv(`${name}.conv1`, x, { kernel: 3, channels, stride, pad: 1, bias: true });
  const main = graph.conv(`${name}.conv2`, graph.relu(`${name}.relu1`, hidden), {
    kernel: 3,
    channels,
    pad: 1,
    bias: true,
  });
  const shortcut = stride === 1 ? x : graph.conv(`${name}.downsample`, x, { kernel: 1, channels, stride, bias: true });
  return graph.relu(`${name}.relu2`, graph.add(`${name}.add`, main, shortcut));
}
