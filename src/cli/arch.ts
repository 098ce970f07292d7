/** `kerf arch`: the built-in accelerators, and a check of one's own. */

import { size } from "../backend/emit/quantities.js";
import { printTable } from "../backend/emit/table.js";
import { readAccelerator } from "../frontend/zigzag/accelerator.js";
import { type Accelerator, replicas, unitCount } from "../ir/accelerator.js";
import { badOption, missingOption } from "../ir/diagnostics/command.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { builtInArchitectures, findArchitecture } from "../node/architectures.js";
import { parseChoice } from "./options.js";
import { type MessageOptions, showDiagnostics } from "./output.js";
import { type ResultOptions, requireResultPlace, writeResult } from "./result.js";

type ArchFlags = MessageOptions & ResultOptions;

/** @throws DiagnosticError for an unknown action or accelerator, or a file that does not hold */
export function runArch(action: string, name: string | undefined, flags: ArchFlags): void {
  const chosen = parseChoice("<action>", action, ["list", "show", "check"]);
  requireResultPlace(flags);
  if (chosen === "list") {
    if (name !== undefined)
      throw new DiagnosticError([badOption("[name]", name, "nothing after list", "kerf arch show <name>")]);
    const names = builtInArchitectures();
    writeResult(
      flags,
      () => names,
      () => `${names.join("\n")}\n`,
    );
    return;
  }
  if (name === undefined) throw new DiagnosticError([missingOption("<name>", "name an accelerator or a YAML file")]);
  const { text, file } = findArchitecture(name);
  const { accelerator, diagnostics } = readAccelerator(text, file);
  showDiagnostics(diagnostics, flags);
  const { loc: _, ...description } = accelerator;
  writeResult(
    flags,
    () => description,
    () => (chosen === "check" ? printVerdict(file, accelerator) : printAccelerator(description)),
  );
}

function printVerdict(file: string, { name, dataflows }: Accelerator): string {
  const note = dataflows.length === 0 ? "; it states no dataflows, so schedules need --mapping" : "";
  return `${file}: '${name}' is a valid accelerator${note}\n`;
}

function printAccelerator({ name, array, memories, dataflows }: Omit<Accelerator, "loc">): string {
  const dims = array.dims.map((dim) => `${dim.name}=${dim.size}`).join(" ");
  const rows = memories.map((memory) => [
    memory.id,
    memory.operands.map(({ operand, level }) => `${operand}(${level})`).join(" "),
    size(memory.size),
    `×${replicas(array, memory)}`,
    memory.ports.map(({ type, bandwidth }) => `${type} ${bandwidth}`).join(", "),
    `${memory.readEnergy} / ${memory.writeEnergy}`,
  ]);
  const heading = ["memory", "operands (level)", "size", "", "ports [bit/cycle]", "read / write [pJ]"];
  const flows = dataflows.map((flow) => [
    flow.name,
    flow.unrolling.map((u) => `${u.arrayDim}=${u.dim}${u.size}`).join(" "),
  ]);
  return [
    `${name}: array ${dims} (${unitCount(array)} units, ${array.macEnergy} pJ per MAC)`,
    ...printTable([heading, ...rows], ["left", "left", "right", "left", "left", "right"], "  "),
    ...printTable([["dataflow", "unrolling"], ...flows], ["left", "left"], "  "),
    "",
  ].join("\n");
}
