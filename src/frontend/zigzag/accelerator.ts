/** Accelerator files in the ZigZag schema, of either generation, with an optional list of dataflows (contract: `--arch`). */
import type { Accelerator, ArrayDim, OperationalArray } from "../../ir/accelerator.js";
import { arraySizes, inMemoryCompute, noArray, repeatedName, twoArrays } from "../../ir/diagnostics/accelerator.js";
import { missingKey } from "../../ir/diagnostics/yaml.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import { picojoules } from "../../ir/units.js";
import { type Change, changed } from "../yaml/change.js";
import { check, valueAt } from "../yaml/schema.js";
import { parseYaml, type YamlDocument } from "../yaml/yaml-document.js";
import { acceleratorFacts, statedArea } from "./accelerator-facts.js";
import { type ArrayFields, acceleratorSchema, arraySchema } from "./accelerator-schema.js";
import { readDataflows } from "./dataflow.js";
import { readMemories } from "./memories.js";

export interface AcceleratorFile {
  readonly accelerator: Accelerator;
  /** Warnings and notes; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads an accelerator. Memories keep the order of the file, innermost first along every operand's chain.
 *
 * @param text - YAML: sizes in bits, bandwidths in bit/cycle, costs in pJ per access of the full port width; docs/accelerator-file.md
 * @param file - the file as the user named it
 * @param changes - fields that have other values than in the text
 * @throws DiagnosticError with every mistake that was found, each with its line and column
 */
export function readAccelerator(text: string, file: string, changes: readonly Change[] = []): AcceleratorFile {
  const document = changed(parseYaml(text, file, "an accelerator: name, memories, operational_array"), changes);
  const top = check(document, acceleratorSchema);
  const array = readArray(document);
  const memories = readMemories(document, array.value);
  const listed = valueAt(document.value, ["dataflows"]);
  const flows = listed === undefined ? NO_DATAFLOWS : readDataflows(document, ["dataflows"], listed, array.value?.dims);
  const diagnostics = [
    ...document.warnings,
    ...top.diagnostics,
    ...array.diagnostics,
    ...memories.diagnostics,
    ...flows.diagnostics,
  ];
  const failed = diagnostics.some(({ severity }) => severity === "error");
  if (failed || top.value === undefined || array.value === undefined) throw new DiagnosticError(diagnostics);
  const { name } = top.value;
  const { dataflows } = flows;
  return {
    accelerator: {
      name,
      array: array.value,
      memories: memories.memories,
      dataflows,
      ...acceleratorFacts(top.value),
      loc: { file },
    },
    diagnostics,
  };
}

const NO_DATAFLOWS = { dataflows: [], diagnostics: [] } as const;

interface ArrayResult {
  readonly value?: OperationalArray;
  readonly diagnostics: readonly Diagnostic[];
}

function readArray(document: YamlDocument): ArrayResult {
  const given = ["operational_array", "multipliers"].filter((key) => valueAt(document.value, [key]) !== undefined);
  const [key, second] = given;
  if (key === undefined) return { diagnostics: [noArray(document.placeOf([]))] };
  if (second !== undefined) return { diagnostics: [twoArrays(document.placeOfKey([second]))] };
  const { value: fields, diagnostics } = check(document, arraySchema, [key]);
  if (fields === undefined) return { diagnostics };
  const faults = arrayFaults(document, key, fields);
  if (faults.length > 0) return { diagnostics: faults };
  const dims = fields.dimensions.map((name, index) => ({ name, size: fields.sizes[index]! }));
  const energy = fields.unit_energy ?? fields.multiplier_energy;
  return {
    value: { dims: dims.sort(byNumber), macEnergy: picojoules(energy!), ...statedArea(fields.area) }, // `arrayFaults` found sizes and energy present
    diagnostics: [],
  };
}

const byNumber = (a: ArrayDim, b: ArrayDim): number => Number(a.name.slice(1)) - Number(b.name.slice(1));

function arrayFaults(document: YamlDocument, key: string, fields: ArrayFields): readonly Diagnostic[] {
  const { dimensions, sizes } = fields;
  if (fields.is_imc === true) return [inMemoryCompute(document.placeOf([key, "is_imc"]))];
  const place = (field: string) => document.placeOf([key, field]);
  return [
    ...(dimensions.length === sizes.length ? [] : [arraySizes(place("sizes"), dimensions.length, sizes.length)]),
    ...dimensions.flatMap((name, index) =>
      dimensions.indexOf(name) < index
        ? [repeatedName(document.placeOf([key, "dimensions", index]), name, "array dimension")]
        : [],
    ),
    ...((fields.unit_energy ?? fields.multiplier_energy) === undefined
      ? [missingKey(place("unit_energy"), "unit_energy", "the energy of one multiply-accumulate, pJ")]
      : []),
  ];
}
