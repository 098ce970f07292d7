/**
 * ONNX Runtime as the judge of whole files: every intermediate value has the shape that we infer. A copy of the file makes each value
 * an output of the graph; files that the runtime does not load (weights absent, operators of other runtimes) are skipped.
 */
import { readFileSync } from "node:fs";
import onnxProto from "onnx-proto";
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { decodeModel } from "../../../src/frontend/onnx/decode.js";
import { isKnown } from "../../../src/frontend/onnx/extent.js";
import { wire } from "../../../src/frontend/onnx/graph.js";
import { inferGraph } from "../../../src/frontend/onnx/inference.js";
import { resolveSymbols } from "../../../src/frontend/onnx/symbols.js";
import { hasShared, sharedFiles, sharedPath } from "../../support/shared.js";

env.wasm.numThreads = 1;
env.logLevel = "error";
const OPTIONS = { graphOptimizationLevel: "disabled", logSeverityLevel: 4 } as const;

/** Shapes that we know of all values, by name. */
function inferredShapes(bytes: Uint8Array, file: string): ReadonlyMap<string, readonly number[]> {
  const { model } = decodeModel(bytes, { file });
  const { graph } = model;
  const initialized = new Set(graph.initializers.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !initialized.has(name));
  const symbols = resolveSymbols(graph, inputs, new Map(), { file });
  const { values } = inferGraph(model, wire(graph, { file }), symbols, { file });
  return new Map([...values].flatMap(([name, { shape }]) => (shape && isKnown(shape) ? [[name, shape] as const] : [])));
}

function withAllOutputs(bytes: Uint8Array): Uint8Array {
  const model = onnxProto.onnx.ModelProto.decode(bytes);
  const { graph } = model;
  const known = new Set((graph?.output ?? []).map(({ name }) => name));
  const names = (graph?.node ?? [])
    .flatMap(({ output }) => output ?? [])
    .filter((name) => name !== "" && !known.has(name));
  graph?.output?.push(...names.map((name) => ({ name })));
  return onnxProto.onnx.ModelProto.encode(model).finish();
}

const ARRAYS: Readonly<Record<string, (count: number) => Tensor["data"]>> = {
  float32: (count) => new Float32Array(count),
  int64: (count) => new BigInt64Array(count),
  int32: (count) => new Int32Array(count),
  uint8: (count) => new Uint8Array(count),
  int8: (count) => new Int8Array(count),
  bool: (count) => new Uint8Array(count),
};

/** Zeros for every input; `undefined` where a shape is not known. */
function zeros(session: InferenceSession, shapes: ReadonlyMap<string, readonly number[]>) {
  const feeds: Record<string, Tensor> = {};
  for (const input of session.inputMetadata) {
    const dims = shapes.get(input.name);
    const array = input.isTensor ? ARRAYS[input.type] : undefined;
    if (!input.isTensor || dims === undefined || array === undefined) return undefined;
    feeds[input.name] = new Tensor(input.type, array(dims.reduce((a, b) => a * b, 1)), dims);
  }
  return feeds;
}

/** Shapes of every value that the runtime computes, or why it computes none. */
async function computedShapes(bytes: Uint8Array, shapes: ReadonlyMap<string, readonly number[]>) {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(withAllOutputs(bytes), OPTIONS);
  } catch (cause) {
    return String(cause);
  }
  try {
    const feeds = zeros(session, shapes);
    if (feeds === undefined) return "the shape of an input is not known";
    const results = await session.run(feeds, { logSeverityLevel: 4 });
    return new Map(Object.entries(results).map(([name, { dims }]) => [name, dims] as const));
  } catch (cause) {
    return String(cause);
  } finally {
    await session.release();
  }
}

const shared = sharedFiles(".onnx", "onnx").map(
  (file) => [file, () => readFileSync(sharedPath("onnx", file))] as const,
);

describe.skipIf(!hasShared)("every value of a file has the shape that ONNX Runtime computes", () => {
  let compared = 0;
  it.for(shared)("%s", async ([file, read], { skip }) => {
    const shapes = inferredShapes(read(), file);
    const computed = await computedShapes(read(), shapes);
    if (typeof computed === "string") return skip(computed.slice(0, 200));
    const known = [...computed].filter(([name]) => shapes.has(name));
    // A shape that we do not know agrees with everything: of these files we know all.
    expect([...computed.keys()].filter((name) => !shapes.has(name))).toEqual([]);
    expect(Object.fromEntries(known.map(([name]) => [name, shapes.get(name)]))).toEqual(Object.fromEntries(known));
    compared += known.length;
  });

  it("compares some", () => expect(compared).toBeGreaterThan(0));
});
