/** Workload files: ZigZag's layer lists, and the published depth-first workloads, whose schema is a superset. */
import { z } from "zod";
import { noLayers, repeatedId, workloadCycle } from "../../ir/diagnostics/workload.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Network } from "../../ir/network.js";
import { check, valueAt } from "../yaml/schema.js";
import { type Path, parseYaml, type YamlDocument } from "../yaml/yaml-document.js";
import { checkLoops, type Nest, readNest } from "./workload-layer.js";
import { buildNetwork, type Input } from "./workload-network.js";
import { inputSchema, layerSchema } from "./workload-schema.js";

export interface WorkloadFile {
  readonly network: Network;
  /** Warnings; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a workload. Layers keep the order of the file, except that none stands before its producers; ids are the file's numbers.
 * Extents and channel counts of producers and consumers need not agree: published workloads leave them open (DF §1.4, §1.5).
 *
 * @param file - the file as the user named it; the network is named after it
 * @throws DiagnosticError with every mistake that was found, each with its line and column
 */
export function readWorkload(text: string, file: string): WorkloadFile {
  const document = parseYaml(text, file, "a list of layers");
  const list = check(document, z.array(z.unknown()));
  failOnErrors(list.diagnostics);
  const ids = (list.value ?? []).map((_, index) => valueAt(document.value, [index, "id"]));
  const parts = ids.map((_, index) => readPart(document, index, ids));
  const found = [...repeatedIds(document, ids), ...parts.flatMap(({ diagnostics }) => diagnostics)];
  failOnErrors([...document.warnings, ...found]);
  const nests = parts.flatMap(({ nest }) => nest ?? []);
  if (nests.length === 0) failOnErrors([noLayers(document.placeOf([]))]);
  const inputs = parts.flatMap(({ input }) => input ?? []);
  const { ordered, waiting } = inOrder(nests);
  const [first] = waiting;
  if (first !== undefined)
    failOnErrors([workloadCycle(document.placeOf([...first.path, "operand_source"]), cycleOf(waiting))]);
  const { network, diagnostics } = buildNetwork(document, file, inputs, ordered);
  failOnErrors(diagnostics);
  return { network, diagnostics: document.warnings };
}

function failOnErrors(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.some(({ severity }) => severity === "error")) throw new DiagnosticError(diagnostics);
}

/** One entry of the file: an input, or a layer that is right in itself. */
interface Part {
  readonly input?: Input;
  readonly nest?: Nest;
  readonly diagnostics: readonly Diagnostic[];
}

function readPart(document: YamlDocument, index: number, ids: readonly unknown[]): Part {
  if (valueAt(document.value, [index, "operator_type"]) === "Input") return readInput(document, index);
  const { value, diagnostics } = check(document, layerSchema, [index]);
  return value === undefined ? { diagnostics } : readNest(document, [index], value, ids);
}

function readInput(document: YamlDocument, index: number): Part {
  const { value: fields, diagnostics } = check(document, inputSchema, [index]);
  if (fields === undefined) return { diagnostics };
  const place = (...steps: Path) => document.placeOf([index, ...steps]);
  return { input: { fields, index }, diagnostics: checkLoops(place, fields.loop_dims, fields.loop_sizes) };
}

const repeatedIds = (document: YamlDocument, ids: readonly unknown[]): readonly Diagnostic[] =>
  ids.flatMap((id, index) =>
    typeof id === "number" && ids.indexOf(id) < index ? [repeatedId(document.placeOf([index, "id"]), id)] : [],
  );

const producersOf = ({ operands }: Nest): readonly number[] => operands.flatMap(({ producer }) => producer ?? []);

/** The file's order, except that a layer waits for its producers; `waiting` is what cycles keep from being placed. */
function inOrder(nests: readonly Nest[]): { readonly ordered: readonly Nest[]; readonly waiting: readonly Nest[] } {
  const ordered: Nest[] = [];
  const missing = new Set(nests.map(({ fields }) => fields.id));
  let waiting = nests;
  for (let placed = -1; placed < ordered.length; ) {
    placed = ordered.length;
    waiting = waiting.filter((nest) => {
      if (producersOf(nest).some((id) => missing.has(id))) return true;
      missing.delete(nest.fields.id);
      ordered.push(nest);
      return false;
    });
  }
  return { ordered, waiting };
}

/** Ids along one cycle: every waiting layer waits for another one, so walking up must meet a layer again. */
function cycleOf(waiting: readonly Nest[]): readonly string[] {
  const walked: number[] = [];
  let id = waiting[0]?.fields.id;
  while (id !== undefined && !walked.includes(id)) {
    walked.push(id);
    const nest = waiting.find(({ fields }) => fields.id === id);
    id = nest && producersOf(nest).find((producer) => waiting.some(({ fields }) => fields.id === producer));
  }
  return walked.slice(walked.indexOf(id ?? 0)).map(String);
}
