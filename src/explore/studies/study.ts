/** A study reproduces a published experiment: a value with a name, run on networks and accelerators that its caller provides. */
import type { Accelerator } from "../../ir/accelerator.js";
import type { CostModel } from "../../ir/cost-model.js";
import type { Network } from "../../ir/network.js";
import type { StudyResult } from "../../ir/study.js";

export interface StudyContext {
  /** The published rules; the exact ones where a study `runsExactly` and the user asks for them. */
  readonly costModel: CostModel;
  readonly exactModel: CostModel;
  /** Networks of the published case studies, by name: `fsrcnn`, `mccnn`, `dmcnnvd`, `mobilenetv1`, `resnet18`. */
  readonly network: (name: string) => Network;
  /** The same networks as ONNX models with their padding, which the published declarations leave out. */
  readonly model: (name: string) => Network;
  /** A machine with the dataflows that it is given for this network: the published sets make a few exceptions by hand. */
  readonly accelerator: (name: string, network: string) => Accelerator;
  /** Called between pieces of work of about equal size. */
  progress?(done: number, of: number, next: string): void;
}

export interface StudyChoices {
  /** Machines to run on. */
  readonly accelerators: readonly string[];
}

export interface Study {
  readonly name: string;
  /** One line: what it shows. */
  readonly description: string;
  /** What runs unless the user chooses otherwise: one machine, or as many as are named. */
  readonly accelerators: readonly string[];
  readonly machines: "one" | "several";
  /** Whether it asks for ONNX models. */
  readonly readsModels?: true;
  /** Whether it can be run under the exact rules in place of the published ones. */
  readonly runsExactly?: true;
  /**
   * @throws DiagnosticError when a network cannot be scheduled on a machine
   */
  run(context: StudyContext, choices: StudyChoices): StudyResult;
}

export const NETWORKS = ["fsrcnn", "dmcnnvd", "mccnn", "mobilenetv1", "resnet18"] as const;
