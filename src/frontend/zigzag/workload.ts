/** Workload files: ZigZag's layer lists, and the published depth-first workloads, whose schema is a superset. */
import { z } from "zod";
import { noLayers, repeatedId, workloadCycle } from "../../ir/diagnostics/workload.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Network } from "../../ir/network.js";
import { check, valueAt } from "./schema.js";
import { checkLoops, type Nest, readNest } from "./workload-layer.js";
import { buildNetwork, type Input } from "./workload-network.js";
import { inputSchema, layerSchema } from "./workload-schema.js";
import { parseYaml, type YamlDocument } from "./yaml-document.js";

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
  const parts = readParts(document, list.value?.length ?? 0);
  failOnErrors([...document.warnings, ...parts.diagnostics]);
  const { ordered, waiting } = inOrder(parts.nests);
  const [first] = waiting;
  if (first !== undefined)
    failOnErrors([workloadCycle(document.placeOf([...first.path, "operand_source"]), cycleOf(waiting))]);
  const { network, diagnostics } = buildNetwork(document, file, parts.inputs, ordered);
  failOnErrors(diagnostics);
  return { network, diagnostics: document.warnings };
}

function failOnErrors(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.some(({ severity }) => severity === "error")) throw new DiagnosticError(diagnostics);
}

interface Parts {
  readonly inputs: readonly Input[];
  readonly nests: readonly Nest[];
  readonly diagnostics: readonly Diagnostic[];
}

function readParts(document: YamlDocument, count: number): Parts {
  const inputs: Input[] = [];
  const nests: Nest[] = [];
  const diagnostics: Diagnostic[] = [];
  const ids = Array.from({ length: count }, (_, index) => valueAt(document.value, [index, "id"]) as number); // the schema says where one is none
  for (let index = 0; index < count; index++) {
    if (ids.indexOf(ids[index]!) < index) diagnostics.push(repeatedId(document.placeOf([index, "id"]), ids[index]!));
    if (valueAt(document.value, [index, "operator_type"]) === "Input") {
      const { value, diagnostics: found } = check(document, inputSchema, [index]);
      diagnostics.push(...found);
      if (value === undefined) continue;
      const place = (...steps: readonly PropertyKey[]) => document.placeOf([index, ...steps]);
      diagnostics.push(...checkLoops(place, value.loop_dims, value.loop_sizes));
      inputs.push({ fields: value, index });
      continue;
    }
    const { value, diagnostics: found } = check(document, layerSchema, [index]);
    const read = value === undefined ? { diagnostics: found } : readNest(document, [index], value, ids);
    diagnostics.push(...read.diagnostics);
    if ("nest" in read && read.nest !== undefined) nests.push(read.nest);
  }
  if (nests.length === 0 && diagnostics.length === 0) diagnostics.push(noLayers(document.placeOf([])));
  return { inputs, nests, diagnostics };
}

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
