/**
 * Copies an ONNX file without the payload of its large tensors, so that a file of any size can be decoded in a little memory.
 * Small payloads stay: shape arithmetic needs their values.
 */
import protobuf from "protobufjs/minimal.js";
import { malformedFile, nestedTooDeeply, truncatedFile } from "../../ir/diagnostics/onnx.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import type { ByteSource } from "./byte-source.js";

/** A payload that the skeleton leaves out: where its bytes stand in the file. */
export interface Payload {
  /** Name of the tensor; empty for the tensor of an attribute. */
  readonly tensor: string;
  readonly offset: number;
  readonly length: number;
}

export interface Skeleton {
  /** A ModelProto that any protobuf reader decodes. */
  readonly bytes: Uint8Array;
  readonly payloads: readonly Payload[];
}

/** Largest payload that is kept, bytes. Messages that are no longer than this are copied without being looked into. */
export const PAYLOAD_LIMIT = 1024;

/** Deepest nesting of messages: three levels per graph in a graph. Other readers of ONNX stop at 100. */
export const MAX_DEPTH = 200;

const WINDOW = 64 * 1024;
/** Longest tag and length of a field, bytes. */
const HEAD = 20;

type MessageType = "model" | "graph" | "node" | "attribute" | "tensor" | "sparse" | "function";

/** Fields that may hold a tensor further down, by message and field number (onnx.proto3). */
const CHILDREN: Readonly<Record<MessageType, Readonly<Record<number, MessageType>>>> = {
  model: { 7: "graph", 25: "function" },
  function: { 7: "node", 11: "attribute" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
};

/** What nobody asks for: documentation, metadata, and how the model was trained. */
const UNUSED: Readonly<Record<MessageType, readonly number[]>> = {
  model: [6, 14, 20],
  graph: [10, 16],
  node: [6, 9],
  attribute: [13],
  tensor: [12, 16],
  sparse: [],
  function: [8, 14],
};

/** float_data, int32_data, string_data, int64_data, raw_data, double_data, uint64_data. */
const PAYLOAD_FIELDS: readonly number[] = [4, 5, 6, 7, 9, 10, 11];
const TENSOR_NAME = 8;

/** A stretch of the file that is copied, or bytes that replace one. */
type Piece = { readonly from: number; readonly to: number } | Uint8Array;

/**
 * @param source - the file
 * @param loc - how diagnostics name the file
 * @throws DiagnosticError when a field reaches beyond the end of what holds it (`truncated-file`) or is no protobuf field
 */
export function readSkeleton(source: ByteSource, loc: Location): Skeleton {
  const walker = createWalker(source, loc);
  const pieces = walker.message("model", 0, source.size, 1);
  const bytes = new Uint8Array(sizeOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    const part = piece instanceof Uint8Array ? piece : source.read(piece.from, piece.to - piece.from);
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, payloads: walker.payloads };
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
  const payloads: Payload[] = [];
  const fieldAt = createFieldReader(source, loc);

  function message(type: MessageType, from: number, to: number, depth: number): Piece[] {
    if (depth > MAX_DEPTH) throw new DiagnosticError([nestedTooDeeply(loc, MAX_DEPTH)]);
    const pieces: Piece[] = [];
    const filter = type === "tensor" ? createTensorFilter(source) : createFilter(type);
    for (let at = from; at < to; ) {
      const field = fieldAt(at, to);
      at = field.end;
      const child = childOf(type, field);
      if (child !== undefined) append(pieces, nested(child, field, depth));
      else if (!filter.drops(field)) append(pieces, [{ from: field.start, to: field.end }]);
    }
    for (const payload of filter.payloads()) payloads.push(payload);
    return pieces;
  }

  function nested(type: MessageType, field: Field, depth: number): Piece[] {
    const content = message(type, field.content, field.end, depth + 1);
    const head = protobuf.Writer.create().uint32((field.number << 3) | LENGTH_DELIMITED);
    return [head.uint32(sizeOf(content)).finish(), ...content];
  }

  return { message, payloads };
}

/** Type of the message that is looked into; `undefined` for everything else. */
const childOf = (type: MessageType, field: Field): MessageType | undefined =>
  field.wireType === LENGTH_DELIMITED && isLong(field) ? CHILDREN[type][field.number] : undefined;

/** Decides field by field what of one message is left out. */
interface Filter {
  drops(field: Field): boolean;
  payloads(): readonly Payload[];
}

const createFilter = (type: MessageType): Filter => ({
  drops: (field) => isLong(field) && UNUSED[type].includes(field.number),
  payloads: () => [],
});

/** Keeps the payloads of one tensor as long as they fit the limit together. */
function createTensorFilter(source: ByteSource): Filter {
  const dropped: Field[] = [];
  let [kept, name] = [0, ""];
  return {
    drops(field) {
      const length = lengthOf(field);
      if (field.number === TENSOR_NAME) name = text(source.read(field.content, length));
      if (!PAYLOAD_FIELDS.includes(field.number)) return isLong(field) && UNUSED.tensor.includes(field.number);
      kept += length;
      if (isLong(field)) dropped.push(field); // elements that are written one by one are not listed
      return kept > PAYLOAD_LIMIT;
    },
    payloads: () => dropped.map((field) => ({ tensor: name, offset: field.content, length: lengthOf(field) })),
  };
}

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

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
