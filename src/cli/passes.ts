/** `kerf passes`: what a pipeline may name. */
import { printTable } from "../backend/emit/table.js";
import { badOption } from "../ir/diagnostics/command.js";
import { DiagnosticError, suggest } from "../ir/diagnostics.js";
import type { Pass } from "../passes/pass.js";
import { DEFAULT_ORDER, PASSES } from "../passes/registry.js";
import { type ResultOptions, requireResultPlace, writeResult } from "./result.js";

/** @throws DiagnosticError when there is no pass of that name */
export function runPasses(name: string | undefined, flags: ResultOptions): void {
  requireResultPlace(flags);
  const pass = name === undefined ? undefined : findPass(name);
  writeResult(
    flags,
    () => (pass === undefined ? PASSES : [pass]).map(describe),
    () => (pass === undefined ? printList() : printPass(pass)),
  );
}

function findPass(name: string): Pass {
  const known = PASSES.map((pass) => pass.name);
  const pass = PASSES.find((candidate) => candidate.name === name);
  if (pass === undefined) throw new DiagnosticError([badOption("<name>", name, "a pass", suggest(name, known))]);
  return pass;
}

const describe = (pass: Pass) => ({
  name: pass.name,
  description: pass.description,
  options: Object.entries(pass.options).map(([name, { help, syntax, fallback, print }]) => ({
    name,
    help,
    syntax,
    default: print(fallback),
  })),
  requires: pass.requires.map(({ name }) => name),
  provides: pass.provides.map(({ name }) => name),
});

function printList(): string {
  const rows = PASSES.map((pass) => [pass.name, pass.description]);
  const lines = printTable([["pass", "what it does"], ...rows], ["left", "left"]);
  const order = DEFAULT_ORDER.map(({ name }) => name).join(",");
  return `${lines.join("\n")}\n\ndefault pipeline: ${order}\n`;
}

function printPass(pass: Pass): string {
  const { options, requires, provides } = describe(pass);
  const rows = options.map(({ name, syntax, default: fallback, help }) => [name, syntax, fallback || "–", help]);
  const table = printTable(
    [["option", "value", "default", "meaning"], ...rows],
    ["left", "left", "left", "left"],
    "  ",
  );
  return [
    `${pass.name}: ${pass.description}`,
    `needs: ${requires.join(", ") || "nothing"}`,
    `gives: ${provides.join(", ") || "no fact"}`,
    ...(rows.length === 0 ? ["takes no options"] : table),
    "",
  ].join("\n");
}
