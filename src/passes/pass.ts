/** A pass is a value: it reads facts, decides one thing and adds a fact. */
import type { CostModel } from "../ir/cost-model.js";
import type { Diagnostic } from "../ir/diagnostics.js";
import type { Fact } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import type { OptionSpecs, OptionValues } from "./options.js";

/** What a pass may use besides its module; nothing here depends on time or place. */
export interface PassContext {
  readonly costModel: CostModel;
  /** Of everything random. */
  readonly seed: number;
  /** Collects a note or a warning; errors are thrown as a `DiagnosticError`. */
  report(diagnostic: Diagnostic): void;
}

export interface PassDefinition<S extends OptionSpecs> {
  readonly name: string;
  /** One line, starting with a verb. */
  readonly description: string;
  readonly options: S;
  readonly requires: readonly Fact<unknown>[];
  readonly provides: readonly Fact<unknown>[];
  /**
   * @throws DiagnosticError when the request cannot be served
   */
  run(module: Module, context: PassContext, options: OptionValues<S>): Module;
}

/** A pass with its option types erased, as the registry and the pipeline hold it. */
export type Pass = PassDefinition<OptionSpecs>;

/** Checks a pass against its options' types; the result can be registered. */
export function definePass<S extends OptionSpecs>(definition: PassDefinition<S>): Pass {
  return definition as unknown as Pass; // the pipeline calls `run` with values parsed by these very specs
}
