/** Diagnostics of laws that a known quirk of the published model breaks. */
import { type Diagnostic, listNames } from "../diagnostics.js";

/** Kept overlap of stack inputs is read although nobody has written it (DF-Q10). */
export const inputOverlapNotWritten = (stacks: readonly string[], bits: number): Diagnostic =>
  note(
    "input-overlap-not-written",
    `${bits} bit of kept overlap of the inputs of ${stacksNamed(stacks)} are read, but their writing is not charged (DF-Q10)`,
  );

/** Without padding, maps grow towards the input (DF §1.4). */
export const paddingDropped = (
  operations: { readonly needed: number; readonly declared: number },
  worst: { readonly layer: string; readonly traced: string; readonly declared: string },
): Diagnostic =>
  note(
    "padding-dropped",
    `padding is left out and maps grow towards the input, as published (DF §1.4): the layers compute ${operations.needed} operations where the model declares ${operations.declared} (${(operations.needed / operations.declared).toFixed(2)} times); '${worst.layer}' grows most, from ${worst.declared} to ${worst.traced}`,
  );

/** The published visiting order would take too long. */
export const lagsConverged = (stacks: readonly string[]): Diagnostic =>
  note(
    "lags-converged",
    `${stacksNamed(stacks)}: nested branches make more paths than the published order can visit, so lags are traced node by node, without DF-Q32`,
  );

/** What was kept for a branch that lags is not read by it (DF-Q11). */
export const residualOverlapNotRead = (layers: readonly string[]): Diagnostic =>
  note(
    "residual-overlap-not-read",
    `overlap of earlier tiles that ${listNames(layers)} need, because another branch runs ahead, is kept, but its reading is not charged (DF-Q11)`,
  );

/** Rows or columns that the array reads in fractions are cut off (SL-Q9, Q11). */
export const inputsTruncated = (layers: readonly string[]): Diagnostic =>
  note(
    "inputs-truncated",
    `input reads of ${listNames(layers)} are counted short: rows or columns are unrolled by a fraction that is cut off (SL-Q9), which may depend on the order of loops (SL-Q11)`,
  );

/** Data that is planned into one memory exceeds it. */
export const memoryOvercommitted = (
  worst: { readonly memory: string; readonly bits: number; readonly size: number },
  layers: readonly string[],
): Diagnostic =>
  note(
    "memory-overcommitted",
    `memory '${worst.memory}' of ${worst.size} bit would hold up to ${worst.bits} bit beside kept overlap and weights, for which nothing is reserved, in ${listNames(layers)} (DF-Q13)`,
  );

const stacksNamed = (stacks: readonly string[]): string =>
  stacks.length === 1 ? `stack ${stacks[0]}` : `${stacks.length} stacks`;

const note = (code: string, message: string): Diagnostic => ({ code, severity: "info", message, where: {}, hint: "" });
