/** How the diagnostics of this folder are made: a code, where, what was found and expected, and a way out. */
import type { Diagnostic, Severity } from "../diagnostics.js";
import type { Location } from "../location.js";

export const diagnostic = (
  severity: Severity,
  code: string,
  where: Location,
  message: string,
  hint: string,
): Diagnostic => ({ code, severity, message, where, hint });

export const error = (code: string, where: Location, message: string, hint: string): Diagnostic =>
  diagnostic("error", code, where, message, hint);

export const warning = (code: string, where: Location, message: string, hint: string): Diagnostic =>
  diagnostic("warning", code, where, message, hint);

/** Of a command line, where the place is named last. */
export const commandError = (code: string, message: string, where: Location, hint: string): Diagnostic =>
  error(code, where, message, hint);

/** Of one option or field. */
export const fieldError = (code: string, message: string, field: string, hint: string): Diagnostic =>
  error(code, { field }, message, hint);
