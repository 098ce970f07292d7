/** Built-in ONNX models of the published studies; apart from the rest, since most studies need not load the reader of such files. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { importOnnx } from "../frontend/onnx/import.js";
import type { Network } from "../ir/network.js";
import { openFile } from "./model-file.js";

const MODELS = fileURLToPath(new URL("../../models/", import.meta.url));

/** Built-in models whose files have other names than the studies' networks. */
const MODEL_FILES: Readonly<Record<string, string>> = {
  dmcnnvd: "dmcnn-vd",
  mccnn: "mc-cnn",
  mobilenetv1: "mobilenet-v1",
};

/** The built-in ONNX model of a network of the published case studies, with its padding. */
export function studyModel(name: string): Network {
  const file = `${MODEL_FILES[name] ?? name}.onnx`;
  const source = openFile(join(MODELS, file));
  try {
    return importOnnx(source, { file }).network;
  } finally {
    source.close();
  }
}
