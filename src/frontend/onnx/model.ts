/** An ONNX model as the importer sees it: plain data, numbers instead of 64-bit objects, payloads left out. */
import type { ByteSource } from "./byte-source.js";

export interface OnnxModel {
  readonly irVersion: number;
  /** Operator set version by domain; the default domain is the empty string. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: string;
  readonly graph: OnnxGraph;
  /** By `domain::name`. */
  readonly functions: ReadonlyMap<string, OnnxFunction>;
  /** Files beside the model that hold data of it, as it names them. */
  readonly dataFiles: readonly string[];
}

/** A function that the model defines itself. */
export interface OnnxFunction {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
  /** Values of attributes that a caller leaves out. */
  readonly defaults: ReadonlyMap<string, OnnxAttribute>;
  readonly opsets: ReadonlyMap<string, number>;
}

/** Domain and name in one. */
export const functionKey = (domain: string, name: string): string => `${domain}::${name}`;

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  /** Declared types of intermediate values. */
  readonly valueInfo: readonly OnnxValueInfo[];
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** The default domain is the empty string. */
  readonly domain: string;
  /** An empty name leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  /** Made by the importer, which has operators of its own; never read from a file. */
  readonly isInternal?: true;
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** `DATA_TYPE`. */
  readonly type: number;
  /** Elements in row-major order, where they are few and the file holds them. */
  readonly elements?: readonly number[];
  /** Why there are none. */
  readonly unread?: string;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly type: number;
  /** A number, a symbol, or neither; absent where the rank is not declared. */
  readonly dims?: readonly (number | string | undefined)[];
}

export type OnnxAttribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: OnnxTensor }
  | { readonly kind: "graphs"; readonly value: readonly OnnxGraph[] }
  /** An integer that a number cannot hold. */
  | { readonly kind: "integer beyond 2^53" }
  /** A text or list that no operator takes for an argument. */
  | { readonly kind: "too long to be read" }
  /** Stands for an attribute of the function's caller. */
  | { readonly kind: "reference"; readonly value: string }
  | { readonly kind: "other" };

/**
 * Bytes `[offset, offset + length)` of an external data file (`length` absent: to its end); where they are not there, why, or
 * `undefined`. Only tensors of a few elements are asked for: weights are never read.
 */
export type ReadExternal = (
  location: string,
  offset: number,
  length?: number,
) => Uint8Array | { readonly missing: string } | undefined;

/** What is read: bytes in memory, or a file read piece by piece. */
export type OnnxBytes = Uint8Array | ByteSource;
