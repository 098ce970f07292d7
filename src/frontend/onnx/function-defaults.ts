/** Default values of the attributes of local functions: a field that is newer than what `onnx-proto` knows. */
import protobuf from "protobufjs/minimal.js";

/** Fields of ModelProto and FunctionProto (onnx.proto3). */
const FUNCTIONS = 25;
const ATTRIBUTE_DEFAULTS = 11;

/**
 * @param model - bytes of a ModelProto that decodes
 * @returns per function, in the file's order, the bytes of its AttributeProtos
 */
export const attributeDefaults = (model: Uint8Array): readonly (readonly Uint8Array[])[] =>
  messagesIn(model, FUNCTIONS).map((body) => messagesIn(body, ATTRIBUTE_DEFAULTS));

function messagesIn(bytes: Uint8Array, field: number): readonly Uint8Array[] {
  const reader = protobuf.Reader.create(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === field && (tag & 7) === 2) found.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return found;
}
