#!/usr/bin/env node
/** Entry of the command line: parses, runs one command, chooses the exit code. Commands load only when they run. */
import "./compiler-budget.js"; // before anything that runs long enough to be compiled
import { Command, CommanderError, Option } from "commander";
import { badCommandLine, unwritableOutput } from "../ir/diagnostics/command.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { DEFINES, EXACT } from "../ir/rules.js";
import { VERSION } from "../ir/version.js";
import { EXPLORE_EXAMPLES } from "./explore-help.js";
import { Interrupted } from "./interrupted.js";
import { appendTo, joinLists, parseChoice } from "./options.js";
import { type MessageOptions, showDiagnostics } from "./output.js";

const LOOP_FACTORS = "largest number of loop factors of a layer";

const EXIT = { input: 2, infeasible: 3, defect: 1, interrupted: 130 } as const;

function createProgram(messages: MessageOptions): Command {
  const program = new Command("kerf")
    .description("Compiles ONNX networks into depth-first schedules for deep-learning accelerators")
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: () => {} }); // parse errors are shown as diagnostics below
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .addOption(new Option("--diagnostics <form>", "messages on stderr: text or json").default("text"))
      .option("--quiet", "only errors on stderr")
      .option("--no-color", "no colour on stderr");

  command("schedule", "one schedule: a table on stdout")
    .argument("<model>", "an .onnx file, or a ZigZag-style .workload.yaml")
    .option("--arch <name|file>", "accelerator: built-in name or YAML file")
    .option("--mapping <file>", "spatial mappings per layer or operator (ZigZag YAML)")
    .option("--cost-model <rules>", "exact (default), defines")
    .option(
      "--stacks <rule|layers>",
      "optimal: searched (default with exact), auto (default with defines), single, per-layer, or cuts after the named layers",
    )
    .option(
      "--tile <WxH|full>",
      "tile of a stack's output, elements; full (default with defines); search (default with exact), all: searched per stack",
    )
    .option("--overlap <mode>", "search (default with exact), recompute, h-cached, fully-cached (default with defines)")
    .option("--order <order>", "order of tiles: search (default with exact), x-first (default with defines), y-first")
    .option("--budget <time>", "stop a search after that long with what it has: 90s, 15min, 2h")
    .option("--decisions <file>", "take decisions as they are stated: a schedule.json, or YAML with the same fields")
    .option(
      "--loop-limit <n|none>",
      `${LOOP_FACTORS} (default ${EXACT.loopLimit} with exact, ${DEFINES.loopLimit} with defines)`,
    )
    .option("--bind <symbols>", "values of symbolic dimensions: N=1,H=224; repeatable", joinLists)
    .option("--pipeline-copies", "let copies run beside layers where ports and room allow (exact)")
    .option("--no-pipeline-copies", "let them run alone, whatever the schedule of --decisions was made with")
    .option("--steady-state", "do not load again what can stay on chip between inferences (exact)")
    .option("--no-steady-state", "load everything, whatever the schedule of --decisions was made with")
    .option("--seed <n>", "of everything random (default 0)")
    .option("--pipeline <text>", "replace the pipeline")
    .option("--print-before <pass|all>", "print the module before a pass, on stderr")
    .option("--print-after <pass|all>", "print the module after a pass, on stderr")
    .option("--timing", "print the time of each pass, on stderr")
    .option("--strict", "treat warnings and unlowered nodes as errors")
    .option("--out <file>", "write the schedule as JSON; - is stdout")
    .option("--json", "the JSON on stdout and nothing else")
    .action(async (model, options) => (await import("./schedule.js")).runSchedule(model, { ...options, ...messages }));

  command("import", "what the frontend understood: layers, totals, coverage ledger")
    .argument("<model>", "an .onnx file, or a ZigZag-style .workload.yaml")
    .option("--bind <symbols>", "values of symbolic dimensions: N=1,H=224; repeatable", joinLists)
    .option("--strict", "treat warnings and unlowered nodes as errors")
    .option("--out <file>", "write the result as JSON; - is stdout")
    .option("--json", "the JSON on stdout and nothing else")
    .action(async (model, options) => (await import("./import.js")).runImport(model, { ...options, ...messages }));

  command("explore", "a sweep over tiles, modes, stacks and machines: best points, Pareto front, heat map; resumable")
    .argument("[model]", "an .onnx file, or a ZigZag-style .workload.yaml; --merge can do without")
    .option("--arch <a[,b…]>", "accelerators: built-in names or YAML files")
    .option("--mapping <file>", "spatial mappings per layer or operator (ZigZag YAML)")
    .option("--cost-model <rules>", "exact (default), defines")
    .option("--tiles <w,…xh,…|all>", "every width with every height; numbers, full, all (default: halves of the map)")
    .option("--overlaps <all|list>", "recompute, h-cached, fully-cached (default all)")
    .option("--order <list|search>", "orders of tiles: x-first (default), y-first (exact)")
    .option("--stacks <rule|layers>", "auto (default), single, per-layer, or layers to cut after; repeatable", appendTo)
    .option("--vary <path=values>", "values of a field of the accelerator's YAML; repeatable", appendTo)
    .option(
      "--loop-limit <n|none>",
      `${LOOP_FACTORS} (default ${EXACT.loopLimit} with exact, ${DEFINES.loopLimit} with defines)`,
    )
    .option("--bind <symbols>", "values of symbolic dimensions: N=1,H=224; repeatable", joinLists)
    .option("--pipeline-copies", "let copies run beside layers where ports and room allow (exact)")
    .option("--steady-state", "do not load again what can stay on chip between inferences (exact)")
    .option("--objective <metric>", "energy (default), latency, edp, dram, peak, peak:<memory>")
    .option("--limit <metric<=value>", "leave out what exceeds it: 'latency<=2e6'; repeatable", appendTo)
    .option("--front <metrics>", "what the Pareto front weighs: up to three (default energy,latency,peak)")
    .option("--frontier", "write the non-dominated points and what was excluded, not every point")
    .option("--jobs <n>", "workers (default: cores)")
    .option("--resume", "go on with the results in --out")
    .option("--cache <dir>", "keep and reuse results by content")
    .option("--budget <time>", "stop after that long with what is known: 90s, 15min, 2h")
    .option("--seed <n>", "of everything random (default 0)")
    .option("--shards <n>", "number of shards, with --emit or --merge")
    .option("--emit <scheduler>", "write a job array that runs the shards: slurm")
    .option("--shard <i/n>", "run one shard")
    .option("--merge <files...>", "combine results of shards, in order of the points")
    .option("--csv <file>", "write the points as a table, by number")
    .option("--out <file>", "write one JSON object per point and line; - is stdout")
    .option("--json", "the lines on stdout and nothing else")
    .addHelpText("after", EXPLORE_EXAMPLES)
    .action(async (model, options) => (await import("./explore.js")).runExplore(model, { ...options, ...messages }));

  command("diff", "one model under two rule sets, policy by policy, or on two machines, term by term")
    .argument("<model>", "an .onnx file, or a ZigZag-style .workload.yaml")
    .argument("[other]", "a second schedule (not there yet)")
    .option("--arch <a[,b]>", "one accelerator, or two to compare: built-in names or YAML files")
    .option("--cost-model <x[,y]>", "two rule sets to compare (default defines,exact), or one for two accelerators")
    .option("--mapping <file>", "spatial mappings per layer or operator (ZigZag YAML)")
    .option("--stacks <rule|layers>", "auto (default), single, per-layer, or cuts after the named layers")
    .option("--tile <WxH|full>", "tile of a stack's output, elements (default full)")
    .option("--overlap <mode>", "recompute, h-cached or fully-cached (default)")
    .option("--order <order>", "order of tiles: x-first (default)")
    .option("--bind <symbols>", "values of symbolic dimensions: N=1,H=224; repeatable", joinLists)
    .option("--out <file>", "write the result as JSON; - is stdout")
    .option("--json", "the JSON on stdout and nothing else")
    .action(async (model, other, options) =>
      (await import("./diff.js")).runDiff(model, other, { ...options, ...messages }),
    );

  command("study", "reproduce a published experiment, ours beside theirs")
    .argument("<name>", "list, or a study: defines-case1, defines-case2, defines-case3, defines-sota, depfin, padding")
    .option("--arch <a[,b…]>", "other accelerators than the published ones: built-in names or YAML files")
    .option("--cost-model <rules>", "defines (default); exact, for defines-case1")
    .option(
      "--loop-limit <n|none>",
      `${LOOP_FACTORS} (default ${DEFINES.loopLimit} with defines, ${EXACT.loopLimit} with exact)`,
    )
    .option("--jobs <n>", "workers (so far 1)")
    .option("--out <folder>", "write HTML and CSV files into this folder")
    .option("--json", "the result as JSON on stdout and nothing else")
    .action(async (name, options) => (await import("./study.js")).runStudy(name, { ...options, ...messages }));

  command("passes", "the passes, their options, what they need and give")
    .argument("[name]", "one pass")
    .option("--out <file>", "write the result as JSON; - is stdout")
    .option("--json", "the JSON on stdout and nothing else")
    .action(async (name, options) => (await import("./passes.js")).runPasses(name, { ...options, ...messages }));

  command("arch", "built-in accelerators: list | show <name> | check <file>")
    .argument("<action>", "list, show or check")
    .argument("[name]", "built-in name or YAML file")
    .option("--out <file>", "write the result as JSON; - is stdout")
    .option("--json", "the JSON on stdout and nothing else")
    .action(async (action, name, options) =>
      (await import("./arch.js")).runArch(action, name, { ...options, ...messages }),
    );

  return program;
}

async function main(argv: readonly string[]): Promise<number> {
  const messages = messageOptions(argv);
  try {
    parseChoice("--diagnostics", messages.diagnostics, ["text", "json"]);
    await createProgram(messages).parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    return fail(error, messages);
  }
}

function fail(error: unknown, messages: MessageOptions): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  if (error instanceof CommanderError && error.code === "commander.help") {
    process.stderr.write(createProgram(messages).helpInformation());
    return EXIT.input;
  }
  if (error instanceof CommanderError) {
    showDiagnostics([badCommandLine(error.message.replace(/^error: /, ""))], messages);
    return EXIT.input;
  }
  if (error instanceof DiagnosticError) {
    showDiagnostics(error.diagnostics, messages);
    return EXIT[error.failure];
  }
  if (error instanceof Interrupted) {
    showDiagnostics([error.diagnostic], messages);
    return EXIT.interrupted;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `kerf ${VERSION}: internal error. Please report it with the command and the text below.\n${detail}\n`,
  );
  return EXIT.defect;
}

/** Read before parsing, since they decide how a parse error is shown. */
function messageOptions(argv: readonly string[]): MessageOptions {
  const at = argv.findIndex((word) => word === "--diagnostics" || word.startsWith("--diagnostics="));
  const form = at < 0 ? "text" : (argv[at]?.split("=")[1] ?? argv[at + 1] ?? "");
  return {
    diagnostics: form,
    quiet: argv.includes("--quiet"),
    color: !argv.includes("--no-color") && process.env.NO_COLOR === undefined && process.stderr.isTTY === true,
  };
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0); // the reader has seen enough, as with `| head`
  showDiagnostics([unwritableOutput(error.code ?? error.message)], messageOptions(process.argv));
  process.exit(EXIT.input);
});
process.stderr.on("error", () => {}); // messages that nobody can read change no outcome
process.exitCode = await main(process.argv.slice(2));
