/** Pipelines as text: `canonicalize,tile-stacks{tile=16x16 overlap=h-cached},…`; parsing what was printed gives an equal pipeline. */

import * as say from "../ir/diagnostics/pipeline.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import type { Module } from "../ir/module.js";
import { verifyModule } from "../ir/verify.js";
import type { Pass, PassContext } from "./pass.js";

/** One pass with the values of all its options. */
export interface PipelineStep {
  readonly pass: Pass;
  readonly options: Readonly<Record<string, unknown>>;
}
export type Pipeline = readonly PipelineStep[];

/** Watches a run: tracing, timing, dumps. */
export interface PipelineObserver {
  before?(pass: Pass, module: Module): void;
  after?(pass: Pass, module: Module): void;
}

interface StepText {
  readonly name: string;
  readonly options: readonly (readonly [name: string, value: string])[];
}

/**
 * @throws DiagnosticError with everything that is wrong with the text: syntax, unknown passes, unknown or bad options
 */
export function parsePipeline(text: string, registry: readonly Pass[]): Pipeline {
  const problems: Diagnostic[] = [];
  const steps = scan(text).flatMap((step) => resolve(step, registry, problems));
  if (problems.length > 0) throw new DiagnosticError(problems);
  return steps;
}

/** A step with defaults for the options that `given` leaves out. */
export function pipelineStep(pass: Pass, given: Readonly<Record<string, unknown>> = {}): PipelineStep {
  const defaults = Object.entries(pass.options).map(([name, spec]) => [name, spec.fallback]);
  return { pass, options: { ...Object.fromEntries(defaults), ...given } };
}

/** Every option with its value, so that the text says exactly what ran whatever the defaults of another version. */
export function printPipeline(pipeline: Pipeline): string {
  return pipeline.map(({ pass, options }) => `${pass.name}${printOptions(pass, options)}`).join(",");
}

/**
 * Checks, before anything runs, that every pass finds the facts that it needs.
 *
 * @param initial - names of facts that the module has at the start
 * @throws DiagnosticError naming each missing fact and the passes that provide it
 */
export function checkPipeline(pipeline: Pipeline, registry: readonly Pass[], initial: readonly string[] = []): void {
  if (pipeline.length === 0) throw new DiagnosticError([say.emptyPipeline()]);
  const available = new Set(initial);
  const problems: Diagnostic[] = [];
  for (const { pass } of pipeline) {
    for (const fact of pass.requires.filter(({ name }) => !available.has(name))) {
      const providers = registry.filter((candidate) => candidate.provides.some(({ name }) => name === fact.name));
      problems.push(
        say.missingFact(
          pass.name,
          fact.name,
          providers.map(({ name }) => name),
        ),
      );
    }
    for (const { name } of pass.provides) available.add(name);
  }
  if (problems.length > 0) throw new DiagnosticError(problems);
}

/**
 * Runs the passes in order. The module is verified before the first and after each.
 *
 * @throws DiagnosticError when a pass finds that the request cannot be served
 * @throws Error naming the pass and the violated rule when a pass leaves an invalid module
 */
export function runPipeline(
  module: Module,
  pipeline: Pipeline,
  context: PassContext,
  observer: PipelineObserver = {},
): Module {
  requireValid(module, "the frontend");
  return pipeline.reduce((current, { pass, options }) => {
    observer.before?.(pass, current);
    const next = pass.run(current, context, options);
    requireValid(next, `pass '${pass.name}'`);
    observer.after?.(pass, next);
    return next;
  }, module);
}

function requireValid(module: Module, author: string): void {
  const violations = verifyModule(module);
  if (violations.length > 0) throw new Error(`${author} left an invalid module:\n  ${violations.join("\n  ")}`);
}

function resolve(step: StepText, registry: readonly Pass[], problems: Diagnostic[]): readonly PipelineStep[] {
  const pass = registry.find(({ name }) => name === step.name);
  if (pass === undefined) {
    const known = registry.map(({ name }) => name);
    problems.push(say.unknownPass(step.name, known));
    return [];
  }
  const given = new Map<string, unknown>();
  for (const [name, text] of step.options) {
    const spec = Object.hasOwn(pass.options, name) ? pass.options[name] : undefined;
    const value = spec?.parse(text);
    if (spec === undefined) problems.push(say.unknownPassOption(pass.name, name, Object.keys(pass.options)));
    else if (given.has(name)) problems.push(say.duplicatePassOption(pass.name, name));
    else if (value === undefined) problems.push(say.badPassOption(pass.name, name, text, spec.syntax));
    else given.set(name, value);
  }
  return [pipelineStep(pass, Object.fromEntries(given))];
}

function printOptions(pass: Pass, options: Readonly<Record<string, unknown>>): string {
  const texts = Object.entries(pass.options)
    .map(([name, spec]) => [name, spec.print(options[name])] as const)
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `${name}=${quote(text)}`);
  return texts.length === 0 ? "" : `{${texts.join(" ")}}`;
}

const quote = (text: string): string => (/[\s{}"=]/.test(text) ? JSON.stringify(text) : text);

/** Splits the text into steps; the grammar is `name [ '{' option* '}' ]`, separated by commas. */
function scan(text: string): readonly StepText[] {
  const steps: StepText[] = [];
  let position = 0;
  const take = (pattern: RegExp, expected: string): string => {
    const sticky = new RegExp(pattern, "y");
    sticky.lastIndex = position;
    const match = sticky.exec(text)?.[0];
    if (match === undefined) throw new DiagnosticError([say.pipelineSyntax(text, position, expected)]);
    position += match.length;
    return match;
  };
  const skipSpace = () => take(/\s*/, "");
  const takeOption = (): readonly [string, string] => {
    const name = take(/[\w-]+/, "an option's name");
    take(/=/, "'='");
    const value = take(/"(?:[^"\\]|\\.)*"|[^\s{}"]*/, "a value");
    return [name, value.startsWith('"') ? unquote(value, text, position) : value];
  };

  skipSpace();
  while (position < text.length) {
    const name = take(/[\w-]+/, "a pass");
    const options: (readonly [string, string])[] = [];
    skipSpace();
    if (text[position] === "{") {
      take(/\{\s*/, "'{'");
      while (text[position] !== "}") {
        options.push(takeOption());
        skipSpace();
      }
      take(/\}\s*/, "'}'");
    }
    steps.push({ name, options });
    if (position < text.length) take(/,\s*(?=\S)/, "',' and another pass");
  }
  return steps;
}

function unquote(quoted: string, text: string, position: number): string {
  try {
    return JSON.parse(quoted) as string; // a JSON string literal parses to a string
  } catch {
    throw new DiagnosticError([say.pipelineSyntax(text, position - quoted.length, "a quoted value")]);
  }
}
