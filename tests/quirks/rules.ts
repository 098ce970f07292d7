/** Rule sets that differ from the published one in a single policy. */
import { DEFINES, type RuleSet } from "../../src/ir/rules.js";

export type Policy = Exclude<keyof RuleSet, "name" | "geometry" | "mapper" | "loopLimit">;

export const withRule = <P extends Policy>(policy: P, behaviour: RuleSet[P]): RuleSet => ({
  ...DEFINES,
  [policy]: behaviour,
});
