/** Diagnostics of accelerator and mapping files. */
import { type Diagnostic, suggest } from "../diagnostics.js";
import type { Location } from "../location.js";
import { error } from "./make.js";

export const arraySizes = (where: Location, names: number, sizes: number): Diagnostic =>
  error("array-sizes", where, `${names} array dimensions have ${sizes} sizes`, "give one size per dimension");

export const repeatedName = (where: Location, name: string, what: string): Diagnostic =>
  error("repeated-name", where, `${what} '${name}' is named twice`, "name each one once");

export const noArray = (where: Location): Diagnostic =>
  error("no-array", where, "the accelerator has no 'operational_array'", "older files call it 'multipliers'");

export const twoArrays = (where: Location): Diagnostic =>
  error("two-arrays", where, "both 'operational_array' and 'multipliers' are given", "keep one of them");

export const noMemories = (where: Location): Diagnostic =>
  error("no-memories", where, "the accelerator has no memory", "list the memories, innermost first");

/** A figure that the published tool would compute with another program. */
export const noAccessCost = (where: Location, memory: string, field: string): Diagnostic =>
  error(
    "no-access-cost",
    where,
    `memory '${memory}' states no '${field}', the energy of one access in pJ`,
    "costs are not derived from the size ('auto_cost_extraction'): state r_cost and w_cost",
  );

export const inMemoryCompute = (where: Location): Diagnostic =>
  error(
    "in-memory-compute",
    where,
    "in-memory computing arrays ('is_imc') are not modelled",
    "describe a digital array",
  );

export const unknownArrayDim = (where: Location, name: string, known: readonly string[]): Diagnostic =>
  error("unknown-array-dim", where, `the array has no dimension '${name}'`, suggest(name, known));

export const operandNotHeld = (where: Location, operand: string, memory: string, held: readonly string[]): Diagnostic =>
  error(
    "operand-not-held",
    where,
    `memory '${memory}' does not hold '${operand}'; it holds ${held.join(", ")}`,
    "add it to the memory's operands, or remove it here",
  );

export const granularityAboveBandwidth = (where: Location, granularity: number, bandwidth: number): Diagnostic =>
  error(
    "granularity-above-bandwidth",
    where,
    `the smallest transfer, ${granularity} bit, is wider than the port, ${bandwidth} bit/cycle`,
    "",
  );

/** A burst is a sequence of smallest transfers of every port. */
export const burstAgainstGranularity = (
  where: Location,
  burst: number,
  port: string,
  granularity: number,
): Diagnostic =>
  error(
    "burst-against-granularity",
    where,
    `a burst of ${burst} bit is no whole number of the smallest transfers of port '${port}', ${granularity} bit each`,
    `state a multiple of ${granularity}`,
  );

export const wrongLayout = (where: Location, reason: string): Diagnostic =>
  error(
    "wrong-layout",
    where,
    `this is no layout: ${reason}`,
    "list the axes outermost first, an axis perhaps in blocks: 'H W C', or 'C/16 H W C%16'",
  );

export const portAgainstDirection = (where: Location, port: string, type: string, direction: string): Diagnostic =>
  error(
    "port-against-direction",
    where,
    `${type} port '${port}' cannot serve '${direction}'`,
    "fh and fl write the memory, tl and th read it",
  );

export const directionServedTwice = (where: Location, operand: string, direction: string): Diagnostic =>
  error("direction-served-twice", where, `'${operand}, ${direction}' is allocated to two ports`, "keep one of them");

export const directionNotServed = (where: Location, memory: string, operand: string, direction: string): Diagnostic =>
  error(
    "direction-not-served",
    where,
    `no port of memory '${memory}' serves '${operand}, ${direction}'`,
    `allocate '${operand}, ${direction}' to one of its ports`,
  );

export const unknownPort = (where: Location, port: string, known: readonly string[]): Diagnostic =>
  error("unknown-port", where, `the memory has no port '${port}'`, suggest(port, known));

export const portsPerOperand = (where: Location, memory: string, operands: number, ports: number): Diagnostic =>
  error(
    "ports-per-operand",
    where,
    `memory '${memory}' holds ${operands} operands, its 'ports' describe ${ports}`,
    "list one entry of 'ports' per operand, in the operands' order",
  );

export const operandWithoutMemory = (where: Location, operand: string): Diagnostic =>
  error("operand-without-memory", where, `no memory holds '${operand}'`, "O, I1 and I2 each need at least one memory");

export const separateTops = (where: Location, outputTop: string, inputTop: string): Diagnostic =>
  error(
    "separate-tops",
    where,
    `outputs end in '${outputTop}', activations come from '${inputTop}': no layer could read what another one wrote`,
    "let the last memory hold both O and I1",
  );

export const unrollTooLarge = (where: Location, arrayDim: string, asked: number, size: number): Diagnostic => ({
  code: "unroll-too-large",
  severity: "warning",
  message: `${asked} units are unrolled over '${arrayDim}', which has ${size}`,
  where,
  hint: "layers use at most the size of the dimension",
});

export const unusualLoop = (where: Location, loop: string, usual: readonly string[]): Diagnostic => ({
  code: "unusual-loop",
  severity: "warning",
  message: `no layer of an ONNX model has a loop '${loop}'; the unrolling is then unused`,
  where,
  hint: `loops of layers: ${usual.join(", ")}`,
});

export const ignoredMappingField = (where: Location, field: string): Diagnostic => ({
  code: "ignored-field",
  severity: "info",
  message: `'${field}' is not used: ${IGNORED_BECAUSE[field] ?? "it has no counterpart here"}`,
  where,
  hint: "",
});

const IGNORED_BECAUSE: Readonly<Record<string, string>> = {
  spatial_mapping_hint: "only what 'spatial_mapping' states is unrolled",
  temporal_ordering: "the order of loops is searched",
  core_allocation: "this accelerator has one core",
};
