/** Second blocks that save no time are not reserved: of all choices that are as fast, the one with the fewest. */
import { type Blocks, occupancy } from "./evaluate.js";
import { computeCycles, type ExactLayer } from "./exact-layer.js";
import { type Copies, levelSerial, type OperandFigures } from "./figures.js";
import { addFlow, longestPort, startTiming } from "./times.js";

/** A held level at which a second block saves `gain` cycles of serial time. */
interface Candidate {
  readonly operand: number;
  readonly level: number;
  readonly gain: number;
}

/** @param fast - blocks with which the order is as fast as it can be */
export function fewestBlocks(layer: ExactLayer, figures: readonly OperandFigures[], fast: Blocks): Blocks {
  const single = fast.map((levels) => levels.map((): Copies => 1));
  const serial = (blocks: Blocks) =>
    figures.reduce(
      (sum, each, o) => sum + blocks[o]!.reduce((own, copies, m) => own + levelSerial(each, m, copies), 0),
      computeCycles(layer),
    );
  const latency = Math.max(serial(fast), portCycles(layer, figures));
  const excess = serial(single) - latency;
  const candidates = figures.flatMap((each, operand) =>
    each.blockBits.flatMap((_, level): readonly Candidate[] => {
      const gain = levelSerial(each, level, 1) - levelSerial(each, level, 2);
      return gain > 0 ? [{ operand, level, gain }] : [];
    }),
  );
  const fits = (doubled: readonly Candidate[]) =>
    isWithin(layer, occupancy(layer, figures, withBlocks(single, doubled)));
  for (let count = 0; count <= candidates.length; count++) {
    const chosen = firstChoice(candidates, count, excess, fits);
    if (chosen !== undefined) return withBlocks(single, chosen);
  }
  return fast;
}

/** No number of blocks changes what the ports carry. */
function portCycles(layer: ExactLayer, figures: readonly OperandFigures[]): number {
  const timing = startTiming(0, layer.ports.length);
  for (const { flow, cycles, visits } of figures.flatMap(({ flows }) => flows.flat())) {
    addFlow(timing, flow, cycles, visits, "array");
  }
  return longestPort(timing);
}

/** First set of `count` candidates, in their order, that saves `excess` cycles and fits. */
function firstChoice(
  candidates: readonly Candidate[],
  count: number,
  excess: number,
  fits: (doubled: readonly Candidate[]) => boolean,
  chosen: readonly Candidate[] = [],
): readonly Candidate[] | undefined {
  if (count === 0) return excess <= 0 && fits(chosen) ? chosen : undefined;
  for (const [i, candidate] of candidates.entries()) {
    const rest = candidates.slice(i + 1);
    const found = firstChoice(rest, count - 1, excess - candidate.gain, fits, [...chosen, candidate]);
    if (found !== undefined) return found;
  }
  return undefined;
}

const withBlocks = (single: Blocks, doubled: readonly Candidate[]): Blocks =>
  single.map((levels, o) =>
    levels.map((_, m) => (doubled.some(({ operand, level }) => operand === o && level === m) ? 2 : 1)),
  );

const isWithin = (layer: ExactLayer, used: Readonly<Record<string, number>>): boolean =>
  layer.problem.hierarchy.memories.every(({ id }, i) => (used[id] ?? 0) <= layer.available[i]!);
