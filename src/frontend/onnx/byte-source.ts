/** A file that is read piece by piece, or bytes that are there already. */
export interface ByteSource {
  /** Bytes in the file. */
  readonly size: number;
  /** Bytes `[offset, offset + length)`; the caller asks for bytes inside the file only. */
  read(offset: number, length: number): Uint8Array;
}

export const asByteSource = (bytes: Uint8Array | ByteSource): ByteSource =>
  bytes instanceof Uint8Array
    ? { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) }
    : bytes;
