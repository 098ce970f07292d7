/** ONNX file → network. */
import type { ImportTotals } from "../../ir/counts.js";
import { moreOfTheSame } from "../../ir/diagnostics/onnx-file.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import type { CoverageEntry, Network } from "../../ir/network.js";
import { decodeModel } from "./decode.js";
import { checkFunction, wire } from "./graph.js";
import { inferGraph } from "./inference.js";
import { lowerGraph } from "./lowering.js";
import type { OnnxBytes, OnnxModel, ReadExternal } from "./model.js";
import { resolveSymbols } from "./symbols.js";
import { countTotals } from "./totals.js";

export interface ImportOptions {
  /** How diagnostics name the file; its stem is the name of the network. */
  readonly file: string;
  /** Values of symbolic dimensions; a dimension without a name is bound by its place, `images[2]`. */
  readonly bind?: ReadonlyMap<string, number> | Readonly<Record<string, number>>;
  /** Asked for the elements of small tensors that stand outside the file. */
  readonly readExternal?: ReadExternal;
}

export interface OnnxImport {
  readonly network: Network;
  readonly totals: ImportTotals;
  /** Notes and warnings; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
  /** What the file says about itself. */
  readonly model: {
    readonly name: string;
    readonly irVersion: number;
    readonly opsets: ReadonlyMap<string, number>;
    readonly producer: string;
    /** Files beside the model that hold data of it, as it names them. */
    readonly dataFiles: readonly string[];
  };
}

/**
 * Reads an ONNX model: infers shapes, folds constants, and lowers every node to layers, a view or a refusal with its reason.
 *
 * @param bytes - the file, in memory or read piece by piece; weights are never read
 * @throws DiagnosticError with everything that is wrong with the file
 */
export function importOnnx(bytes: OnnxBytes, options: ImportOptions): OnnxImport {
  const { file, bind = new Map() } = options;
  const loc = { file };
  const { model, diagnostics: notes } = decodeModel(bytes, loc, options.readExternal);
  const { graph } = model;
  const wiring = wire(graph, loc);
  const initialized = new Set(graph.initializers.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !initialized.has(name));
  const symbols = resolveSymbols(graph, inputs, bind instanceof Map ? bind : new Map(Object.entries(bind)), loc);
  const functions = [...model.functions].flatMap(([name, body]) => checkFunction(name, body, loc));
  throwErrors(loc, wiring.errors, functions, symbols.diagnostics);
  const inference = inferGraph(model, wiring, symbols, loc);
  throwErrors(loc, inference.diagnostics);
  const outputs = graph.outputs.map(({ name }) => name);
  const { layers, tensors, coverage, diagnostics } = lowerGraph(inference, outputs, loc);
  throwErrors(loc, diagnostics);
  const name = stem(file);
  return {
    network: { name, layers, tensors, coverage: inFileOrder(coverage, wiring.ids) },
    totals: countTotals(inference.nodes),
    diagnostics: limited(
      [...notes, ...wiring.notes, ...symbols.diagnostics, ...inference.diagnostics, ...diagnostics],
      loc,
    ),
    model: about(model, name),
  };
}

const about = ({ irVersion, opsets, producer, dataFiles }: OnnxModel, name: string): OnnxImport["model"] => ({
  name,
  irVersion,
  opsets,
  producer,
  dataFiles,
});

function throwErrors(loc: Location, ...lists: readonly (readonly Diagnostic[])[]): void {
  const errors = lists.flat().filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new DiagnosticError(limited(errors, loc));
}

/** Diagnostics of one code that are told one by one; a broken file may have thousands. */
const LIMIT = 20;

function limited(diagnostics: readonly Diagnostic[], loc: Location): readonly Diagnostic[] {
  const counts = new Map<string, { count: number; severity: Diagnostic["severity"] }>();
  const shown = diagnostics.filter(({ code, severity }) => {
    const count = (counts.get(code)?.count ?? 0) + 1;
    counts.set(code, { count, severity });
    return count <= LIMIT;
  });
  const more = [...counts].filter(([, { count }]) => count > LIMIT);
  return [...shown, ...more.map(([code, { count, severity }]) => moreOfTheSame(loc, severity, code, count - LIMIT))];
}

function inFileOrder(coverage: readonly CoverageEntry[], ids: readonly string[]): readonly CoverageEntry[] {
  const position = new Map(ids.map((id, i) => [id, i]));
  return [...coverage].sort((a, b) => (position.get(a.node) ?? 0) - (position.get(b.node) ?? 0));
}

/** File name without folders and its last extension. */
const stem = (file: string): string => (file.split(/[\\/]/).at(-1) ?? file).replace(/(?<=.)\.[^.]*$/, "");
