/** Diagnostics that every YAML reader shares: syntax, keys and types. */
import { type Diagnostic, suggest } from "../diagnostics.js";
import type { Location } from "../location.js";
import { error } from "./make.js";

export const yamlSyntax = (where: Location, reason: string): Diagnostic =>
  error("yaml-syntax", where, `this is not valid YAML: ${reason}`, "mend the text here; indentation is by spaces");

export const yamlEmpty = (where: Location, expected: string): Diagnostic =>
  error("yaml-empty", where, `the file is empty; expected ${expected}`, "");

/** Aliases that point nowhere, at what holds them, or that would expand without bound. */
export const yamlAliases = (where: Location, reason: string): Diagnostic =>
  error("yaml-aliases", where, `the aliases of this file cannot be resolved: ${reason}`, "write the values out");

export const yamlTooDeep = (where: Location, limit: number): Diagnostic =>
  error("yaml-too-deep", where, `values are nested deeper than ${limit} levels`, "no field of this format needs that");

export const yamlTag = (where: Location, reason: string): Diagnostic => ({
  code: "yaml-tag",
  severity: "warning",
  message: `${reason}; the tag is ignored`,
  where,
  hint: "",
});

/** YAML forbids it, yet the loader of the published tools takes the last one. */
export const duplicateKey = (where: Location, key: string): Diagnostic => ({
  code: "duplicate-key",
  severity: "warning",
  message: `'${key}' is given more than once; the last one counts`,
  where,
  hint: "remove the others",
});

/** Names that mean something to every JavaScript object. */
export const reservedKey = (where: Location, key: string): Diagnostic =>
  error("reserved-key", where, `'${key}' cannot be used as a name`, "choose another name");

export const unknownKey = (where: Location, key: string, known: readonly string[]): Diagnostic =>
  error("unknown-key", where, `unknown field '${key}'`, suggest(key, known));

export const missingKey = (where: Location, key: string, expected: string): Diagnostic =>
  error("missing-key", where, `'${key}' is missing; expected ${expected}`, "");

export const wrongValue = (where: Location, found: string, expected: string): Diagnostic =>
  error("wrong-value", where, `found ${found}; expected ${expected}`, "");

/** A path of `--vary` that leads nowhere. */
export const noSuchField = (where: Location, path: string, step: string, known: readonly string[]): Diagnostic =>
  error(
    "unknown-key",
    where,
    `there is no '${step}' for '${path}'`,
    known.length === 0 ? "the path is too long: this is a value" : suggest(step, known),
  );
