/** Diagnostics of workload files. */
import { type Diagnostic, suggest } from "../diagnostics.js";
import type { Location } from "../location.js";
import { error } from "./make.js";

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");

export const noLayers = (where: Location): Diagnostic =>
  error("no-layers", where, "the workload has no layer to compute", "list at least one layer besides its inputs");

export const repeatedId = (where: Location, id: number): Diagnostic =>
  error("repeated-id", where, `id ${id} is used twice`, "give each layer a number of its own");

export const loopLists = (where: Location, dims: number, sizes: number): Diagnostic =>
  error("loop-lists", where, `${dims} loops have ${sizes} sizes`, "give one size per loop");

export const repeatedLoop = (where: Location, dim: string): Diagnostic =>
  error("repeated-loop", where, `loop '${dim}' is listed twice`, "list each loop once");

export const equationSyntax = (where: Location, text: string): Diagnostic =>
  error(
    "equation-syntax",
    where,
    `'${text}' is not an equation`,
    "write O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]: the output first, each operand with its indices",
  );

export const repeatedOperand = (where: Location, operand: string): Diagnostic =>
  error("repeated-operand", where, `operand '${operand}' appears twice`, "name each operand once");

export const unknownIndex = (where: Location, index: string, operand: string, known: readonly string[]): Diagnostic =>
  error(
    "unknown-index",
    where,
    `'${operand}' is indexed by '${index}', which is neither a loop nor the left side of a relation`,
    suggest(index, known),
  );

export const outputIndex = (where: Location, index: string): Diagnostic =>
  error(
    "output-index",
    where,
    `the output is indexed by '${index}', which is not a loop`,
    "write the relation from the input's side: ix=1*ox+1*fx",
  );

export const relationSyntax = (where: Location, text: string): Diagnostic =>
  error("relation-syntax", where, `'${text}' is not a relation`, "write ix=1*ox+1*fx: two loops, whole factors from 1");

export const relationLoop = (where: Location, dim: string, known: readonly string[]): Diagnostic =>
  error("relation-loop", where, `the relation uses '${dim}', which is not a loop`, suggest(dim, known));

export const relationOutput = (where: Location, text: string): Diagnostic =>
  error(
    "relation-output",
    where,
    `of the two loops of '${text}' exactly one must index the output`,
    "the other one runs over the window",
  );

export const relationRepeated = (where: Location, dim: string): Diagnostic =>
  error("relation-repeated", where, `'${dim}' is defined twice, or is a loop as well`, "keep one definition");

export const paddingLists = (where: Location, dims: number, entries: number): Diagnostic =>
  error("padding-lists", where, `${entries} entries for ${dims} 'pr_loop_dims'`, "give one entry per dimension");

export const paddingDim = (where: Location, dim: string, known: readonly string[]): Diagnostic =>
  error("padding-dim", where, `no relation defines '${dim}'`, suggest(dim, known));

export const operandPrecisionMissing = (where: Location, operand: string): Diagnostic =>
  error("operand-precision-missing", where, `no precision for operand '${operand}'`, `add '${operand}: <bits>'`);

export const unknownOperand = (where: Location, operand: string, known: readonly string[]): Diagnostic =>
  error("unknown-operand", where, `the equation has no operand '${operand}'`, suggest(operand, known));

export const unknownProducer = (where: Location, id: number, operand: string, known: readonly string[]): Diagnostic =>
  error(
    "unknown-producer",
    where,
    `'${operand}' comes from ${id}, which no layer has as its id`,
    suggest(`${id}`, known),
  );

export const severalProducers = (where: Location, operand: string, ids: readonly number[]): Diagnostic =>
  error(
    "several-producers",
    where,
    `'${operand}' comes from ${ids.length} layers: ${ids.join(", ")}`,
    "an operand has one producer; give each input an operand of its own",
  );

export const constantWithProducer = (where: Location, operand: string): Diagnostic =>
  error(
    "constant-with-producer",
    where,
    `operand '${operand}' is constant and yet has a producer`,
    "remove it from 'constant_operands' or from 'operand_source'",
  );

export const unmatchedIndex = (where: Location, operand: string, index: string, axes: readonly string[]): Diagnostic =>
  error(
    "unmatched-index",
    where,
    `index '${index}' of '${operand}' matches no axis of its producer, which has ${quoted(axes)}`,
    "name the producer's axis in 'operand_source_dimension_mapping'",
  );

export const mixedAxis = (where: Location, operand: string, axis: string): Diagnostic =>
  error(
    "mixed-axis",
    where,
    `axis '${axis}' of '${operand}' is indexed by a window and by another index`,
    "an axis has one window, or loops in mixed radix",
  );

export const workloadCycle = (where: Location, ids: readonly string[]): Diagnostic =>
  error("workload-cycle", where, `layers ${ids.join(", ")} wait for each other`, "break the cycle of 'operand_source'");
