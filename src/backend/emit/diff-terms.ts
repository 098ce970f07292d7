/** The terms that two schedules are compared by, named as in `schedule.json`. */
import type { DiffEnd, Figures, ScheduleDiff } from "../../ir/diff.js";

export type TermUnit = "pJ" | "cycle" | "access" | "bit" | "count";

/** One number of both schedules; absent where one of them has no such memory or operand. */
export interface Term {
  /** Below `totals` in `schedule.json`; parts that are names may hold points, so that they stay apart. */
  readonly path: readonly string[];
  readonly unit: TermUnit;
  readonly first?: number;
  readonly second?: number;
}

/** Terms in the order of the first machine's memories, then those that only the second has. */
export function diffTerms({ ends }: ScheduleDiff): readonly Term[] {
  const [first, second] = ends.map(termsOf) as [readonly Value[], readonly Value[]]; // two in, two out
  const others = new Map(second.map((value) => [keyOf(value), value.value]));
  const known = new Set(first.map(keyOf));
  const paired = first.map((value): Term => {
    const other = others.get(keyOf(value));
    return { path: value.path, unit: value.unit, first: value.value, ...(other !== undefined && { second: other }) };
  });
  const added = second.filter((value) => !known.has(keyOf(value)));
  return grouped([...paired, ...added.map(({ path, unit, value }): Term => ({ path, unit, second: value }))]);
}

interface Value {
  readonly path: readonly string[];
  readonly unit: TermUnit;
  readonly value: number;
}

const keyOf = ({ path }: Value): string => JSON.stringify(path);

/** Terms of one group together, in the order of first appearance. */
function grouped(terms: readonly Term[]): readonly Term[] {
  const groups = [...new Set(terms.map(({ path }) => path[0]))];
  return groups.flatMap((group) => terms.filter(({ path }) => path[0] === group));
}

function termsOf(end: DiffEnd): readonly Value[] {
  const { totals, memories } = end;
  const inOrder = (names: Iterable<string>): readonly string[] => {
    const found = new Set(names);
    return memories.filter((id) => found.has(id)); // totals name memories of the accelerator only
  };
  const { mac, memory, copy, static: drawn } = totals.energyByKind;
  const pJ = (path: readonly string[], value: number): Value => ({ path, unit: "pJ", value });
  return [
    ...headTerms(end),
    pJ(["energyByKindPj", "mac"], mac),
    pJ(["energyByKindPj", "memory"], memory),
    pJ(["energyByKindPj", "copy"], copy),
    ...(drawn === undefined ? [] : [pJ(["energyByKindPj", "static"], drawn)]),
    ...inOrder(totals.energyByMemory.keys()).flatMap((id) =>
      [...totals.energyByMemory.get(id)!].map(([operand, energy]) => pJ(["energyByMemoryPj", id, operand], energy)),
    ),
    ...inOrder(totals.accesses.keys()).flatMap((id): readonly Value[] => {
      const { read, write } = totals.accesses.get(id)!; // one of its keys
      return [
        { path: ["accesses", id, "read"], unit: "access", value: read },
        { path: ["accesses", id, "write"], unit: "access", value: write },
      ];
    }),
    ...inOrder(totals.peak.keys()).map(
      (id): Value => ({ path: ["peakBits", id], unit: "bit", value: totals.peak.get(id)! }),
    ),
  ];
}

const headTerms = ({ totals, computedMacs }: Figures): readonly Value[] => [
  { path: ["energyPj"], unit: "pJ", value: totals.energy },
  { path: ["latencyCycles"], unit: "cycle", value: totals.latency },
  { path: ["copyCycles"], unit: "cycle", value: totals.copyLatency },
  { path: ["computedMacs"], unit: "count", value: computedMacs },
  { path: ["operations"], unit: "count", value: totals.operations },
];

/** Second minus first; 0 for what is absent. */
export const changeOf = ({ first = 0, second = 0 }: Pick<Term, "first" | "second">): number => second - first;
