/** stdout carries results, stderr everything else. */

import { nodeNotUnderstood } from "../ir/diagnostics/command.js";
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
 * Shows what a step found. With `--strict`, what is otherwise tolerated is an error.
 *
 * @param coverage - nodes that the step dealt with
 * @throws DiagnosticError when `strict` and there is a warning, or a node that was not understood
 */
export function report(
  diagnostics: readonly Diagnostic[],
  coverage: readonly CoverageEntry[],
  options: MessageOptions & { readonly strict?: true },
): void {
  const problems = options.strict ? strictProblems(diagnostics, coverage) : [];
  if (problems.length > 0) throw new DiagnosticError(problems);
  showDiagnostics(diagnostics, options);
}

/** Warnings, and nodes that no warning names. */
function strictProblems(diagnostics: readonly Diagnostic[], coverage: readonly CoverageEntry[]): readonly Diagnostic[] {
  const warnings = diagnostics.filter(({ severity }) => severity === "warning");
  const named = new Set(warnings.map(({ where }) => where.node));
  const missed = coverage.filter(
    ({ node, status }) => (status === "opaque" || status === "refused") && !named.has(node),
  );
  return [...warnings.map((warning) => ({ ...warning, severity: "error" as const })), ...missed.map(nodeNotUnderstood)];
}
