/** One layer of a workload file, checked on its own: its loops, its equation and where its operands come from. */
import type { Dim, WindowMap } from "../../ir/axis-map.js";
import {
  constantWithProducer,
  equationSyntax,
  loopLists,
  operandPrecisionMissing,
  outputIndex,
  paddingDim,
  paddingLists,
  relationLoop,
  relationOutput,
  relationRepeated,
  relationSyntax,
  repeatedLoop,
  repeatedOperand,
  severalProducers,
  unknownIndex,
  unknownOperand,
  unknownProducer,
} from "../../ir/diagnostics/workload.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import type { Loop } from "../../ir/network.js";
import type { Path, YamlDocument } from "../yaml/yaml-document.js";
import { type Equation, parseEquation, parseRelation, type Relation, type Term } from "./equation.js";
import type { Index } from "./operands.js";
import type { LayerFields } from "./workload-schema.js";

/** An operand with its indices resolved. */
export interface NestOperand {
  readonly name: string;
  readonly indices: readonly Index[];
  /** Id of the layer that writes it; absent for constants and for what comes from outside. */
  readonly producer?: number;
  readonly constant: boolean;
}

/** A layer that is right in itself. */
export interface Nest {
  readonly fields: LayerFields;
  readonly path: Path;
  readonly loops: readonly Loop[];
  readonly equation: Equation;
  /** The output first, then the inputs in the equation's order. */
  readonly operands: readonly NestOperand[];
  /** Extents without padding of the left sides of relations, where the file states them. */
  readonly stated: Readonly<Record<Dim, number>>;
}

export interface NestResult {
  readonly nest?: Nest;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Checks one layer and resolves its indices; which axes of its producers they run along is not known yet.
 *
 * @param ids - ids of everything in the file
 */
export function readNest(document: YamlDocument, path: Path, fields: LayerFields, ids: readonly unknown[]): NestResult {
  const place = (...steps: Path): Location => document.placeOf([...path, ...steps]);
  const loopFaults = checkLoops(place, fields.loop_dims, fields.loop_sizes);
  const equation = parseEquation(fields.equation);
  if (equation === undefined)
    return { diagnostics: [...loopFaults, equationSyntax(place("equation"), fields.equation)] };
  const windows = readWindows(place, fields, equation);
  const terms = [equation.output, ...equation.inputs];
  const isRelated = windows.diagnostics.length === 0; // else some indices are unknown only because their relation is wrong
  const names = terms.map(({ operand }) => operand);
  const diagnostics = [
    ...loopFaults,
    ...windows.diagnostics,
    ...checkOperands(place, terms, fields),
    ...(isRelated ? checkIndices(place, terms, fields, windows.maps) : []),
    ...checkNames(document, path, fields, names),
    ...equation.inputs.flatMap((term) => checkSource(place, fields, term.operand, ids)),
  ];
  return diagnostics.length > 0 ? { diagnostics } : { nest: buildNest(path, fields, equation, windows), diagnostics };
}

/** @param fields - checked: as many sizes as loops, and sources that exist */
function buildNest(path: Path, fields: LayerFields, equation: Equation, { maps }: Windows): Nest {
  const operands = [equation.output, ...equation.inputs].map((term, index) => ({
    name: term.operand,
    indices: term.indices.map((name) => indexNamed(name, maps)),
    ...(index === 0 ? { constant: false } : sourceOf(fields, term.operand)),
  }));
  const loops = fields.loop_dims.map((dim, index) => ({ dim, size: fields.loop_sizes[index]! }));
  const sizes = fields.pr_loop_sizes ?? [];
  const stated = Object.fromEntries(sizes.map((size, index) => [fields.pr_loop_dims?.[index] ?? "", size] as const));
  return { fields, path, loops, equation, operands, stated };
}

type Place = (...steps: Path) => Location;

/** Faults of a list of loops and its sizes; inputs have them too. */
export function checkLoops(place: Place, dims: readonly Dim[], sizes: readonly number[]): readonly Diagnostic[] {
  const repeated = dims.flatMap((dim, index) =>
    dims.indexOf(dim) < index ? [repeatedLoop(place("loop_dims", index), dim)] : [],
  );
  if (dims.length === sizes.length) return repeated;
  return [...repeated, loopLists(place("loop_sizes"), dims.length, sizes.length)];
}

const indexNamed = (name: Dim, maps: ReadonlyMap<Dim, WindowMap>): Index => {
  const map = maps.get(name);
  return map === undefined ? { name, kind: "loop" } : { name, kind: "window", map };
};

interface Windows {
  readonly maps: ReadonlyMap<Dim, WindowMap>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Windows by the left side of their relation. Published files relate rows to `fx`, too (DF-Q20); that is kept as it stands. */
function readWindows(place: Place, fields: LayerFields, equation: Equation): Windows {
  const maps = new Map<Dim, WindowMap>();
  const diagnostics: Diagnostic[] = [];
  for (const [index, text] of (fields.dimension_relations ?? []).entries()) {
    const here = place("dimension_relations", index);
    const relation = parseRelation(text);
    const faults = relation === undefined ? [relationSyntax(here, text)] : checkRelation(here, relation, fields);
    diagnostics.push(...faults);
    if (relation === undefined || faults.length > 0) continue;
    const map = windowOf(relation, equation.output, paddingOf(fields, relation.index));
    if (map === undefined) diagnostics.push(relationOutput(here, text));
    else if (maps.has(relation.index)) diagnostics.push(relationRepeated(here, relation.index));
    else maps.set(relation.index, map);
  }
  return { maps, diagnostics: [...diagnostics, ...checkPadding(place, fields, [...maps.keys()])] };
}

function checkRelation(here: Location, relation: Relation, { loop_dims }: LayerFields) {
  if (loop_dims.includes(relation.index)) return [relationRepeated(here, relation.index)];
  const strangers = relation.terms.filter(({ dim }) => !loop_dims.includes(dim));
  return strangers.map(({ dim }) => relationLoop(here, dim, loop_dims));
}

function windowOf({ terms: [a, b] }: Relation, output: Term, before: number): WindowMap | undefined {
  const isOut = output.indices.includes(a.dim);
  if (isOut === output.indices.includes(b.dim)) return undefined;
  const [out, tap] = isOut ? [a, b] : [b, a];
  return { kind: "window", out: out.dim, tap: tap.dim, stride: out.factor, dilation: tap.factor, before };
}

function paddingOf(fields: LayerFields, index: Dim): number {
  const position = fields.pr_loop_dims?.indexOf(index) ?? -1;
  return fields.padding?.[position]?.[0] ?? 0;
}

function checkPadding(place: Place, fields: LayerFields, known: readonly Dim[]): readonly Diagnostic[] {
  const dims = fields.pr_loop_dims ?? [];
  const lists = (["pr_loop_sizes", "padding"] as const).flatMap((field) => {
    const entries = fields[field]?.length ?? dims.length;
    return entries === dims.length ? [] : [paddingLists(place(field), dims.length, entries)];
  });
  const strangers = dims.flatMap((dim, index) =>
    known.includes(dim) ? [] : [paddingDim(place("pr_loop_dims", index), dim, known)],
  );
  return [...lists, ...strangers];
}

function checkOperands(place: Place, terms: readonly Term[], fields: LayerFields): readonly Diagnostic[] {
  const names = terms.map(({ operand }) => operand);
  return names.flatMap((name, position) => [
    ...(names.indexOf(name) < position ? [repeatedOperand(place("equation"), name)] : []),
    ...(Object.hasOwn(fields.operand_precision, name)
      ? []
      : [operandPrecisionMissing(place("operand_precision"), name)]),
  ]);
}

function checkIndices(
  place: Place,
  terms: readonly Term[],
  { loop_dims }: LayerFields,
  maps: ReadonlyMap<Dim, WindowMap>,
): readonly Diagnostic[] {
  const known = [...loop_dims, ...maps.keys()];
  const here = place("equation");
  return terms.flatMap(({ operand, indices }, position) => [
    ...indices.filter((index) => !known.includes(index)).map((index) => unknownIndex(here, index, operand, known)),
    ...indices.filter((index) => position === 0 && maps.has(index)).map((index) => outputIndex(here, index)),
  ]);
}

/** Everything that is said about operands must be about operands of the equation. */
function checkNames(document: YamlDocument, path: Path, fields: LayerFields, names: readonly string[]) {
  const keys = (field: "operand_precision" | "operand_source" | "operand_source_dimension_mapping") =>
    Object.keys(fields[field] ?? {})
      .filter((name) => !names.includes(name) && name !== "O_final")
      .map((name) => unknownOperand(document.placeOfKey([...path, field, name]), name, names));
  const constants = (fields.constant_operands ?? []).flatMap((name, index) =>
    names.includes(name) ? [] : [unknownOperand(document.placeOf([...path, "constant_operands", index]), name, names)],
  );
  return [
    ...keys("operand_precision"),
    ...keys("operand_source"),
    ...constants,
    ...keys("operand_source_dimension_mapping"),
  ];
}

function checkSource(place: Place, fields: LayerFields, operand: string, ids: readonly unknown[]) {
  const sources = sourcesOf(fields, operand);
  const here = place("operand_source", operand);
  const strangers = sources.filter((id) => !ids.includes(id));
  if (strangers.length > 0) return strangers.map((id) => unknownProducer(here, id, operand, ids.map(String)));
  if (sources.length > 1) return [severalProducers(here, operand, sources)];
  const contradicts = sources.length > 0 && (fields.constant_operands ?? []).includes(operand);
  return contradicts ? [constantWithProducer(here, operand)] : [];
}

/** A layer that names itself says that nothing produces the operand. */
function sourcesOf({ id, operand_source }: LayerFields, operand: string): readonly number[] {
  const named = operand_source ?? {};
  const given = Object.hasOwn(named, operand) ? named[operand] : undefined;
  return [given ?? []].flat().filter((source) => source !== id);
}

/** Without a producer an operand is constant if the file says so, or if it is called `W`; others come from outside. */
function sourceOf(fields: LayerFields, operand: string): Pick<NestOperand, "producer" | "constant"> {
  const [producer] = sourcesOf(fields, operand);
  if (producer !== undefined) return { producer, constant: false };
  return { constant: operand === "W" || (fields.constant_operands ?? []).includes(operand) };
}
