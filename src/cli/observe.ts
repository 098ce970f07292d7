/** `--print-before`, `--print-after` and `--timing`: a pipeline run made visible on stderr. */

import { badOption } from "../ir/diagnostics/command.js";
import { DiagnosticError, suggest } from "../ir/diagnostics.js";
import { printModule } from "../ir/print.js";
import type { PipelineObserver } from "../passes/pipeline.js";
import { PASSES } from "../passes/registry.js";

interface ObserveFlags {
  readonly printBefore?: string;
  readonly printAfter?: string;
  readonly timing?: true;
}

/** @throws DiagnosticError when a named pass does not exist */
export function observerFor({ printBefore, printAfter, timing }: ObserveFlags): PipelineObserver {
  requirePass("--print-before", printBefore);
  requirePass("--print-after", printAfter);
  let started = 0;
  return {
    before(pass, module) {
      if (printBefore === "all" || printBefore === pass.name) show(`before ${pass.name}`, printModule(module));
      started = performance.now();
    },
    after(pass, module) {
      if (timing)
        process.stderr.write(`${pass.name.padEnd(18)}${(performance.now() - started).toFixed(1).padStart(9)} ms\n`);
      if (printAfter === "all" || printAfter === pass.name) show(`after ${pass.name}`, printModule(module));
    },
  };
}

const show = (title: string, text: string): void => void process.stderr.write(`// ${title}\n${text}`);

function requirePass(option: string, name: string | undefined): void {
  const known = ["all", ...PASSES.map((pass) => pass.name)];
  if (name !== undefined && !known.includes(name)) {
    throw new DiagnosticError([badOption(option, name, "a pass or 'all'", suggest(name, known))]);
  }
}
