/** The memories of an accelerator file, innermost first along every operand's chain. */
import {
  type ArrayDim,
  chain,
  type Hierarchy,
  type Memory,
  type MemoryOperand,
  type OperationalArray,
} from "../../ir/accelerator.js";
import {
  noAccessCost,
  noMemories,
  operandWithoutMemory,
  repeatedName,
  separateTops,
  unknownArrayDim,
} from "../../ir/diagnostics/accelerator.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import { bits, cycles, picojoules } from "../../ir/units.js";
import { check, valueAt } from "../yaml/schema.js";
import type { Path, YamlDocument } from "../yaml/yaml-document.js";
import { memoryFacts } from "./accelerator-facts.js";
import {
  COUNTED_PORTS_FIELDS,
  type CountedPortsMemoryFields,
  countedPortsMemorySchema,
  type MemoryFields,
  memorySchema,
} from "./accelerator-schema.js";
import { allocatedPorts, countedPorts, type PortsResult } from "./ports.js";

export interface MemoriesResult {
  readonly memories: readonly Memory[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Latency of a memory whose file states none, cycles. */
const USUAL_LATENCY = 1;

/**
 * Reads every memory of the file; all mistakes of all memories are collected.
 *
 * @param array - absent where the array itself is wrong: served dimensions are then not checked
 */
export function readMemories(document: YamlDocument, array: OperationalArray | undefined): MemoriesResult {
  const value = valueAt(document.value, ["memories"]);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { memories: [], diagnostics: [] }; // the schema of the whole file says so
  const names = Object.keys(value);
  if (names.length === 0) return { memories: [], diagnostics: [noMemories(document.placeOf(["memories"]))] };
  const read = names.map((name) => readMemory(document, name, array?.dims));
  const diagnostics = read.flatMap((result) => result.diagnostics);
  if (diagnostics.length > 0) return { memories: [], diagnostics };
  const memories = withLevels(read.flatMap(({ memory }) => memory ?? []));
  return { memories, diagnostics: array === undefined ? [] : chainFaults(document, { array, memories }) };
}

interface MemoryResult {
  readonly memory?: BareMemory;
  readonly diagnostics: readonly Diagnostic[];
}

type BareMemory = Omit<Memory, "operands"> & { readonly held: readonly MemoryOperand[] };

function readMemory(document: YamlDocument, id: string, dims: readonly ArrayDim[] | undefined): MemoryResult {
  const path = ["memories", id];
  const counted = COUNTED_PORTS_FIELDS.some((field) => valueAt(document.value, [...path, field]) !== undefined);
  if (counted) {
    const { value, diagnostics } = check(document, countedPortsMemorySchema, path);
    return value === undefined
      ? { diagnostics }
      : build(document, path, value, countedPorts(document, path, value), dims);
  }
  const { value, diagnostics } = check(document, memorySchema, path);
  return value === undefined
    ? { diagnostics }
    : build(document, path, value, allocatedPorts(document, path, value), dims);
}

function build(
  document: YamlDocument,
  path: Path,
  fields: MemoryFields | CountedPortsMemoryFields,
  { ports, diagnostics: portFaults }: PortsResult,
  dims: readonly ArrayDim[] | undefined,
): MemoryResult {
  const id = String(path.at(-1));
  const { r_cost, w_cost, operands, served_dimensions } = fields;
  const { facts, diagnostics: factFaults } = memoryFacts(document, path, fields, ports);
  const diagnostics = [
    ...COSTS.filter((field) => fields[field] === undefined || fields[field] === null).map((field) =>
      noAccessCost(document.placeOf([...path, field]), id, field),
    ),
    ...repeats(document, [...path, "operands"], operands, "operand"),
    ...repeats(document, [...path, "served_dimensions"], served_dimensions, "array dimension"),
    ...strangers(document, [...path, "served_dimensions"], served_dimensions, dims),
    ...portFaults,
    ...factFaults,
  ];
  if (diagnostics.length > 0) return { diagnostics };
  const memory = {
    id,
    size: bits(fields.size),
    readEnergy: picojoules(r_cost!), // checked above, as is the other
    writeEnergy: picojoules(w_cost!),
    latency: cycles(fields.latency ?? USUAL_LATENCY),
    held: operands,
    served: served_dimensions,
    ports,
    ...facts,
  };
  return { memory, diagnostics };
}

const COSTS = ["r_cost", "w_cost"] as const;

const repeats = (document: YamlDocument, path: Path, names: readonly string[], what: string): readonly Diagnostic[] =>
  names.flatMap((name, index) =>
    names.indexOf(name) < index ? [repeatedName(document.placeOf([...path, index]), name, what)] : [],
  );

function strangers(
  document: YamlDocument,
  path: Path,
  served: readonly string[],
  dims: readonly ArrayDim[] | undefined,
): readonly Diagnostic[] {
  if (dims === undefined) return [];
  const known = dims.map(({ name }) => name);
  return served.flatMap((name, index) =>
    known.includes(name) ? [] : [unknownArrayDim(document.placeOf([...path, index]), name, known)],
  );
}

/** The level of an operand is the number of earlier memories that hold it. */
function withLevels(memories: readonly BareMemory[]): readonly Memory[] {
  return memories.map(({ held, served, ports, ...memory }, index) => {
    const below = memories.slice(0, index);
    const operands = held.map((operand) => ({
      operand,
      level: below.filter((lower) => lower.held.includes(operand)).length,
    }));
    return { ...memory, operands, served, ports };
  });
}

/** Every operand needs a chain, and what a layer writes at its top the next one must find there. */
function chainFaults(document: YamlDocument, hierarchy: Hierarchy): readonly Diagnostic[] {
  const place = document.placeOf(["memories"]);
  const absent = ["O", "I1", "I2"].filter((operand) => chain(hierarchy, operand).length === 0);
  if (absent.length > 0) return absent.map((operand) => operandWithoutMemory(place, operand));
  const [output, input] = [chain(hierarchy, "O").at(-1)!, chain(hierarchy, "I1").at(-1)!]; // neither chain is empty
  return output === input ? [] : [separateTops(document.placeOfKey(["memories", output.id]), output.id, input.id)];
}
