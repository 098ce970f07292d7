/** What a file that is no ONNX model looks like, from its first bytes. */

export interface Lookalike {
  readonly name: string;
  readonly hint: string;
}

const EXPORT = "give the .onnx file that the training framework exports";

interface Signature extends Lookalike {
  readonly bytes: readonly number[];
  readonly at?: number;
}

const ascii = (text: string): readonly number[] => [...text].map((char) => char.charCodeAt(0));

/** Magic numbers that no ModelProto starts with. */
const SIGNATURES: readonly Signature[] = [
  {
    bytes: ascii("version https://git-lfs"),
    name: "a Git LFS pointer",
    hint: "fetch the file itself with 'git lfs pull'",
  },
  { bytes: [0x89, ...ascii("PNG")], name: "a PNG image", hint: EXPORT },
  { bytes: [0xff, 0xd8, 0xff], name: "a JPEG image", hint: EXPORT },
  { bytes: ascii("%PDF"), name: "a PDF document", hint: EXPORT },
  {
    bytes: [...ascii("PK"), 3, 4],
    name: "a zip archive (PyTorch checkpoints are zip archives too)",
    hint: "unpack it, or export the model with torch.onnx.export",
  },
  { bytes: [0x1f, 0x8b], name: "a gzip archive", hint: "unpack it first" },
  { bytes: [...ascii("BZh")], name: "a bzip2 archive", hint: "unpack it first" },
  { bytes: [0xfd, ...ascii("7zXZ")], name: "an xz archive", hint: "unpack it first" },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], name: "a zstd archive", hint: "unpack it first" },
  { bytes: [0x89, ...ascii("HDF")], name: "an HDF5 file (Keras)", hint: "convert it with tf2onnx" },
  { bytes: ascii("TFL3"), at: 4, name: "a TensorFlow Lite model", hint: "convert it with tf2onnx" },
  { bytes: ascii("ORTM"), at: 4, name: "an ONNX Runtime (.ort) model", hint: "give the .onnx file it was made from" },
  { bytes: [0x93, ...ascii("NUMPY")], name: "a NumPy array", hint: EXPORT },
  { bytes: ascii("GGUF"), name: "a GGUF model", hint: EXPORT },
  { bytes: [0x7f, ...ascii("ELF")], name: "an executable", hint: EXPORT },
];

/** @param start - the first bytes of the file, 1 KB is plenty */
export function lookalike(start: Uint8Array): Lookalike | undefined {
  return SIGNATURES.find(({ bytes, at = 0 }) => bytes.every((byte, i) => start[at + i] === byte)) ?? textFile(start);
}

const TEXTS: readonly (Lookalike & { readonly pattern: RegExp })[] = [
  {
    pattern: /^\s*<(!doctype|html)/i,
    name: "a web page",
    hint: "download the file itself, not the page that shows it",
  },
  { pattern: /^\s*<\?xml/, name: "XML", hint: EXPORT },
  { pattern: /^\s*[{[]/, name: "JSON", hint: EXPORT },
  { pattern: /^\s*ir_version\s*:/m, name: "an ONNX model in text form", hint: "save it in binary form" },
  { pattern: /^/, name: "a text file", hint: EXPORT },
];

/** A ModelProto holds control characters in its first few tags and lengths; text has none. */
function textFile(start: Uint8Array): Lookalike | undefined {
  const hasControls = start.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20));
  const text = hasControls ? undefined : decodeText(start);
  return text === undefined ? undefined : TEXTS.find(({ pattern }) => pattern.test(text));
}

/** @returns `undefined` for bytes that are no UTF-8; a character cut off at the end does not matter */
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
}
