/** stdout carries results, stderr everything else. */
import { type Diagnostic, DiagnosticError, printDiagnostic } from "../ir/diagnostics.js";
import type { CoverageEntry } from "../ir/network.js";

/** How messages are shown; options that every command takes. */
export interface MessageOptions {
  /** `text` or `json`; anything else is refused before a command runs. */
  readonly diagnostics: string;
  readonly quiet: boolean;
  readonly color: boolean;
}

const COLORS = { error: 31, warning: 33, info: 36 } as const;

/** Prints diagnostics to stderr; `quiet` keeps only errors. */
export function showDiagnostics(diagnostics: readonly Diagnostic[], options: MessageOptions): void {
  const shown = options.quiet ? diagnostics.filter(({ severity }) => severity === "error") : diagnostics;
  for (const diagnostic of shown) process.stderr.write(`${render(diagnostic, options)}\n`);
}

function render(diagnostic: Diagnostic, { diagnostics, color }: MessageOptions): string {
  if (diagnostics === "json") return JSON.stringify(diagnostic);
  const text = printDiagnostic(diagnostic);
  if (!color) return text;
  const label = `${diagnostic.severity}[${diagnostic.code}]`;
  return text.replace(label, `\u001b[${COLORS[diagnostic.severity]}m${label}\u001b[0m`);
}

/**
 * `--strict`: what is otherwise tolerated is an error.
 *
 * @throws DiagnosticError when there is a warning, or a node that was not understood
 */
export function refuseWarnings(diagnostics: readonly Diagnostic[], coverage: readonly CoverageEntry[]): void {
  const warnings = diagnostics.filter(({ severity }) => severity === "warning");
  const missed = coverage.filter(({ status }) => status === "opaque" || status === "refused");
  const problems = [
    ...warnings.map((warning) => ({ ...warning, severity: "error" as const })),
    ...missed.map(notUnderstood),
  ];
  if (problems.length > 0) throw new DiagnosticError(problems);
}

const notUnderstood = ({ node, opType, status, reason }: CoverageEntry): Diagnostic => ({
  code: `node-${status}`,
  severity: "error",
  message: `operator ${opType} is ${status}${reason === undefined ? "" : `: ${reason}`}`,
  where: { node },
  hint: "leave --strict out to go on without it",
});
