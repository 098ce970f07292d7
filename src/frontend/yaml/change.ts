/** Fields of a YAML document that are given other values: `memories.sram_64KB.size=524288,1048576`. */
import { parse } from "yaml";
import { noSuchField } from "../../ir/diagnostics/yaml.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { YamlDocument } from "./yaml-document.js";

/** A field and the values that it takes one after the other. */
export interface Variation {
  /** As it was written. */
  readonly path: string;
  readonly values: readonly unknown[];
}

/** One field with one of its values. */
export interface Change {
  readonly path: string;
  readonly value: unknown;
}

/**
 * `<path>=<value>[,…]`: the path's parts are separated by dots (`\.` is a dot in a name, a number counts the entries of a list from 0); a
 * value is YAML, its own commas in brackets.
 *
 * @returns `undefined` when the text has another form
 */
export function parseVariation(text: string): Variation | undefined {
  const at = text.indexOf("=");
  const path = text.slice(0, Math.max(at, 0)).trim();
  if (at < 0 || stepsOf(path).some((step) => step === "")) return undefined;
  const texts = splitValues(text.slice(at + 1));
  if (texts.some((value) => value.trim() === "")) return undefined;
  const values = texts.map(parsedValue);
  return values.includes(undefined) ? undefined : { path, values };
}

const stepsOf = (path: string): readonly string[] => path.split(/(?<!\\)\./).map((step) => step.replaceAll("\\.", "."));

/** At commas outside of brackets. */
function splitValues(text: string): readonly string[] {
  const parts = [""];
  let depth = 0;
  for (const character of text) {
    if ("[{".includes(character)) depth++;
    if ("]}".includes(character)) depth--;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function parsedValue(text: string): unknown {
  try {
    return parse(text, { logLevel: "error", maxAliasCount: 0 }) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * The document with other values; places in the text stay as they are.
 *
 * @throws DiagnosticError when a path leads nowhere; whether a field may have a value is for the format to say
 */
export function changed(document: YamlDocument, changes: readonly Change[]): YamlDocument {
  const value = changes.reduce(
    (held, change) => replaced(document, held, stepsOf(change.path), [], change),
    document.value,
  );
  return { ...document, value };
}

function replaced(
  document: YamlDocument,
  held: unknown,
  [step, ...rest]: readonly string[],
  above: readonly string[],
  change: Change,
): unknown {
  if (step === undefined) return change.value;
  const missing = (known: readonly string[]) =>
    new DiagnosticError([noSuchField(document.placeOf(above), change.path, step, known)]);
  const isLeaf = rest.length === 0;
  const inside = (next: unknown) => replaced(document, next, rest, [...above, step], change);
  if (Array.isArray(held)) {
    if (!/^\d+$/.test(step) || Number(step) >= held.length) throw missing([...held.keys()].map(String));
    return held.map((entry: unknown, index) => (index === Number(step) ? inside(entry) : entry));
  }
  if (typeof held !== "object" || held === null) throw missing([]);
  const fields = held as Readonly<Record<string, unknown>>; // of a YAML mapping
  if (!Object.hasOwn(fields, step) && !isLeaf) throw missing(Object.keys(fields));
  return { ...fields, [step]: inside(fields[step]) };
}
