/** `kerf diff`: one model under two rule sets, policy by policy, or on two machines. */
import { diffDocument } from "../backend/emit/diff-json.js";
import { printDiff } from "../backend/emit/diff-text.js";
import { nothingToCompare, oneDifference, oneOrTwo, twoFiles } from "../ir/diagnostics/diff.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import type { Network } from "../ir/network.js";
import {
  type Accelerator,
  COST_MODELS,
  type CostModelName,
  type DiffOptions,
  type DiffResult,
  diffMachines,
  diffRuleSets,
} from "../kerf.js";
import { architectureFile } from "../node/architectures.js";
import { splitNames } from "../passes/options.js";
import { loadModel } from "./model.js";
import { parseChoice } from "./options.js";
import { report } from "./output.js";
import { clearProgress, printProgress, showsProgress } from "./progress.js";
import { requireResultPlace, writeResult } from "./result.js";
import { loadArchitecture, missingArchitecture, requireSizes, type ScheduleFlags, statedOptions } from "./schedule.js";

export type DiffFlags = Pick<
  ScheduleFlags,
  "arch" | "mapping" | "costModel" | "stacks" | "tile" | "overlap" | "order" | "bind" | "out" | "json"
> &
  Pick<ScheduleFlags, "diagnostics" | "quiet" | "color">;

/** What the two schedules differ in. */
type Comparison =
  | { readonly by: "rules"; readonly machine: string; readonly costModels: readonly [CostModelName, CostModelName] }
  | { readonly by: "machine"; readonly machines: readonly [string, string]; readonly costModel: CostModelName };

/**
 * @param second - a second file, which is refused so far
 * @throws DiagnosticError when the input is wrong, nothing differs, or one of the two has no schedule
 */
export function runDiff(modelFile: string, second: string | undefined, flags: DiffFlags): void {
  if (second !== undefined) throw new DiagnosticError([twoFiles(modelFile, second)]);
  const { costModel: _, ...choices } = flags;
  const options = { ...statedOptions(choices), ...(showsProgress(flags) && { progress: printProgress }) };
  const comparison = comparisonOf(flags);
  const named = comparison.by === "rules" ? [comparison.machine] : comparison.machines;
  requireResultPlace(flags, [modelFile, flags.mapping, ...named.map(architectureFile)]);
  const files = named.map((arch) => loadArchitecture({ ...choices, arch }));
  const model = loadModel(modelFile, flags.bind);
  requireResultPlace(flags, model.dataFiles);
  requireSizes(model.diagnostics);
  report([...files.flatMap(({ diagnostics }) => diagnostics), ...model.diagnostics], model.network.coverage, flags);
  const machines = files.map(({ accelerator }) => accelerator);
  const { diff, diagnostics } = compare(comparison, model.network, machines, options);
  clearProgress(flags);
  report(diagnostics, [], flags);
  writeResult(
    flags,
    () => diffDocument(diff),
    () => printDiff(diff),
  );
}

/** @param machines - one, or two where they are what differs */
function compare(
  comparison: Comparison,
  network: Network,
  machines: readonly Accelerator[],
  options: DiffOptions,
): DiffResult {
  const [first, second] = machines as readonly [Accelerator, Accelerator]; // the second is looked at where there are two
  return comparison.by === "rules"
    ? diffRuleSets(network, first, comparison.costModels, options)
    : diffMachines(network, [first, second], comparison.costModel, options);
}

/** Two rule sets, published and exact unless they are named, or two machines. */
function comparisonOf({ arch, costModel }: DiffFlags): Comparison {
  if (arch === undefined) throw new DiagnosticError([missingArchitecture()]);
  const [machine, otherMachine] = oneOrTwoOf("--arch", arch);
  const [rules, otherRules] = costModel === undefined ? [] : oneOrTwoOf("--cost-model", costModel).map(costModelNamed);
  if (otherMachine !== undefined && otherRules !== undefined) throw new DiagnosticError([oneDifference()]);
  if (otherMachine !== undefined && otherMachine !== machine)
    return { by: "machine", machines: [machine, otherMachine], costModel: rules ?? "exact" };
  const costModels = rules === undefined ? (["defines", "exact"] as const) : ([rules, otherRules ?? rules] as const);
  if (otherMachine !== undefined || costModels[0] === costModels[1])
    throw new DiagnosticError([nothingToCompare(machine, rules ?? "exact")]);
  return { by: "rules", machine, costModels };
}

function oneOrTwoOf(option: string, text: string): readonly [string, ...string[]] {
  const [first, ...more] = splitNames(text);
  if (first === undefined || more.length > 1) throw new DiagnosticError([oneOrTwo(option, text)]);
  return [first, ...more];
}

const costModelNamed = (text: string): CostModelName =>
  parseChoice("--cost-model", text, Object.keys(COST_MODELS) as CostModelName[]); // the keys of this very object
