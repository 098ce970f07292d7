/** Values of small tensors: all the ways in which a TensorProto holds them. */
import type onnxProto from "onnx-proto";
import { badExternalOffset, externalOutside } from "../../ir/diagnostics/onnx.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { DATA_TYPE } from "./data-type.js";
import { product } from "./extent.js";
import type { ReadExternal } from "./model.js";

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

/** Where external data stands; `undefined` for a tensor that has none. */
function externalPlace({ externalData }: TensorProto): { location: string; offset: string } | undefined {
  const entries = new Map((externalData ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));
  const location = entries.get("location");
  return location === undefined ? undefined : { location, offset: entries.get("offset") ?? "0" };
}

/** What is wrong with where a tensor says that its data stands; nothing for data in the model itself. */
export function externalProblem(tensor: TensorProto, loc: Location): Diagnostic | undefined {
  const place = externalPlace(tensor);
  if (place === undefined) return undefined;
  if (!isRelative(place.location)) return externalOutside(loc, place.location);
  return /^\d{1,15}$/.test(place.offset) ? undefined : badExternalOffset(loc, tensor.name ?? "", place.offset);
}

/** Stays in the folder that it is relative to, on every system. */
function isRelative(path: string): boolean {
  if (path === "" || /^([\\/]|[a-z]:)/i.test(path)) return false;
  let depth = 0;
  for (const part of path.split(/[\\/]/)) {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    if (depth < 0) return false;
  }
  return true;
}

function rawBytes(tensor: TensorProto, length: number, readExternal: ReadExternal | undefined): Uint8Array | undefined {
  const place = externalPlace(tensor);
  if (place === undefined) return tensor.rawData ?? undefined;
  return length === 0 ? undefined : readExternal?.(place.location, Number(place.offset), length);
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
