/** `kerf arch`: the built-in accelerators, and a check of one's own. */

import { size } from "../backend/emit/quantities.js";
import { printTable } from "../backend/emit/table.js";
import { readAccelerator } from "../frontend/zigzag/accelerator.js";
import { type Accelerator, type Memory, replicas, unitCount } from "../ir/accelerator.js";
import { assumedNone, totalArea, totalStaticEnergy } from "../ir/assumed.js";
import { badOption, missingOption } from "../ir/diagnostics/command.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { printLayout } from "../ir/layout.js";
import { architectureFile, builtInArchitectures, findArchitecture } from "../node/architectures.js";
import { parseChoice } from "./options.js";
import { type MessageOptions, showDiagnostics } from "./output.js";
import { type ResultOptions, requireResultPlace, writeResult } from "./result.js";

type ArchFlags = MessageOptions & ResultOptions;

/** @throws DiagnosticError for an unknown action or accelerator, or a file that does not hold */
export function runArch(action: string, name: string | undefined, flags: ArchFlags): void {
  const chosen = parseChoice("<action>", action, ["list", "show", "check"]);
  requireResultPlace(flags, name === undefined ? [] : [architectureFile(name)]);
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
    () => ({ ...description, assumedNone: assumedNone(accelerator) }),
    () => (chosen === "check" ? printVerdict(file, accelerator) : printAccelerator(accelerator)),
  );
}

function printVerdict(file: string, accelerator: Accelerator): string {
  const { name, dataflows } = accelerator;
  const note = dataflows.length === 0 ? "; it states no dataflows, so schedules need --mapping" : "";
  return [`${file}: '${name}' is a valid accelerator${note}`, ...factLines(accelerator), ""].join("\n");
}

function printAccelerator(accelerator: Accelerator): string {
  const { name, array, memories, dataflows } = accelerator;
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
    ...factLines(accelerator),
    "",
  ].join("\n");
}

/** What the accelerator states beyond what every one must, and what it leaves to be assumed. */
function factLines(accelerator: Accelerator): readonly string[] {
  const { vectorUnit, clock, paddedMacs } = accelerator;
  const [staticEnergy, area] = [totalStaticEnergy(accelerator), totalArea(accelerator)];
  const facts = [
    ...(vectorUnit === undefined
      ? []
      : [
          `vector unit ${vectorUnit.lanes} lanes × ${vectorUnit.operationsPerCycle} op/cycle, ${vectorUnit.operationEnergy} pJ/op`,
        ]),
    ...(staticEnergy === undefined ? [] : [`static energy ${rounded(staticEnergy)} pJ/cycle in all`]),
    ...(clock === undefined ? [] : [`clock ${clock} MHz`]),
    ...(area === undefined ? [] : [`area ${rounded(area)} mm² in all`]),
    ...(paddedMacs === undefined ? [] : [`padded MACs: ${paddedMacs}`]),
  ];
  const assumed = assumedNone(accelerator);
  return [
    ...memoryFactLines(accelerator.memories),
    ...(facts.length === 0 ? [] : [`  stated: ${facts.join("; ")}`]),
    ...(assumed.length === 0 ? [] : [`  assumed none: ${assumed.join("; ")}`]),
  ];
}

/** Without the noise of a sum. */
const rounded = (n: number): number => Number(n.toPrecision(6));

function memoryFactLines(memories: readonly Memory[]): readonly string[] {
  const rows = memories
    .map(({ id, burst, layout, staticEnergy, area }) => [id, burst, layout && printLayout(layout), staticEnergy, area])
    .filter((cells) => cells.slice(1).some((cell) => cell !== undefined));
  if (rows.length === 0) return [];
  const heading = ["one instance", "burst [bit]", "layout", "static [pJ/cycle]", "area [mm²]"];
  const shown = rows.map((cells) => cells.map((cell) => String(cell ?? "–")));
  return printTable([heading, ...shown], ["left", "right", "left", "right", "right"], "  ");
}
