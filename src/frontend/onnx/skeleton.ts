/**
 * Copies an ONNX file without the payload of its large tensors and long attributes, so that a file of any size can be decoded in a little memory.
 * Small payloads stay: shape arithmetic needs their values.
 */
import protobuf from "protobufjs/minimal.js";
import { malformedFile, nestedTooDeeply, truncatedFile } from "../../ir/diagnostics/onnx-file.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import type { ByteSource } from "./byte-source.js";
import { DATA_TYPE } from "./data-type.js";
import { createItemCounter, type MessageType } from "./item-limits.js";
import { omittedNote } from "./tensor-data.js";
import { ELEMENT_LIMIT } from "./tensor-elements.js";

/** Largest payload that is kept, bytes. Messages that are no longer than this are copied without being looked into. */
export const PAYLOAD_LIMIT = 1024;

/** Bytes of a varint at most: what elements of wide integers, which hold sizes and positions, may take each. */
const VARINT_BYTES = 10;
const INTEGER_LIMIT = VARINT_BYTES * ELEMENT_LIMIT;

/** Bytes of texts and lists that an attribute keeps. Caches of compilers and trees of decisions are longer, operators' arguments not. */
const VALUE_LIMIT = 16 * 1024;

/** Deepest nesting of messages: three levels per graph in a graph. Other readers of ONNX stop at 100. */
export const MAX_DEPTH = 200;

const WINDOW = 64 * 1024;
/** Longest tag and length of a field, bytes. */
const HEAD = 20;

/** Fields that are looked into, by message and field number (onnx.proto3). */
const CHILDREN: Readonly<Record<MessageType, Readonly<Record<number, MessageType>>>> = {
  model: { 7: "graph", 8: "opset", 25: "function" },
  function: { 7: "node", 9: "opset", 11: "attribute" },
  graph: { 1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: { 13: "entry" },
  value: { 2: "type" },
  type: { 1: "tensorType", 4: "containerType", 9: "containerType" },
  containerType: { 1: "type" },
  tensorType: { 2: "shape" },
  shape: {},
  opset: {},
  entry: {},
};

/**
 * Other fields that are kept however long they are: names, lists of names, extents, types. Nobody asks for documentation, metadata, how
 * the model was trained, and fields that are newer than this.
 */
const KEPT: Readonly<Record<MessageType, readonly number[]>> = {
  model: [],
  function: [1, 4, 5, 6, 10],
  graph: [],
  node: [1, 2, 3, 4, 7],
  attribute: [1, 21],
  sparse: [3],
  tensor: [1, 8],
  value: [1],
  type: [],
  tensorType: [],
  containerType: [],
  shape: [1],
  opset: [1],
  entry: [1, 2],
};

/** Fields of which there may be any number, and for which nobody asks: those about metadata and training. */
const UNUSED: Readonly<Partial<Record<MessageType, readonly number[]>>> = {
  model: [14, 20],
  function: [12, 14],
  graph: [14, 16],
  node: [8, 9, 10],
  tensor: [12, 16],
  value: [4],
};

/** s, floats, ints, strings of an attribute, and its type. */
const VALUE_FIELDS: readonly number[] = [4, 7, 8, 9];
const ATTRIBUTE_TYPE = 20;

/** Type of an attribute whose value the skeleton leaves out; no other has it. */
export const OMITTED = 99;

/** float_data, int32_data, string_data, int64_data, raw_data, double_data, uint64_data. */
const PAYLOAD_FIELDS: readonly number[] = [4, 5, 6, 7, 9, 10, 11];
/** float_data, raw_data, double_data: their length follows from the number of elements. */
const FIXED_SIZE_FIELDS: readonly number[] = [4, 9, 10];
/** Tag of doc_string. */
const DOCUMENTATION = (12 << 3) | 2;
const DATA_TYPE_FIELD = 2;
const WIDE_INTEGERS: readonly number[] = [DATA_TYPE.int32, DATA_TYPE.int64, DATA_TYPE.uint32, DATA_TYPE.uint64];

/** A stretch of the file that is copied, or bytes that replace one. */
type Piece = { readonly from: number; readonly to: number } | Uint8Array;

/**
 * @param source - the file
 * @param loc - how diagnostics name the file
 * @returns a ModelProto that any protobuf reader decodes
 * @throws DiagnosticError when a field reaches beyond the end of what holds it (`truncated-file`) or is no protobuf field
 */
export function readSkeleton(source: ByteSource, loc: Location): Uint8Array {
  const pieces = createWalker(source, loc)("model", 0, source.size, 1);
  const bytes = new Uint8Array(sizeOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    const part = piece instanceof Uint8Array ? piece : source.read(piece.from, piece.to - piece.from);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** One field: its tag at `start`, its content in `[content, end)`. */
interface Field {
  readonly number: number;
  readonly wireType: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;

function createWalker(source: ByteSource, loc: Location) {
  const fieldAt = createFieldReader(source, loc);
  const counter = createItemCounter(loc);

  function message(type: MessageType, from: number, to: number, depth: number): Piece[] {
    if (depth > MAX_DEPTH) throw new DiagnosticError([nestedTooDeeply(loc, MAX_DEPTH)]);
    counter.start(type);
    const pieces: Piece[] = [];
    const filter = createFilter(type, source);
    for (let at = from; at < to; ) {
      const field = fieldAt(at, to);
      at = field.end;
      counter.add(type, field.number, itemsIn(type, field));
      const child = childOf(type, field);
      if (child !== undefined && isLong(field)) append(pieces, nested(child, field, depth));
      else if (!filter.drops(field)) {
        if (child !== undefined) countItems(child, field);
        append(pieces, [{ from: field.start, to: field.end }]);
      }
    }
    append(pieces, filter.added());
    return pieces;
  }

  /** Of a short message, which is copied as it is: it ends before it could be nested too deeply. */
  function countItems(type: MessageType, { content, end }: Field): void {
    counter.start(type);
    for (let at = content; at < end; ) {
      const field = fieldAt(at, end);
      at = field.end;
      counter.add(type, field.number, itemsIn(type, field));
      const child = childOf(type, field);
      if (child !== undefined) countItems(child, field);
    }
  }

  function nested(type: MessageType, field: Field, depth: number): Piece[] {
    const content = message(type, field.content, field.end, depth + 1);
    const head = protobuf.Writer.create().uint32((field.number << 3) | LENGTH_DELIMITED);
    return [head.uint32(sizeOf(content)).finish(), ...content];
  }

  return message;
}

/** Type of the message that a field holds; `undefined` for one that is no message, or that nobody looks into. */
const childOf = (type: MessageType, field: Field): MessageType | undefined =>
  field.wireType === LENGTH_DELIMITED ? CHILDREN[type][field.number] : undefined;

/** Extents in one field: they may be packed into it, in a byte each or more. */
const itemsIn = (type: MessageType, field: Field): number =>
  (type === "tensor" || type === "sparse") && PACKED[type] === field.number && field.wireType === LENGTH_DELIMITED
    ? lengthOf(field)
    : 1;

const PACKED = { tensor: 1, sparse: 3 };

/** Decides field by field what of one message is left out, and what stands for it. */
interface Filter {
  drops(field: Field): boolean;
  added(): readonly Piece[];
}

function createFilter(type: MessageType, source: ByteSource): Filter {
  if (type === "tensor") return createTensorFilter(source);
  if (type === "attribute") return createAttributeFilter();
  return { drops: (field) => isUnused(type, field), added: () => [] };
}

const isUnused = (type: MessageType, field: Field): boolean =>
  UNUSED[type]?.includes(field.number) === true || (isLong(field) && !KEPT[type].includes(field.number));

/** Keeps the payloads of one tensor as long as they fit the limit together. */
function createTensorFilter(source: ByteSource): Filter {
  let [kept, limit, omitted] = [0, PAYLOAD_LIMIT, 0];
  return {
    drops(field) {
      // Data types are small numbers, and stand before the payload.
      if (field.number === DATA_TYPE_FIELD && WIDE_INTEGERS.includes(source.read(field.content, 1)[0] ?? 0))
        limit = INTEGER_LIMIT;
      if (!PAYLOAD_FIELDS.includes(field.number)) return isUnused("tensor", field);
      kept += field.end - field.start; // elements may be written one by one
      if (kept > limit && FIXED_SIZE_FIELDS.includes(field.number)) omitted += lengthOf(field);
      return kept > limit;
    },
    added: () =>
      omitted === 0 ? [] : [protobuf.Writer.create().uint32(DOCUMENTATION).string(omittedNote(omitted)).finish()],
  };
}

/** Keeps the value of one attribute as long as it fits the limit; else it gets a type that says so. The last type counts. */
function createAttributeFilter(): Filter {
  let kept = 0;
  return {
    drops(field) {
      if (!VALUE_FIELDS.includes(field.number)) return isUnused("attribute", field);
      kept += field.end - field.start;
      return kept > VALUE_LIMIT;
    },
    added: () => (kept > VALUE_LIMIT ? [OMITTED_TYPE] : []),
  };
}

const OMITTED_TYPE: Piece = protobuf.Writer.create()
  .uint32(ATTRIBUTE_TYPE << 3)
  .uint32(OMITTED)
  .finish();

const lengthOf = ({ content, end }: Field): number => end - content;
const isLong = (field: Field): boolean => lengthOf(field) > PAYLOAD_LIMIT;

/** Reads the head of the field at an offset through a window of the file. */
function createFieldReader(source: ByteSource, loc: Location): (at: number, limit: number) => Field {
  let base = 0;
  let reader = protobuf.Reader.create(new Uint8Array(0));

  return (at, limit) => {
    if (at < base || at + Math.min(HEAD, source.size - at) > base + reader.len) {
      base = at;
      reader = protobuf.Reader.create(source.read(at, Math.min(WINDOW, source.size - at)));
    }
    reader.pos = at - base;
    const { number, wireType, content, length } = readHead(reader, loc, at);
    const end = base + content + length;
    if (end > limit) throw new DiagnosticError([truncatedFile(loc, at, end - at, limit - at)]);
    return { number, wireType, start: at, content: base + content, end };
  };
}

/** Bytes of the largest length, 2^32 - 1, and of the largest number, 2^64 - 1. */
const MAX_LENGTH_BYTES = 5;
const MAX_VARINT_BYTES = 10;

/** Bytes of a fixed-width field by wire type. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** Reads tag and length; `content` counts from the start of the reader's window. */
function readHead(reader: protobuf.Reader, loc: Location, at: number) {
  try {
    const tag = reader.uint32();
    const [number, wireType] = [tag >>> 3, tag & 7];
    const content = reader.pos;
    if (wireType === LENGTH_DELIMITED && number > 0) {
      const length = reader.uint32();
      if (reader.pos - content <= MAX_LENGTH_BYTES) return { number, wireType, content: reader.pos, length };
    }
    if (wireType === VARINT && number > 0) {
      const length = reader.skip().pos - content;
      if (length <= MAX_VARINT_BYTES) return { number, wireType, content, length };
    }
    const length = FIXED[wireType];
    if (length !== undefined && number > 0) return { number, wireType, content, length };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DiagnosticError([truncatedFile(loc, at, HEAD, reader.len - reader.pos)]);
  }
  throw new DiagnosticError([malformedFile(loc, `the byte at offset ${at} starts no field`)]);
}

/** Adds pieces, joining stretches that follow each other in the file. */
function append(pieces: Piece[], more: readonly Piece[]): void {
  for (const piece of more) {
    const last = pieces.at(-1);
    if (last !== undefined && !(last instanceof Uint8Array) && !(piece instanceof Uint8Array) && last.to === piece.from)
      pieces[pieces.length - 1] = { from: last.from, to: piece.to };
    else pieces.push(piece);
  }
}

const sizeOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.to - piece.from), 0);
