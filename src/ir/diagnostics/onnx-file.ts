/** Diagnostics of the bytes of ONNX files, and of what a model says about itself as a whole. */
import type { Diagnostic, Severity } from "../diagnostics.js";
import type { Location } from "../location.js";
import { diagnostic, error, warning } from "./make.js";

export const emptyFile = (where: Location): Diagnostic =>
  error("empty-file", where, "the file is empty; expected an ONNX model", "export or download the model again");

export const notOnnx = (where: Location, looksLike: string, hint: string): Diagnostic =>
  error("not-onnx", where, `this is not an ONNX model: it looks like ${looksLike}`, hint);

export const truncatedFile = (where: Location, offset: number, needed: number, present: number): Diagnostic =>
  error(
    "truncated-file",
    where,
    `the file ends early: the field at byte ${offset} needs ${needed} bytes, ${present} are there`,
    "download or copy the file again; compare its size with the original's",
  );

export const malformedFile = (where: Location, reason: string): Diagnostic =>
  error("malformed-file", where, `the bytes do not decode as an ONNX model: ${reason}`, "export the model again");

export const noGraph = (where: Location): Diagnostic =>
  error(
    "no-graph",
    where,
    "the file decodes, but holds no graph; expected a ModelProto with a graph",
    "a tensor or a bare graph is not a model: export the whole model",
  );

export const missingOpset = (where: Location, irVersion: number): Diagnostic =>
  error(
    "missing-opset",
    where,
    `the model (IR version ${irVersion}) imports no operator set; expected an opset_import of domain 'ai.onnx'`,
    "state the operator set when exporting; only IR versions 1 and 2 imply one",
  );

export const nestedTooDeeply = (where: Location, limit: number): Diagnostic =>
  error(
    "nested-too-deeply",
    where,
    `messages are nested more than ${limit} deep; no exporter writes such a model`,
    "export the model again; many nested branches are better written as one",
  );

export const tooManyItems = (where: Location, items: string, limit: number): Diagnostic =>
  error(
    "too-many-items",
    where,
    `the file holds more than ${limit} ${items}; no exporter writes such a model`,
    "export the model again; loops that are unrolled are better written as Loop or as a recurrent operator",
  );

export const invalidText = (where: Location, count: number): Diagnostic =>
  diagnostic(
    "warning",
    "invalid-utf8",
    where,
    `${count === 1 ? "a name or text is" : `${count} names or texts are`} no valid UTF-8; what does not decode is shown as '\uFFFD'`,
    "export the model again, or rename what is concerned",
  );

export const integerTooLarge = (where: Location, what: string): Diagnostic =>
  diagnostic(
    "warning",
    "integer-too-large",
    where,
    `${what} is beyond 2^53 and is not used; expected an integer from -2^53 to 2^53`,
    "mend the value; INT64_MAX and INT64_MIN mean 'to the end' and are understood",
  );

export const badOpset = (where: Location, domain: string, version: string): Diagnostic =>
  error(
    "bad-opset",
    where,
    `operator set '${domainName(domain)}' has version ${version}; expected a whole number from 1`,
    "export the model again with an operator set that exists",
  );

const domainName = (domain: string): string => (domain === "" ? "ai.onnx" : domain);

export const newerOpset = (where: Location, version: number, newest: number): Diagnostic =>
  warning(
    "newer-opset",
    where,
    `operator set ${version} of 'ai.onnx' is newer than the newest that is known, ${newest}, whose rules are used`,
    "export the model with an older operator set, or check what became of its operators",
  );

export const opsetTwice = (where: Location, domain: string, first: number, second: number): Diagnostic =>
  warning(
    "opset-twice",
    where,
    `operator set '${domainName(domain)}' is imported in the versions ${first} and ${second}; the second one is used`,
    "state one version per domain",
  );

export const externalOutside = (where: Location, location: string): Diagnostic =>
  error(
    "external-data-outside",
    where,
    `external data at '${location}' is outside the model's folder and is not read`,
    "put the data file beside the model and state its path relative to it",
  );

export const badExternalOffset = (where: Location, tensor: string, what: string, found: string): Diagnostic =>
  error(
    "bad-external-data",
    where,
    `the ${what} of the external data of '${tensor}' is '${found}'; expected a whole number`,
    "save the model again",
  );

export const dataSize = (where: Location, tensor: string, shape: string, needed: number, found: number): Diagnostic =>
  warning(
    "data-size",
    where,
    `'${tensor}' with shape ${shape} needs ${needed} bytes of data, and has ${found}`,
    "save the model again, or mend the shape or the type of the tensor",
  );

export const unknownElementType = (where: Location, tensor: string, type: number): Diagnostic =>
  warning(
    "unknown-element-type",
    where,
    `the elements of '${tensor}' have type ${type}, which is none; expected a number of TensorProto.DataType`,
    "mend the type of the tensor",
  );

/** Stands for diagnostics that are not told one by one. */
export const moreOfTheSame = (where: Location, severity: Severity, code: string, count: number): Diagnostic =>
  diagnostic(severity, code, where, `and so it is in ${count} more ${count === 1 ? "place" : "places"}`, "");
