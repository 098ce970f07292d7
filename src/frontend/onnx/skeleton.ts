/**
 * Copies an ONNX file without the payload of its large tensors, so that a file of any size can be decoded in a little memory.
 * Small payloads stay: shape arithmetic needs their values.
 */
import protobuf from "protobufjs/minimal.js";
import { malformedFile, truncatedFile } from "../../ir/diagnostics/onnx.js";
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

const WINDOW = 64 * 1024;
/** Longest tag and length of a field, bytes. */
const HEAD = 20;

type MessageType = "model" | "graph" | "node" | "attribute" | "tensor" | "sparse" | "function" | "training";

/** Fields that may hold a tensor further down, by message and field number (onnx.proto3). */
const CHILDREN: Readonly<Record<MessageType, Readonly<Record<number, MessageType>>>> = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  function: { 7: "node", 11: "attribute" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
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
  const pieces = walker.message("model", 0, source.size);
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

  function message(type: MessageType, from: number, to: number): Piece[] {
    const pieces: Piece[] = [];
    const dropped: { offset: number; length: number }[] = [];
    let name = "";
    for (let at = from; at < to; ) {
      const field = fieldAt(at, to);
      at = field.end;
      const length = field.end - field.content;
      const child = field.wireType === LENGTH_DELIMITED ? CHILDREN[type][field.number] : undefined;
      if (type === "tensor" && field.number === TENSOR_NAME) name = text(source.read(field.content, length));
      if (child !== undefined && length > PAYLOAD_LIMIT) append(pieces, nested(child, field));
      else if (isPayload(type, field)) dropped.push({ offset: field.content, length });
      else append(pieces, [{ from: field.start, to: field.end }]);
    }
    payloads.push(...dropped.map((range) => ({ tensor: name, ...range })));
    return pieces;
  }

  function nested(type: MessageType, field: Field): Piece[] {
    const content = message(type, field.content, field.end);
    const head = protobuf.Writer.create().uint32((field.number << 3) | LENGTH_DELIMITED);
    return [head.uint32(sizeOf(content)).finish(), ...content];
  }

  return { message, payloads };
}

const isPayload = (type: MessageType, field: Field): boolean =>
  type === "tensor" && PAYLOAD_FIELDS.includes(field.number) && field.end - field.content > PAYLOAD_LIMIT;

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

/** Bytes of a fixed-width field by wire type. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** Reads tag and length; `content` counts from the start of the reader's window. */
function readHead(reader: protobuf.Reader, loc: Location, at: number) {
  try {
    const tag = reader.uint32();
    const [number, wireType] = [tag >>> 3, tag & 7];
    if (wireType === LENGTH_DELIMITED) {
      const length = reader.uint32();
      return { number, wireType, content: reader.pos, length };
    }
    const content = reader.pos;
    if (wireType === VARINT) return { number, wireType, content, length: reader.skip().pos - content };
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
