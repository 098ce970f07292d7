/** AlexNet: a pooling that floors leaves rows of the first layer that nobody needs (EM §1). */
import { describe, expect, it } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { loopSize } from "../../../src/ir/network.js";
import { hasShared, readSharedBytes } from "../../support/shared.js";
import { ONE_MEMORY } from "./random-accelerator.js";
import { placeOnly } from "./scheduling.js";

describe.skipIf(!hasShared)("AlexNet (skipped without the shared folder)", () => {
  it.each([1, 4, 64])("runs 53 of 54 rows of its first layer in tiles of %i", (side) => {
    const { network } = importOnnx(readSharedBytes("onnx", "zigzag_alexnet.onnx"), { file: "alexnet.onnx", bind: {} });
    const [first] = network.layers;
    const [rows, columns] = ["OY", "OX"].map((dim) => loopSize(first!.loops, dim, 1));
    const pool = network.layers.find(({ kind }) => kind === "pool")!;
    const cut = (cuts: readonly string[]) =>
      placeOnly(network, ONE_MEMORY, { tile: { width: side, height: side }, cuts })[0]!;
    const fused = cut([pool.id]).needed.get(first!.id)!.macs;
    const alone = cut([first!.id]).needed.get(first!.id)!.macs;
    expect([rows, columns]).toEqual([54, 54]);
    expect(alone).toBe(first!.macs);
    expect(fused / first!.macs).toBeCloseTo((53 * 53) / (54 * 54), 12);
  });
});
