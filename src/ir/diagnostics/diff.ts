/** Diagnostics of `kerf diff`. */
import type { Diagnostic } from "../diagnostics.js";
import { fieldError as error } from "./make.js";

/** Two files were named; one model under two rule sets is what there is. */
export const twoFiles = (first: string, second: string): Diagnostic =>
  error(
    "two-schedules",
    `found two files, '${first}' and '${second}': comparing two schedules is not there yet`,
    "<b>",
    "name one model, and two rule sets (--cost-model defines,exact) or two machines (--arch a,b)",
  );

/** One machine and one rule set: nothing differs. */
export const nothingToCompare = (accelerator: string, costModel: string): Diagnostic =>
  error(
    "nothing-to-compare",
    `found one machine, ${accelerator}, and one rule set, ${costModel}`,
    "--cost-model",
    "name two rule sets (--cost-model defines,exact), or two machines (--arch a,b)",
  );

/** Two machines under two rule sets would be four schedules. */
export const oneDifference = (): Diagnostic =>
  error(
    "conflicting-options",
    "cannot be combined with two machines: what differs would have two causes",
    "--cost-model",
    "name one rule set, or one machine",
  );

export const oneOrTwo = (option: string, found: string): Diagnostic =>
  error("bad-option-value", `found '${found}', expected one or two, separated by a comma`, option, "");
