import { GraphBuilder } from "../builder.mjs";

/**
 * Stereo-matching features of Žbontar and LeCun, JMLR 2016 (the fast architecture): four convolutions on one image. The size is
 * that of the workload published with DeFiNES, whose maps are 376 wide and 1242 high.
 *
 * @param {{ width?: number, height?: number }} options - size of the map, elements
 */
export function mcCnn({ width = 376, height = 1242 } = {}) {
  const graph = new GraphBuilder("mc-cnn");
  let x = graph.input("image", [1, 1, height, width]);
  for (let i = 1; i <= 4; i++) {
    if (i > 1) x = graph.relu(`relu${i - 1}`, x);
    x = graph.conv(`conv${i}`, x, { kernel: 3, channels: 64, pad: 1, bias: true });
  }
  return graph.build(x);
}
