/** How many things of a kind a file may hold. A thing takes two bytes of a file and hundreds of memory, so they are counted before any is made. */
import { tooManyExtents } from "../../ir/diagnostics/onnx.js";
import { tooManyItems } from "../../ir/diagnostics/onnx-file.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { MAX_RANK } from "./extent.js";

/** Messages of an ONNX file that hold lists. */
export type MessageType =
  | "model"
  | "graph"
  | "node"
  | "attribute"
  | "tensor"
  | "sparse"
  | "function"
  | "value"
  | "type"
  | "tensorType"
  | "containerType"
  | "shape"
  | "opset"
  | "entry";

/** In the whole file; those of functions and bodies count, too. The largest networks that people export have some 100 000 nodes. */
const PER_FILE = {
  "operator sets": 10_000,
  functions: 50_000,
  nodes: 150_000,
  "bodies of control flow": 20_000,
  attributes: 300_000,
  tensors: 150_000,
  values: 300_000,
  names: 600_000,
  extents: 1_000_000,
  "entries of external data": 200_000,
} as const;

/** Bytes of the extents of one tensor, or their number where each is a field: far more than `MAX_RANK`, which is checked by name later. */
const EXTENTS_OF_A_TENSOR = 10_000;

type Item = keyof typeof PER_FILE;

/** What each field that may repeat is one of, by message and field number (onnx.proto3). */
const ITEMS: Readonly<Record<MessageType, Readonly<Record<number, Item>>>> = {
  model: { 8: "operator sets", 25: "functions" },
  function: { 4: "names", 5: "names", 6: "names", 7: "nodes", 9: "operator sets", 11: "attributes" },
  graph: { 1: "nodes", 5: "tensors", 11: "values", 12: "values", 13: "values", 15: "tensors" },
  node: { 1: "names", 2: "names", 5: "attributes" },
  attribute: { 6: "bodies of control flow", 10: "tensors", 11: "bodies of control flow", 23: "tensors" },
  sparse: { 3: "extents" },
  tensor: { 1: "extents", 13: "entries of external data" },
  shape: { 1: "extents" },
  value: {},
  type: {},
  tensorType: {},
  containerType: {},
  opset: {},
  entry: {},
};

/** Counts the items of one file. */
export interface ItemCounter {
  /** A message begins. */
  start(type: MessageType): void;
  /**
   * @param count - items that a field holds: a list of numbers may be one field
   * @throws DiagnosticError `too-many-items`, `too-many-axes`
   */
  add(type: MessageType, field: number, count: number): void;
}

export function createItemCounter(loc: Location): ItemCounter {
  const counts = new Map<Item, number>();
  let axes = 0;
  return {
    start(type) {
      if (type === "tensor" || type === "shape" || type === "sparse") axes = 0;
    },
    add(type, field, count) {
      const item = ITEMS[type][field];
      if (item === undefined) return;
      if (item === "extents") axes += count;
      if (axes > EXTENTS_OF_A_TENSOR) throw new DiagnosticError([tooManyExtents(loc, EXTENTS_OF_A_TENSOR, MAX_RANK)]);
      const sum = (counts.get(item) ?? 0) + count;
      counts.set(item, sum);
      if (sum > PER_FILE[item]) throw new DiagnosticError([tooManyItems(loc, item, PER_FILE[item])]);
    },
  };
}
