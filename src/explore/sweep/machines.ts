/** Accelerators of a sweep: every named one with every combination of varied fields. */

import type { Accelerator } from "../../ir/accelerator.js";
import { sameArchitectureTwice, variedTwice } from "../../ir/diagnostics/explore.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Machine } from "./plan.js";

/** A field and its values. */
interface Variation {
  readonly path: string;
  readonly values: readonly unknown[];
}

interface Change {
  readonly path: string;
  readonly value: unknown;
}

/** One accelerator as its file states it, or with changes. */
export type MachineReader = (changes: readonly Change[]) => {
  readonly accelerator: Accelerator;
  readonly diagnostics: readonly Diagnostic[];
};

export interface Machines {
  readonly machines: readonly Machine[];
  /** Warnings and notes about each accelerator, once. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Accelerator by accelerator, the last variation changing fastest.
 *
 * @throws DiagnosticError when a field cannot have a value, with the change that asks for it; when two accelerators share a name
 */
export function machinesOf(readers: readonly MachineReader[], variations: readonly Variation[]): Machines {
  const paths = variations.map(({ path }) => path);
  const twice = paths.find((path, index) => paths.indexOf(path) < index);
  if (twice !== undefined) throw new DiagnosticError([variedTwice(twice)]);
  const combinations = combine(variations);
  const read = readers.map((reader) => combinations.map((changes) => ({ changes, ...readWith(reader, changes) })));
  const names = read.map(([first]) => first?.accelerator.name ?? "");
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) throw new DiagnosticError([sameArchitectureTwice(repeated)]);
  return {
    machines: read.flat().map(
      ({ changes, accelerator }, index): Machine => ({
        arch: names[Math.floor(index / combinations.length)]!, // as many machines per reader as combinations
        ...(changes.length > 0 && { vary: Object.fromEntries(changes.map(({ path, value }) => [path, value])) }),
        accelerator,
      }),
    ),
    diagnostics: read.flatMap(([first]) => first?.diagnostics ?? []),
  };
}

function combine(variations: readonly Variation[]): readonly (readonly Change[])[] {
  return variations.reduce<readonly (readonly Change[])[]>(
    (sofar, { path, values }) => sofar.flatMap((changes) => values.map((value) => [...changes, { path, value }])),
    [[]],
  );
}

function readWith(reader: MachineReader, changes: readonly Change[]) {
  try {
    return reader(changes);
  } catch (error) {
    if (!(error instanceof DiagnosticError) || changes.length === 0) throw error;
    const stated = changes.map(({ path, value }) => `${path}=${JSON.stringify(value)}`).join(" ");
    const withChange = (found: Diagnostic): Diagnostic => ({
      ...found,
      message: `${found.message} (with --vary ${stated})`,
    });
    throw new DiagnosticError(error.diagnostics.map(withChange), error.failure);
  }
}
