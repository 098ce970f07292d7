/** The machine as the exact model takes it: with the facts that the published model has no words for (EM §2). */
import type { Accelerator, Memory } from "../../ir/accelerator.js";
import type { Module } from "../../ir/module.js";
import type { RuleSet } from "../../ir/rules.js";
import { bits } from "../../ir/units.js";

/** The accelerator under a rule set; the published ones take it as it is. */
export const machineFor = ({ accelerator }: Module, { geometry }: Pick<RuleSet, "geometry">): Accelerator =>
  geometry === "clipped" ? withBursts(accelerator) : accelerator;

/** A memory that moves whole bursts has no smaller access. */
function withBursts(accelerator: Accelerator): Accelerator {
  if (accelerator.memories.every(({ burst }) => burst === undefined)) return accelerator;
  return { ...accelerator, memories: accelerator.memories.map(inBursts) };
}

function inBursts(memory: Memory): Memory {
  const { burst } = memory;
  if (burst === undefined) return memory;
  const ports = memory.ports.map((port) => ({ ...port, granularity: bits(Math.max(burst, port.granularity)) }));
  return { ...memory, ports };
}
