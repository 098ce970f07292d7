/** ONNX Runtime as the judge: creating a session runs its checker and its shape inference, a run computes real numbers. */
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { describe, expect, it, test } from "vitest";
import { dmcnnVd } from "../../models/networks/dmcnn-vd.mjs";
import { fsrcnn } from "../../models/networks/fsrcnn.mjs";
import { mcCnn } from "../../models/networks/mc-cnn.mjs";
import { mobilenetV1 } from "../../models/networks/mobilenet-v1.mjs";
import { mobilenetV2 } from "../../models/networks/mobilenet-v2.mjs";
import { resnet18 } from "../../models/networks/resnet18.mjs";
import { modelBytes, modelNames } from "../support/models.js";

env.wasm.numThreads = 1;

describe("ONNX Runtime", () => {
  test.each(modelNames)("loads %s", async (name) => {
    const session = await InferenceSession.create(modelBytes(name));
    expect(session.inputNames).toHaveLength(1);
    await session.release();
  });

  // Small maps of the same networks; the runtime's shapes are compared with the ones that the files declare.
  test.each([
    ["dmcnn-vd", dmcnnVd({ width: 24, height: 16 }), [1, 3, 16, 24]],
    ["fsrcnn", fsrcnn({ width: 32, height: 18 }), [1, 16, 18, 32]],
    ["fsrcnn-valid", fsrcnn({ width: 32, height: 18, padded: false }), [1, 16, 18, 32]],
    ["mc-cnn", mcCnn({ width: 16, height: 24 }), [1, 64, 24, 16]],
    ["mobilenet-v1", mobilenetV1({ size: 224 }), [1, 1000]],
    ["mobilenet-v2", mobilenetV2({ size: 224 }), [1, 1000]],
    ["resnet18", resnet18({ size: 224 }), [1, 1000]],
  ])("computes %s", async (_name, bytes, dims) => {
    const output = await runOnOnes(bytes);
    expect(output.dims).toEqual(dims);
    expect(output.declared).toEqual(dims);
    expect(output.values.every((value) => Number.isFinite(value) && value > 0)).toBe(true);
  });

  it("keeps a constant map constant where nothing is padded: every window is averaged", async () => {
    const { values } = await runOnOnes(fsrcnn({ width: 8, height: 4, padded: false }));
    expect(Math.min(...values)).toBeCloseTo(1, 4);
    expect(Math.max(...values)).toBeCloseTo(1, 4);
  });

  it("refuses a model that is cut short", async () => {
    const bytes = modelBytes("fsrcnn");
    await expect(InferenceSession.create(bytes.slice(0, bytes.length - 100))).rejects.toThrow();
  });
});

async function runOnOnes(bytes: Uint8Array) {
  const session = await InferenceSession.create(bytes);
  const input = shapeOf(session.inputMetadata);
  const ones = new Float32Array(input.reduce((product, extent) => product * extent, 1)).fill(1);
  const results = await session.run({ [session.inputNames[0] ?? ""]: new Tensor("float32", ones, input) });
  const output = results[session.outputNames[0] ?? ""];
  if (!(output?.data instanceof Float32Array)) throw new Error("expected one float32 output");
  const result = { dims: [...output.dims], declared: shapeOf(session.outputMetadata), values: output.data };
  await session.release();
  return result;
}

function shapeOf([metadata]: readonly InferenceSession.ValueMetadata[]): number[] {
  if (!metadata?.isTensor) throw new Error("expected a tensor");
  return metadata.shape.map(Number);
}
