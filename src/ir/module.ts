/** What flows through the pipeline: a network, an accelerator and what passes have learnt. Immutable. */
import type { Accelerator } from "./accelerator.js";
import type { Fact } from "./facts.js";
import type { Network } from "./network.js";

export interface Module {
  readonly network: Network;
  readonly accelerator: Accelerator;
  /** @throws Error when no pass has provided the fact: a defect of the pass that asks */
  get<T>(fact: Fact<T>): T;
  find<T>(fact: Fact<T>): T | undefined;
  has(fact: Fact<unknown>): boolean;
  /** A new module with the fact; the old value, if any, is replaced. */
  with<T>(fact: Fact<T>, value: T): Module;
  /** A new module with another network; facts that `keep` does not list are dropped. */
  withNetwork(network: Network, keep: readonly Fact<unknown>[]): Module;
  /** Names of the facts, sorted. */
  factNames(): readonly string[];
}

export const createModule = (network: Network, accelerator: Accelerator): Module =>
  moduleWith(network, accelerator, new Map());

function moduleWith(network: Network, accelerator: Accelerator, facts: ReadonlyMap<string, unknown>): Module {
  return {
    network,
    accelerator,
    find: <T>(fact: Fact<T>) => facts.get(fact.name) as T | undefined,
    get<T>(fact: Fact<T>): T {
      if (!facts.has(fact.name)) throw new Error(`no fact '${fact.name}' in the module`);
      return facts.get(fact.name) as T; // stored under its own key by `with`
    },
    has: (fact) => facts.has(fact.name),
    with: (fact, value) => moduleWith(network, accelerator, new Map(facts).set(fact.name, value)),
    withNetwork(next, keep) {
      const names = new Set(keep.map(({ name }) => name));
      return moduleWith(next, accelerator, new Map([...facts].filter(([name]) => names.has(name))));
    },
    factNames: () => [...facts.keys()].sort(),
  };
}
