/**
 * What a user can cause becomes a `Diagnostic`; only our own bugs are plain `Error`s.
 * The texts live in `diagnostics/`, one file per subject, as functions that return a `Diagnostic`.
 */
import { type Location, printLocation } from "./location.js";

export type Severity = "error" | "warning" | "info";

export interface Diagnostic {
  /** Stable kebab-case code that tests and users match on. */
  readonly code: string;
  readonly severity: Severity;
  /** What was found and what was expected. */
  readonly message: string;
  readonly where: Location;
  /** The way out; empty when there is none to offer. */
  readonly hint: string;
}

/** Why a request cannot be served: wrong input (exit code 2) or understood but infeasible (exit code 3). */
export type Failure = "input" | "infeasible";

/** Carries everything that was found wrong, so that a user mends it in one go. */
export class DiagnosticError extends Error {
  override readonly name = "DiagnosticError";
  readonly diagnostics: readonly Diagnostic[];
  readonly failure: Failure;

  /** @throws RangeError when there is no diagnostic to carry */
  constructor(diagnostics: readonly Diagnostic[], failure: Failure = "input") {
    if (diagnostics.length === 0) throw new RangeError("a DiagnosticError needs at least one diagnostic");
    super(diagnostics.map(printDiagnostic).join("\n"));
    this.diagnostics = diagnostics;
    this.failure = failure;
  }
}

/** Characters of a place, a message and a hint that are shown: names in a file may be as long as they like. */
const SHOWN = 2000;

/** One diagnostic as text: `place: severity[code]: message`, and the hint on a line of its own. */
export function printDiagnostic(diagnostic: Diagnostic): string {
  const place = shortened(printLocation(diagnostic.where));
  const head = `${diagnostic.severity}[${diagnostic.code}]: ${shortened(diagnostic.message)}`;
  const line = visible(place === "" ? head : `${place}: ${head}`);
  return diagnostic.hint === "" ? line : `${line}\n  hint: ${visible(shortened(diagnostic.hint))}`;
}

/** Without its middle where it is long: what stands at the end says what was expected. */
const shortened = (text: string): string =>
  text.length <= SHOWN ? text : `${text.slice(0, SHOWN / 2)}…${text.slice(-SHOWN / 2)}`;

/** Text that a terminal shows as it is: control characters in the names of a model are written out instead of obeyed. */
export const visible = (text: string): string =>
  text.replace(/\p{Cc}|\p{Bidi_Control}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);

/** Longest name that anybody mistypes, and the most names that are compared with it: the distance takes quadratic time. */
const LONGEST_NAME = 200;
const MOST_NAMES = 2000;

/** Names closest to `name` by edit distance, best first; at most `limit` of them and none that is far off. */
export function nearMatches(name: string, known: readonly string[], limit = 3): readonly string[] {
  if (name.length > LONGEST_NAME) return [];
  const farthest = Math.max(2, Math.floor(name.length / 2));
  return known
    .slice(0, MOST_NAMES)
    .filter((candidate) => Math.abs(candidate.length - name.length) <= farthest)
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= farthest)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** `did you mean 'a' or 'b'?`, or the whole list of valid choices when nothing is near. */
export function suggest(name: string, known: readonly string[]): string {
  const near = nearMatches(name, known);
  if (near.length === 0) return known.length === 0 ? "" : `valid choices: ${known.join(", ")}`;
  return `did you mean ${near.map((choice) => `'${choice}'`).join(" or ")}?`;
}

/** `'a', 'b' and 3 more`: enough to recognise what is meant, short enough for one line. */
export function listNames(names: readonly string[], limit = 5): string {
  const shown = names.slice(0, limit).map((name) => `'${name}'`);
  return names.length > limit ? `${shown.join(", ")} and ${names.length - limit} more` : shown.join(", ");
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] as number) + 1, (row[j - 1] as number) + 1));
    }
    previous = row;
  }
  return previous[b.length] as number;
}
