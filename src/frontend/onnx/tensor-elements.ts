/** Values of small tensors: all the ways in which a TensorProto holds them. */
import type onnxProto from "onnx-proto";
import { DATA_TYPE } from "./data-type.js";
import { product } from "./extent.js";
import type { ReadExternal } from "./model.js";

/** Tensors with more elements than this carry no values through the importer. */
export const ELEMENT_LIMIT = 1024;

/** 64-bit integers arrive as `Long` objects where the library is there, else as numbers. */
export type WireInteger = number | { toNumber(): number };

export const toNumber = (value: WireInteger | null | undefined): number =>
  typeof value === "number" ? value : (value?.toNumber() ?? 0);

interface RawType {
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

const RAW_TYPES: Readonly<Record<number, RawType>> = {
  [DATA_TYPE.float]: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  [DATA_TYPE.double]: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  [DATA_TYPE.int8]: { bytes: 1, read: (view, at) => view.getInt8(at) },
  [DATA_TYPE.uint8]: { bytes: 1, read: (view, at) => view.getUint8(at) },
  [DATA_TYPE.bool]: { bytes: 1, read: (view, at) => view.getUint8(at) },
  [DATA_TYPE.int16]: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  [DATA_TYPE.uint16]: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  [DATA_TYPE.int32]: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  [DATA_TYPE.uint32]: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  [DATA_TYPE.int64]: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  [DATA_TYPE.uint64]: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
};

type TensorProto = onnxProto.onnx.ITensorProto;

/**
 * @param dims - extents of the tensor
 * @returns elements in row-major order; `undefined` where they are many, missing, or of a type that no shape arithmetic uses
 */
export function tensorElements(
  tensor: TensorProto,
  dims: readonly number[],
  readExternal: ReadExternal | undefined,
): readonly number[] | undefined {
  const count = product(dims);
  if (count > ELEMENT_LIMIT) return undefined;
  const type = RAW_TYPES[tensor.dataType ?? DATA_TYPE.undefined];
  if (type === undefined) return undefined;
  const raw = rawBytes(tensor, count * type.bytes, readExternal);
  if (raw !== undefined && raw.length >= count * type.bytes && count > 0) return fromRaw(raw, count, type);
  const listed = listedElements(tensor);
  return listed.length === count ? listed : undefined;
}

function rawBytes(tensor: TensorProto, length: number, readExternal: ReadExternal | undefined): Uint8Array | undefined {
  const external = new Map((tensor.externalData ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));
  const location = external.get("location");
  if (location === undefined) return tensor.rawData ?? undefined;
  return readExternal?.(location, Number(external.get("offset") ?? 0), length);
}

function fromRaw(raw: Uint8Array, count: number, type: RawType): readonly number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: count }, (_, i) => type.read(view, i * type.bytes));
}

/** The typed fields; a tensor fills one of them. */
function listedElements(tensor: TensorProto): readonly number[] {
  const lists: readonly (readonly WireInteger[] | null | undefined)[] = [
    tensor.int64Data,
    tensor.int32Data,
    tensor.floatData,
    tensor.doubleData,
    tensor.uint64Data,
  ];
  return (lists.find((list) => (list?.length ?? 0) > 0) ?? []).map(toNumber);
}
