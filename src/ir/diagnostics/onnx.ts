/** Diagnostics of ONNX graphs: what the graph lacks, what a node states wrongly. */
import { type Diagnostic, listNames, nearMatches, suggest } from "../diagnostics.js";
import type { Location } from "../location.js";
import { diagnostic, error, warning } from "./make.js";

// The graph

export const sharedNames = (where: Location, names: readonly string[]): Diagnostic =>
  diagnostic(
    "info",
    "shared-node-name",
    where,
    `${names.length === 1 ? "a name is" : `${names.length} names are`} borne by several nodes: ${listNames(names)}; these are called after their first output`,
    "give each node a name of its own",
  );

export const functionTwice = (where: Location, key: string): Diagnostic =>
  warning(
    "function-twice",
    where,
    `local function '${key}' is defined twice; the last definition is used`,
    "give each function a name of its own",
  );

/** Nodes of a cycle that are named; the rest are counted. */
const CYCLE_NAMES = 8;

export const cyclicGraph = (where: Location, cycle: readonly string[]): Diagnostic => {
  const shown = cycle.slice(0, CYCLE_NAMES).map((name) => `'${name}'`);
  const left = cycle.length - shown.length;
  const path = [...shown, ...(left > 0 ? [`${left} more`] : []), `'${cycle[0]}'`].join(" → ");
  return error(
    "cyclic-graph",
    where,
    `the graph is cyclic: ${path}`,
    "an ONNX graph is acyclic; recurrence is written with Loop, Scan or a recurrent operator",
  );
};

export const undefinedValue = (where: Location, name: string, known: readonly string[]): Diagnostic =>
  error(
    "undefined-value",
    where,
    `input '${name}' is nowhere defined; expected a graph input, an initializer or the output of a node`,
    nearMatches(name, known).length > 0 ? suggest(name, known) : "add the initializer, or the node that computes it",
  );

export const undefinedOutput = (where: Location, name: string, known: readonly string[]): Diagnostic =>
  error(
    "undefined-output",
    where,
    `output '${name}' is computed by no node`,
    nearMatches(name, known).length > 0 ? suggest(name, known) : "name the output of a node",
  );

export const duplicateValue = (where: Location, name: string, first: string): Diagnostic =>
  error(
    "duplicate-value",
    where,
    `'${name}' is defined twice: ${first} defines it already`,
    "every value has one definition: rename one of them",
  );

export const nodeWithoutOutput = (where: Location): Diagnostic =>
  error("node-without-output", where, "the node has no output; expected at least one", "remove the node");

export const badDimension = (where: Location, value: string, extent: number, axis: number): Diagnostic =>
  error(
    "bad-dimension",
    where,
    `axis ${axis} of '${value}' has ${extent} elements; expected a whole number up to 2^31`,
    "mend the shape; a dimension that is not known is given a name instead of a number",
  );

export const tensorTooLarge = (where: Location, value: string, shape: string): Diagnostic =>
  error(
    "tensor-too-large",
    where,
    `'${value}' with shape ${shape} has more than 2^53 elements`,
    "mend the shape, or bind smaller dimensions",
  );

export const tooManyAxes = (where: Location, value: string, rank: number, limit: number): Diagnostic =>
  error(
    "too-many-axes",
    where,
    `'${value}' has ${rank} axes; expected at most ${limit}`,
    "mend its shape; no runtime computes on such tensors",
  );

/** Of a tensor that has too many to be read, and so no name yet. */
export const tooManyExtents = (where: Location, found: number, limit: number): Diagnostic =>
  error(
    "too-many-axes",
    where,
    `a tensor has more than ${found} axes; expected at most ${limit}`,
    "mend its shape; no runtime computes on such tensors",
  );

export const tooManyIterations = (where: Location): Diagnostic =>
  error(
    "too-many-iterations",
    where,
    "the loops of the layer run more than 2^53 times",
    "mend its window, its shapes or the trip counts of the loops around it",
  );

export const tooManyMacs = (where: Location): Diagnostic =>
  error("too-many-macs", where, "the layer has more than 2^53 multiply-accumulates", "mend its shapes");

export const tooManyParts = (where: Location, limit: number, nodes: readonly string[]): Diagnostic =>
  diagnostic(
    "warning",
    "too-many-parts",
    where,
    `local functions and bodies of control flow stand for more than ${limit} nodes; not told as their parts: ${listNames(nodes)}`,
    "check whether functions call each other without end, or whether less would do",
  );

// Symbols

export const unknownSymbol = (where: Location, symbol: string, known: readonly string[]): Diagnostic =>
  error(
    "unknown-symbol",
    where,
    `the model has no dimension '${symbol}'`,
    known.length === 0 ? "all its dimensions are stated: bind none" : suggest(symbol, known),
  );

export const badBinding = (where: Location, symbol: string, value: number): Diagnostic =>
  error("bad-binding", where, `'${symbol}' is bound to ${value}; expected a whole number from 1 to 2^31`, "");

/** A symbol as `--bind` takes it: between single quotes of a shell, and with marks that are part of it behind a backslash. */
export const bindable = (symbol: string): string => symbol.replace(/[\\,=]/g, "\\$&").replaceAll("'", String.raw`'\''`);

export const defaultBatch = (where: Location, symbol: string, input: string): Diagnostic =>
  diagnostic(
    "info",
    "default-batch",
    where,
    `'${symbol}', the leading dimension of input '${input}', is not stated; 1 is used`,
    `--bind '${bindable(symbol)}=…' sets another batch`,
  );

export const unknownDimension = (where: Location, symbol: string, nodes: readonly string[]): Diagnostic =>
  diagnostic(
    "warning",
    "unknown-dimension",
    where,
    `dimension '${symbol}' is not known: ${count(nodes.length, "node")} left out: ${listNames(nodes)}`,
    `--bind '${bindable(symbol)}=…'`,
  );

export const shapeNotKnown = (where: Location, reason: string, nodes: readonly string[]): Diagnostic =>
  diagnostic(
    "warning",
    "shape-not-known",
    where,
    `${count(nodes.length, "node")} left out: ${listNames(nodes)}: ${reason}`,
    "state the shapes of its inputs in the model's value_info, or give the data that is missing",
  );

// Nodes

export const operandType = (where: Location, opType: string, operand: string, found: string): Diagnostic =>
  error(
    "operand-type",
    where,
    `${opType} computes on '${operand}', which holds ${found}; expected numbers`,
    "mend its type",
  );

export const attributeTwice = (where: Location, name: string): Diagnostic =>
  warning("attribute-twice", where, `attribute '${name}' is given twice; the last value is used`, "remove one of them");

export const missingOperand = (where: Location, opType: string, index: number): Diagnostic =>
  error("missing-operand", where, `${opType} has no input ${index}, which it needs`, "connect the input");

export const wrongInputCount = (where: Location, opType: string, found: number, expected: string): Diagnostic =>
  error("input-count", where, `${opType} has ${count(found, "input")}; expected ${expected}`, "mend the node's inputs");

export const outputCount = (where: Location, opType: string, found: number, given: string): Diagnostic =>
  error(
    "output-count",
    where,
    `${opType} has ${count(found, "output")}, but ${given}; expected no more`,
    "mend the node's outputs, or those of what it stands for",
  );

export const attributeType = (where: Location, name: string, found: string, expected: string): Diagnostic =>
  error("attribute-type", where, `attribute '${name}' is ${found}; expected ${expected}`, "mend the attribute");

export const attributeValue = (where: Location, name: string, found: string, expected: string): Diagnostic =>
  error("attribute-value", where, `attribute '${name}' is ${brief(found)}; expected ${expected}`, "mend the attribute");

/** Of an input whose elements are known. */
export const operandValue = (where: Location, what: string, found: string, expected: string): Diagnostic =>
  error("operand-value", where, `${what} is ${brief(found)}; expected ${expected}`, "mend the constant");

/** A list of thousands of numbers helps nobody. */
const brief = (text: string, limit = 200): string => (text.length > limit ? `${text.slice(0, limit)}…` : text);

export const wrongRank = (where: Location, input: string, found: number, expected: string): Diagnostic =>
  error("wrong-rank", where, `'${input}' has ${count(found, "axis", "axes")}; expected ${expected}`, "mend its shape");

export const shapeMismatch = (where: Location, found: string, expected: string): Diagnostic =>
  error(
    "shape-mismatch",
    where,
    `${brief(found)}; expected ${expected}`,
    "mend the shapes or the attributes of the node",
  );

export const windowTooLarge = (where: Location, window: number, padded: number, axis: string): Diagnostic =>
  error(
    "window-too-large",
    where,
    `the window covers ${window} ${axis}, the padded input has ${padded}`,
    "enlarge the input (--bind, where its size is symbolic) or the padding",
  );

// What is not understood

/**
 * @param opaque - nodes costed as data movement
 * @param refused - nodes of which not even the output's shape is known
 * @param behind - number of nodes that are refused because they need one of these
 */
export const operatorNotUnderstood = (
  where: Location,
  opType: string,
  opaque: readonly string[],
  refused: readonly string[],
  behind: number,
): Diagnostic => {
  const costed = `${count(opaque.length, "node")} costed as data movement: ${listNames(opaque)}`;
  const left = `${count(refused.length, "node")} refused, as the shape of the output is not known: ${listNames(refused)}`;
  const parts = [
    ...(opaque.length > 0 ? [costed] : []),
    ...(refused.length > 0 ? [left] : []),
    ...(behind > 0 ? [`${count(behind, "node")} behind left out too`] : []),
  ];
  return diagnostic(
    "warning",
    "operator-not-understood",
    where,
    `operator '${opType}' is not understood; ${parts.join("; ")}`,
    refused.length > 0 ? "state the shape of its output in the model's value_info" : "",
  );
};

export const declaredShapeDiffers = (
  where: Location,
  value: string,
  declared: string,
  computed: string,
  others: number,
): Diagnostic =>
  diagnostic(
    "warning",
    "declared-shape-differs",
    where,
    `'${value}' is declared ${declared}, but its node computes ${computed}, which is used${others > 0 ? `; so it is with ${count(others, "other value")}` : ""}`,
    "run shape inference on the model again",
  );

const count = (n: number, noun: string, plural = `${noun}s`): string => `${n} ${n === 1 ? noun : plural}`;
