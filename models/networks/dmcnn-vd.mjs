import { GraphBuilder } from "../builder.mjs";

const LAYERS = 20;

/**
 * Very deep demosaicing network of Syu et al., 2018, as a plain chain of convolutions: the layers of the workload published with
 * DeFiNES, each with a Relu but the last.
 *
 * @param {{ width?: number, height?: number }} options - size of the map, elements
 */
export function dmcnnVd({ width = 768, height = 512 } = {}) {
  const graph = new GraphBuilder("dmcnn-vd");
  let x = graph.input("mosaic", [1, 3, height, width]);
  for (let i = 1; i < LAYERS; i++) {
    x = graph.conv(`conv${i}`, x, { kernel: 3, channels: 64, pad: 1, bias: true });
    x = graph.relu(`relu${i}`, x);
  }
  return graph.build(graph.conv(`conv${LAYERS}`, x, { kernel: 3, channels: 3, pad: 1, bias: true }));
}
