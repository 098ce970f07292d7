/** Values of small tensors: all the ways in which a TensorProto holds them. */
import type onnxProto from "onnx-proto";
import { DATA_TYPE } from "./data-type.js";
import { product } from "./extent.js";
import type { ReadExternal } from "./model.js";
import { externalPlace, lacksPlace } from "./tensor-data.js";

/** Tensors with more elements than this carry no values through the importer. */
export const ELEMENT_LIMIT = 1024;

/** 64-bit integers arrive as `Long` objects where the library is there, else as numbers. */
export type WireInteger = number | { toNumber(): number };

export const toNumber = (value: WireInteger | null | undefined): number =>
  typeof value === "number" ? value : (value?.toNumber() ?? 0);

/**
 * An integer that is not rounded, from -2^53 to 2^53. `INT64_MAX` and `INT64_MIN` become ±2^63: they mean "no limit".
 *
 * @returns NaN for every other integer
 */
export function exactInteger(value: WireInteger | bigint | null | undefined): number {
  const number = typeof value === "bigint" ? Number(value) : toNumber(value);
  if (Number.isSafeInteger(number) || Math.abs(number) === 2 ** 63) return number;
  return String(value) === String(number) && Math.abs(number) === 2 ** 53 ? number : Number.NaN;
}

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
  [DATA_TYPE.int64]: { bytes: 8, read: (view, at) => exactInteger(view.getBigInt64(at, true)) },
  [DATA_TYPE.uint64]: { bytes: 8, read: (view, at) => exactInteger(view.getBigUint64(at, true)) },
};

type TensorProto = onnxProto.onnx.ITensorProto;

/** Elements in row-major order, or why there are none: they are many, missing, or of a type that no shape arithmetic uses. */
export type TensorElements = { readonly elements: readonly number[] } | { readonly unread: string };

/** @param dims - extents of the tensor */
export function tensorElements(
  tensor: TensorProto,
  dims: readonly number[],
  readExternal: ReadExternal | undefined,
): TensorElements {
  const name = `tensor '${tensor.name ?? ""}'`;
  const count = product(dims);
  if (count > ELEMENT_LIMIT)
    return { unread: `${name} has ${count} elements; more than ${ELEMENT_LIMIT} are not read` };
  const type = RAW_TYPES[tensor.dataType ?? DATA_TYPE.undefined];
  if (type === undefined) return { unread: `the elements of ${name} are no numbers` };
  if (lacksPlace(tensor)) return { unread: `the data of ${name} stands outside the file, which does not say where` };
  const needed = count * type.bytes;
  const raw = rawBytes(tensor, needed, readExternal);
  if (raw !== undefined && "missing" in raw) return { unread: `the data of ${name} is not there: ${raw.missing}` };
  if (raw !== undefined && raw.length >= needed && count > 0) return { elements: fromRaw(raw, count, type) };
  const listed = listedElements(tensor);
  if (listed.length === count) return { elements: listed };
  const found = raw === undefined || raw.length === 0 ? `${listed.length} elements` : `${raw.length} bytes`;
  return { unread: `the file holds ${found} of ${name}, which has ${count} elements` };
}

function rawBytes(tensor: TensorProto, length: number, readExternal: ReadExternal | undefined) {
  const place = externalPlace(tensor);
  if (place === undefined) return tensor.rawData ?? undefined;
  if (length === 0) return undefined;
  return readExternal?.(place.location, Number(place.offset), length) ?? { missing: `'${place.location}' is not read` };
}

function fromRaw(raw: Uint8Array, count: number, type: RawType): readonly number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: count }, (_, i) => type.read(view, i * type.bytes));
}

/** The typed fields; a tensor fills one of them. */
function listedElements(tensor: TensorProto): readonly number[] {
  const integers = [tensor.int64Data, tensor.int32Data, tensor.uint64Data].find((list) => (list?.length ?? 0) > 0);
  if (integers) return integers.map((value) => exactInteger(value));
  return [tensor.floatData, tensor.doubleData].find((list) => (list?.length ?? 0) > 0) ?? [];
}
