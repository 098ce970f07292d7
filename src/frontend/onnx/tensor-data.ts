/** Where the data of a tensor stands, in the file or beside it, and whether it is as long as the declared shape needs. */
import type onnxProto from "onnx-proto";
import { badExternalOffset, dataSize, externalOutside, unknownElementType } from "../../ir/diagnostics/onnx-file.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { DATA_TYPE, elementBits, isElementType } from "./data-type.js";
import { printShape, product } from "./extent.js";

type TensorProto = onnxProto.onnx.ITensorProto;

/** What a file says about data that stands outside of it. */
export interface ExternalPlace {
  readonly location: string;
  /** Decimal digits, or anything else that stands there. */
  readonly offset: string;
  readonly length?: string;
}

const EXTERNAL = 1;

/** `undefined` for a tensor that has no external data. */
export function externalPlace({ externalData }: TensorProto): ExternalPlace | undefined {
  const entries = new Map((externalData ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));
  const [location, length] = [entries.get("location"), entries.get("length")];
  if (location === undefined) return undefined;
  return { location, offset: entries.get("offset") ?? "0", ...(length !== undefined && { length }) };
}

/** The file says that data stands outside, and not where. */
export const lacksPlace = (tensor: TensorProto): boolean =>
  Number(tensor.dataLocation) === EXTERNAL && externalPlace(tensor) === undefined;

/** What is wrong with where a tensor says that its data stands; nothing for data in the model itself. */
export function externalProblem(tensor: TensorProto, loc: Location): Diagnostic | undefined {
  const place = externalPlace(tensor);
  if (place === undefined) return undefined;
  if (!isRelative(place.location)) return externalOutside(loc, place.location);
  const wrong = (["offset", "length"] as const).find((key) => !/^\d{1,15}$/.test(place[key] ?? "0"));
  return wrong === undefined ? undefined : badExternalOffset(loc, tensor.name ?? "", wrong, place[wrong] ?? "");
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

/** Data that does not fit what the tensor says about itself: nobody computes with it, but something is wrong. */
export function dataProblems(tensor: TensorProto, dims: readonly number[], loc: Location): readonly Diagnostic[] {
  const type = tensor.dataType ?? DATA_TYPE.undefined;
  const name = tensor.name ?? "";
  if (!isElementType(type)) return [unknownElementType(loc, name, type)];
  const [needed, found] = [bytesOf(type, dims), storedBytes(tensor)];
  if (needed === undefined || found === undefined || found === needed) return [];
  return [dataSize(loc, name, printShape(dims), needed, found)];
}

/** Bytes of all elements; `undefined` where elements have no fixed size or there are more than can be counted. */
function bytesOf(type: number, dims: readonly number[]): number | undefined {
  const bits = elementBits(type);
  const count = product(dims);
  if (bits === undefined || !(count >= 0 && count < 2 ** 50)) return undefined;
  return Math.ceil((count * bits) / 8);
}

const FLOAT_BYTES = 4;
const DOUBLE_BYTES = 8;

/** Bytes that the file holds or names; `undefined` where it has none, as after stripping the weights. */
function storedBytes(tensor: TensorProto): number | undefined {
  const place = externalPlace(tensor);
  if (place !== undefined) return place.length === undefined ? undefined : Number(place.length);
  const [floats, doubles] = [tensor.floatData?.length ?? 0, tensor.doubleData?.length ?? 0];
  const type = tensor.dataType;
  const listed =
    (type === DATA_TYPE.float ? floats * FLOAT_BYTES : 0) + (type === DATA_TYPE.double ? doubles * DOUBLE_BYTES : 0);
  const found = (tensor.rawData?.length ?? 0) + listed + omittedBytes(tensor);
  return found === 0 ? undefined : found;
}

const OMITTED = /^omitted data: (\d{1,15})$/;

/** Documentation of a tensor whose data the skeleton leaves out. */
export const omittedNote = (bytes: number): string => `omitted data: ${bytes}`;

const omittedBytes = ({ docString }: TensorProto): number => Number(OMITTED.exec(docString ?? "")?.[1] ?? 0);
