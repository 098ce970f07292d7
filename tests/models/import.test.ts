import { expect, test } from "vitest";
import { importOnnx } from "../../src/frontend/onnx/import.js";
import { modelBytes } from "../support/models.js";

/** Weights of FSRCNN's layers and the width and height of their outputs when nothing is padded (DF §13). */
const FSRCNN_VALID = [
  [25 * 56, 970, 550],
  [56 * 12, 970, 550],
  [9 * 144, 968, 548],
  [9 * 144, 966, 546],
  [9 * 144, 964, 544],
  [9 * 144, 962, 542],
  [12 * 56, 962, 542],
  [9 * 56 * 16, 960, 540],
].reduce((sum, [weights = 0, width = 0, height = 0]) => sum + weights * width * height, 0);

// ResNet-18 and MobileNet-V2: torchvision's published counts; MobileNet-V1: its paper says 569 million.
test.each`
  name              | macs                                               | layers
  ${"dmcnn-vd"}     | ${768 * 512 * (2 * 3 * 64 * 9 + 18 * 64 * 64 * 9)} | ${20 + 19}
  ${"fsrcnn"}       | ${960 * 540 * 15_992}                              | ${8 + 7}
  ${"fsrcnn-valid"} | ${FSRCNN_VALID}                                    | ${8 + 7}
  ${"mc-cnn"}       | ${376 * 1242 * (64 * 9 + 3 * 64 * 64 * 9)}         | ${4 + 3}
  ${"mobilenet-v1"} | ${568_740_352}                                     | ${27 * 3 + 2}
  ${"mobilenet-v2"} | ${300_774_272}                                     | ${52 + 35 + 10 + 2}
  ${"resnet18"}     | ${1_814_073_344}                                   | ${20 + 17 + 8 + 3}
`("$name is imported with $macs MACs in $layers layers", ({ name, macs, layers }) => {
  const { network, totals, diagnostics } = importOnnx(modelBytes(name), { file: `${name}.onnx` });
  expect(totals.macs).toBe(macs);
  expect(network.layers).toHaveLength(layers);
  expect(network.coverage.filter(({ status }) => status === "opaque" || status === "refused")).toEqual([]);
  expect(diagnostics).toEqual([]);
});
