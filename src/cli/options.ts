/** Texts of the command line as values; every mistake is a diagnostic that names the option and the valid choices. */

import { badOption, conflictingOptions } from "../ir/diagnostics/command.js";
import { DiagnosticError, nearMatches, suggest } from "../ir/diagnostics.js";
import type { OptionSpec } from "../passes/options.js";

/** @throws DiagnosticError when `text` is none of `choices` */
export function parseChoice<const T extends string>(option: string, text: string, choices: readonly T[]): T {
  const value = choices.find((choice) => choice === text);
  if (value === undefined) {
    const hint = nearMatches(text, choices).length === 0 ? "" : suggest(text, choices);
    throw new DiagnosticError([badOption(option, text, choices.join(", "), hint)]);
  }
  return value;
}

/** @throws DiagnosticError when `spec` does not accept `text` */
export function parseWith<T>(option: string, text: string, spec: OptionSpec<T>): T {
  const value = spec.parse(text);
  if (value === undefined) throw new DiagnosticError([badOption(option, text, spec.syntax, spec.help)]);
  return value;
}

/** An option that is given several times lists the items of all of them, as if they stood in one, separated by commas. */
export const joinLists = (text: string, before: string | undefined): string =>
  before === undefined ? text : `${before},${text}`;

/** An option that is given several times is a list. */
export const appendTo = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

/** @throws DiagnosticError when `option` is given together with one of `others` */
export function refuseTogether(
  options: Readonly<Record<string, unknown>>,
  option: string,
  others: readonly string[],
  why: string,
): void {
  if (options[option] === undefined) return;
  const conflicts = others.filter((other) => options[other] !== undefined);
  if (conflicts.length > 0) {
    throw new DiagnosticError(conflicts.map((other) => conflictingOptions(flag(option), flag(other), why)));
  }
}

/** `loopLimit` → `--loop-limit`. */
const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
