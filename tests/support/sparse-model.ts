/** A model file with weights of any size that takes no room on the disk: the payloads are holes. */
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import protobuf from "protobufjs/minimal.js";
import { encodeModel, model, type NodeSpec, node } from "./onnx-builder.js";

const GRAPH = 7;
const INITIALIZER = 5;
const RAW_DATA = 9;

/**
 * A chain of 3x3 convolutions.
 *
 * @param layers - number of convolutions
 * @param channels - channels of every map; a layer has 9 · channels² weights
 * @returns size of the file, bytes
 */
export function writeSparseModel(file: string, layers: number, channels: number): number {
  const nodes = Array.from({ length: layers }, (_, i): NodeSpec => {
    const inputs = [i === 0 ? "x" : `y${i - 1}`, `w${i}`];
    return node("Conv", inputs, [`y${i}`], { pads: [1, 1, 1, 1] }, `conv${i}`);
  });
  const whole = model({ inputs: { x: [1, channels, 8, 8] }, nodes });
  const graph = graphOf(whole);
  const bytes = 4 * 9 * channels ** 2;
  const heads = nodes.map((_, i) => tensorHead(`w${i}`, [channels, channels, 3, 3], bytes));
  const length = graph.length + heads.reduce((sum, head) => sum + head.length + bytes, 0);
  const start = [encodeModel({ irVersion: 8, opsetImport: [{ domain: "", version: 13 }] }), tag(GRAPH, length), graph];
  const handle = openSync(file, "w");
  let at = 0;
  for (const part of start) at += writeSync(handle, part, 0, part.length, at);
  for (const head of heads) at += writeSync(handle, head, 0, head.length, at) + bytes;
  ftruncateSync(handle, at);
  closeSync(handle);
  return at;
}

/** Content of the graph field, which is the last one. */
function graphOf(bytes: Uint8Array): Uint8Array {
  const reader = protobuf.Reader.create(bytes);
  for (;;) {
    const key = reader.uint32();
    if (key >>> 3 === GRAPH) return Uint8Array.from(reader.bytes());
    reader.skipType(key & 7);
  }
}

/** A tensor up to its payload. */
function tensorHead(name: string, dims: readonly number[], bytes: number): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const dim of dims) writer.uint32(1 << 3).uint32(dim);
  writer.uint32(2 << 3).uint32(1); // float
  writer.uint32((8 << 3) | 2).string(name);
  const head = Buffer.concat([writer.finish(), tag(RAW_DATA, bytes)]);
  return Buffer.concat([tag(INITIALIZER, head.length + bytes), head]);
}

const tag = (field: number, length: number): Uint8Array =>
  protobuf.Writer.create()
    .uint32((field << 3) | 2)
    .uint32(length)
    .finish();
