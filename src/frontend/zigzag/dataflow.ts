/** Spatial mappings: entries of a mapping file, and of the `dataflows` list of an accelerator file. */
import { z } from "zod";
import type { ArrayDim, Dataflow, Unroll } from "../../ir/accelerator.js";
import {
  ignoredMappingField,
  repeatedName,
  unknownArrayDim,
  unrollTooLarge,
  unusualLoop,
} from "../../ir/diagnostics/accelerator.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import { check } from "../yaml/schema.js";
import type { Path, YamlDocument } from "../yaml/yaml-document.js";

const unroll = z.string().regex(/^\s*[A-Z][A-Z0-9]*\s*,\s*[1-9]\d{0,8}\s*$/, "'<loop>, <units>' such as 'K, 32'");
const spatialMapping = z.record(
  z.string().regex(/^D[1-9]\d?$/, "an array dimension: D1, D2, …"),
  z.union([unroll, z.array(unroll)]),
);
const links = z.record(
  z.string().regex(/^[A-Z][A-Z0-9]*$/, "an operand of a layer: O, W, I, X, Y"),
  z.enum(["O", "I1", "I2"]),
);

const entrySchema = z.strictObject({
  name: z.string().min(1),
  spatial_mapping: spatialMapping.nullish(),
  memory_operand_links: links.nullish(),
  spatial_mapping_hint: z.unknown().optional(),
  temporal_ordering: z.unknown().optional(),
  core_allocation: z.unknown().optional(),
});

/** Loops that layers of ONNX models and of published workloads have; a workload file may name others. */
const LOOPS: readonly string[] = ["B", "G", "K", "C", "OX", "OY", "OZ", "FX", "FY", "FZ", "D", "H"];

/** Fields of a mapping entry that the format knows and that decide nothing here. */
const IGNORED = ["spatial_mapping_hint", "temporal_ordering", "core_allocation"] as const;

/** Links of an entry that states none, as in the published tool. */
const USUAL_LINKS = { O: "O", I: "I1", W: "I2" } as const;

export interface DataflowsResult {
  readonly dataflows: readonly Dataflow[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads the dataflows at `path`: a list of entries, or the bare mapping of array dimensions that newer accelerator files may
 * hold, which becomes the entry `default`.
 *
 * @param array - dimensions that the entries may name; absent for a mapping file, which is read without its accelerator
 */
export function readDataflows(
  document: YamlDocument,
  path: Path,
  value: unknown,
  array?: readonly ArrayDim[],
): DataflowsResult {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return bareMapping(document, path, array);
  const list = check(document, z.array(z.unknown()), path);
  const entries = (list.value ?? []).map((_, index) => readEntry(document, [...path, index], array));
  return {
    dataflows: entries.flatMap(({ dataflows }) => dataflows),
    diagnostics: [
      ...list.diagnostics,
      ...entries.flatMap(({ diagnostics }) => diagnostics),
      ...repeated(document, path, entries),
    ],
  };
}

function repeated(document: YamlDocument, path: Path, entries: readonly DataflowsResult[]): readonly Diagnostic[] {
  const names = entries.map(({ dataflows }) => dataflows[0]?.name);
  return names.flatMap((name, index) =>
    name !== undefined && names.indexOf(name) < index
      ? [repeatedName(document.placeOf([...path, index, "name"]), name, "mapping")]
      : [],
  );
}

function bareMapping(document: YamlDocument, path: Path, array: readonly ArrayDim[] | undefined): DataflowsResult {
  const { value, diagnostics } = check(document, spatialMapping, path);
  if (value === undefined) return { dataflows: [], diagnostics };
  const found = unrolls(document, path, value, array);
  return {
    dataflows: [{ name: "default", unrolling: found.unrolling, links: USUAL_LINKS }],
    diagnostics: found.diagnostics,
  };
}

function readEntry(document: YamlDocument, path: Path, array: readonly ArrayDim[] | undefined): DataflowsResult {
  const { value, diagnostics } = check(document, entrySchema, path);
  if (value === undefined) return { dataflows: [], diagnostics };
  const found = unrolls(document, [...path, "spatial_mapping"], value.spatial_mapping ?? {}, array);
  const ignored = IGNORED.filter((field) => isMeant(value[field])).map((field) =>
    ignoredMappingField(document.placeOfKey([...path, field]), field),
  );
  const dataflow = { name: value.name, unrolling: found.unrolling, links: value.memory_operand_links ?? USUAL_LINKS };
  return { dataflows: [dataflow], diagnostics: [...found.diagnostics, ...ignored] };
}

/** Core 0 is the only one, and an absent field asks for nothing. */
const isMeant = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== 0 && !(Array.isArray(value) && value.every((core) => core === 0));

/** Unrolled loops in canonical order of the array dimensions (SL-Q27). */
function unrolls(
  document: YamlDocument,
  path: Path,
  mapping: z.infer<typeof spatialMapping>,
  array: readonly ArrayDim[] | undefined,
): { readonly unrolling: readonly Unroll[]; readonly diagnostics: readonly Diagnostic[] } {
  const dims = Object.keys(mapping).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  const unrolling = dims.flatMap((arrayDim) =>
    [mapping[arrayDim] ?? []].flat().map((text) => parseUnroll(arrayDim, text)),
  );
  const unknownLoops = unrolling
    .filter(({ dim }) => !LOOPS.includes(dim))
    .map(({ arrayDim, dim }) => unusualLoop(document.placeOfKey([...path, arrayDim]), dim, LOOPS));
  const diagnostics = dims.flatMap((name) => {
    const place = document.placeOfKey([...path, name]);
    const size = array?.find((dim) => dim.name === name)?.size;
    if (array !== undefined && size === undefined)
      return [
        unknownArrayDim(
          place,
          name,
          array.map((dim) => dim.name),
        ),
      ];
    const units = unrolling
      .filter(({ arrayDim }) => arrayDim === name)
      .reduce((product, { size: u }) => product * u, 1);
    return size !== undefined && units > size ? [unrollTooLarge(place, name, units, size)] : [];
  });
  return { unrolling, diagnostics: [...diagnostics, ...unknownLoops] };
}

function parseUnroll(arrayDim: string, text: string): Unroll {
  const [dim = "", units] = text.split(",").map((part) => part.trim());
  return { arrayDim, dim, size: Number(units) };
}
