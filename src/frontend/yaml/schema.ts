/** Checks a YAML document against a zod schema and says every mistake in terms of the file. */
import type { z } from "zod";
import { missingKey, unknownKey, wrongValue } from "../../ir/diagnostics/yaml.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Path, YamlDocument } from "./yaml-document.js";

/** The parsed value, or `undefined` together with at least one diagnostic. */
export interface Checked<T> {
  readonly value: T | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Checks the value at `path` of a document.
 *
 * @param path - where in the document the schema applies
 */
export function check<T>(document: YamlDocument, schema: z.ZodType<T>, path: Path = []): Checked<T> {
  const found = valueAt(document.value, path);
  const result = schema.safeParse(found);
  if (result.success) return { value: result.data, diagnostics: [] };
  const diagnostics = result.error.issues.flatMap((issue) => explain(document, schema, path, issue));
  return { value: undefined, diagnostics };
}

function explain(document: YamlDocument, schema: z.ZodType, base: Path, issue: z.core.$ZodIssue): Diagnostic[] {
  const path = [...base, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => unknownKey(document.placeOfKey([...path, key]), key, known));
  }
  const found = valueAt(document.value, path);
  const isEndless = typeof found === "number" && !Number.isFinite(found);
  const expected = isEndless ? finiteNumber(schema, issue.path) : expectation(issue);
  if (found === undefined) return [missingKey(document.placeOf(path), String(path.at(-1)), expected)];
  if (issue.code === "invalid_key") return [wrongValue(document.placeOfKey(path), describe(path.at(-1)), expected)];
  return [wrongValue(document.placeOf(path), describe(found), expected)];
}

const NOUNS: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "a mapping of fields",
  record: "a mapping of names",
};

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return NOUNS[issue.expected] ?? issue.expected;
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return atLeast(issue);
    case "too_big":
      return `at most ${issue.maximum}`;
    case "invalid_union":
      return [...new Set(issue.errors.flatMap((errors) => errors.slice(0, 1).map(expectation)))].join(" or ");
    case "invalid_key":
      return issue.issues.map(expectation).join(", ");
    default:
      return issue.message;
  }
}

/** `.inf`, `.nan`, and what is too large to be told from infinity. */
function finiteNumber(schema: z.core.$ZodType, path: Path): string {
  const found = schemaAt(schema, path);
  const { minValue, maxValue } = found && isNumber(found) ? found : { minValue: null, maxValue: null };
  const bound = (word: string, value: number | null): string =>
    value === null || !Number.isFinite(value) ? "" : ` ${word} ${value}`;
  return `a finite number${bound("from", minValue)}${bound("to", maxValue)}`;
}

function atLeast({ origin, minimum, inclusive }: z.core.$ZodIssueTooSmall): string {
  if (origin === "array") return `at least ${minimum} ${minimum === 1 ? "entry" : "entries"}`;
  return inclusive === false ? `a number above ${minimum}` : `at least ${minimum}`;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null) return "nothing";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'` : String(value);
}

/** @returns `undefined` where the document has nothing at `path` */
export function valueAt(value: unknown, path: Path): unknown {
  let held = value;
  for (const step of path) {
    if (typeof held !== "object" || held === null || !Object.hasOwn(held, step)) return undefined;
    held = (held as Record<PropertyKey, unknown>)[step]; // own property, checked above
  }
  return held;
}

const isNumber = (schema: z.core.$ZodType): schema is z.ZodNumber => schema._zod.def.type === "number";

/** Field names that the schema knows at `path`; none where it does not describe an object. */
function knownKeys(schema: z.core.$ZodType, path: Path): readonly string[] {
  const found = schemaAt(schema, path);
  const here = found && definition(found);
  return here?.type === "object" ? Object.keys(here.shape) : [];
}

/** What the schema says at `path`, without optional and nullable around it; nothing where it has no such place. */
function schemaAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  const here = unwrap(schema);
  const [step, ...rest] = path;
  if (step === undefined) return here;
  const own = definition(here);
  const next = own.type === "object" ? own.shape[String(step)] : own.type === "array" ? own.element : undefined;
  const inner = own.type === "record" ? own.valueType : next;
  return inner === undefined ? undefined : schemaAt(inner, rest);
}

type Definition = z.core.$ZodObjectDef | z.core.$ZodArrayDef | z.core.$ZodRecordDef | { readonly type: "other" };

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const { def } = schema._zod;
  return "innerType" in def ? unwrap((def as z.core.$ZodOptionalDef).innerType) : schema; // optional, nullable and default alike
}

function definition({ _zod: { def } }: z.core.$ZodType): Definition {
  const known = def.type === "object" || def.type === "array" || def.type === "record";
  return known ? (def as Definition) : { type: "other" }; // `type` tells which definition it is
}
