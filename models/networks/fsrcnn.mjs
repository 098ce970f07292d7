import { GraphBuilder } from "../builder.mjs";

/** Kernel and output channels: feature extraction, shrinking, four mappings, expanding, and the deconvolution as sub-pixels. */
const CONVOLUTIONS = [
  { kernel: 5, channels: 56 },
  { kernel: 1, channels: 12 },
  { kernel: 3, channels: 12 },
  { kernel: 3, channels: 12 },
  { kernel: 3, channels: 12 },
  { kernel: 3, channels: 12 },
  { kernel: 1, channels: 56 },
  { kernel: 3, channels: 16 },
];

/**
 * Super-resolution network of Dong et al., ECCV 2016, with the eight convolutions that the DeFiNES paper schedules; the output
 * is not rearranged into pixels.
 *
 * @param {{ width?: number, height?: number, padded?: boolean }} options - size of the output, elements. `padded`: every
 *   convolution keeps its map's size; else none is padded and the input is larger by what the windows cut off
 */
export function fsrcnn({ width = 960, height = 540, padded = true } = {}) {
  const graph = new GraphBuilder(padded ? "fsrcnn" : "fsrcnn-valid");
  const border = padded ? 0 : CONVOLUTIONS.reduce((sum, { kernel }) => sum + kernel - 1, 0);
  let x = graph.input("image", [1, 1, height + border, width + border]);
  for (const [i, { kernel, channels }] of CONVOLUTIONS.entries()) {
    if (i > 0) x = graph.prelu(`prelu${i}`, x);
    x = graph.conv(`conv${i + 1}`, x, { kernel, channels, pad: padded ? (kernel - 1) / 2 : 0 });
  }
  return graph.build(x);
}
