/** The built-in models, as files and decoded. */
import { readdirSync, readFileSync } from "node:fs";
import onnxProto from "onnx-proto";

const folder = new URL("../../models/", import.meta.url);

/** Names of the ONNX files in `models/`, sorted, without their extension. */
export const modelNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith(".onnx"))
  .map((file) => file.slice(0, -".onnx".length))
  .sort();

export const modelBytes = (name: string): Uint8Array => readFileSync(new URL(`${name}.onnx`, folder));

/** The graph as `onnx-proto` reads it: a second opinion that owes nothing to our frontend. */
export function decodeGraph(bytes: Uint8Array): onnxProto.onnx.IGraphProto {
  const { graph } = onnxProto.onnx.ModelProto.decode(bytes);
  if (!graph) throw new Error("model without a graph");
  return graph;
}
