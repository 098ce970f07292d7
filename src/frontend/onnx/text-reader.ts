/** Reads the texts of a message strictly: which ones are no UTF-8 is counted, and what does not decode becomes U+FFFD. */
import protobuf from "protobufjs/minimal.js";

export interface TextReader {
  readonly reader: protobuf.Reader;
  /** Texts so far that were no UTF-8. */
  invalidCount(): number;
}

/** @param bytes - a message that a generated decoder reads through `reader` */
export function createTextReader(bytes: Uint8Array): TextReader {
  // A byte order mark is part of a name: without it two names might become one.
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  const reader = protobuf.Reader.create(bytes);
  let invalid = 0;
  reader.string = () => {
    const text = reader.bytes();
    try {
      return strict.decode(text);
    } catch {
      invalid++;
      return lenient.decode(text);
    }
  };
  return { reader, invalidCount: () => invalid };
}
