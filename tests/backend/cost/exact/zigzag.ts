/**
 * A mapping that ZigZag chose under our exact rules, and every count that differs explained: each of our rules has a switch that puts
 * ZigZag's behaviour in its place.
 */
import { layerCost } from "../../../../src/backend/cost/exact/evaluate.js";
import { exactLayer } from "../../../../src/backend/cost/exact/exact-layer.js";
import { orderFigures, stationaryPosition } from "../../../../src/backend/cost/exact/figures.js";
import {
  accessEnergy,
  DIRECTIONS,
  layerModel,
  type OperandLevel,
} from "../../../../src/backend/cost/mapper/layer-model.js";
import type { Direction } from "../../../../src/ir/accelerator.js";
import type { Accesses, LayerCost, MappingProblem, WindowShape } from "../../../../src/ir/cost-model.js";
import { DEFINES } from "../../../../src/ir/rules.js";
import type { Replay, sourceOf } from "../mapper/zigzag.js";
import { countsUnder, RULE_NAMES } from "../mapper/zigzag-rules.js";

export type Source = ReturnType<typeof sourceOf>;

/** The problem with what ZigZag's files leave out: where windows meet the borders of the map. */
export function exactProblem({ problem }: Replay, { network, layer }: Source): MappingProblem {
  const input = layer.operands.find(({ role }) => role === "input");
  const dims = input?.tensor === undefined ? [] : (network.tensors.get(input.tensor)?.dims ?? []);
  const clipped = (window: WindowShape): WindowShape => {
    const axis = (input?.axes ?? []).findIndex((map) => map.kind === "window" && map.out === window.out);
    const map = input?.axes[axis];
    return map?.kind === "window" ? { ...window, clip: { shift: -map.before, extent: dims[axis]! } } : window;
  };
  return {
    ...problem,
    operands: problem.operands.map((operand) => ({ ...operand, windows: operand.windows.map(clipped) })),
  };
}

/** ZigZag's loops and levels, priced as they stand; capacities play no part. */
export function exactCost(problem: MappingProblem, { loops, boundaries }: Replay, blocks: 1 | 2): LayerCost {
  const layer = exactLayer(problem);
  const positions = layer.operands.map((operand) =>
    boundaries[operand.model.name]!.slice(0, -1).map((at) => stationaryPosition(operand, loops, at)),
  );
  const copies = positions.map((own) => own.map(() => blocks));
  return layerCost(layer, orderFigures(layer, { loops, positions }), copies);
}

/** Rules of ours that change a count of ZigZag's. */
export const EXACT_RULES = [
  "padding is not read",
  "a sum starts from nothing",
  "an old sum returns to one unit",
  "the last visit brings finished values",
  "the last block is what is left",
  "fractions of a word count",
] as const;
export type ExactRule = (typeof EXACT_RULES)[number];

/** One count that differs by one rule. */
export interface Difference {
  readonly where: string;
  readonly rule: ExactRule | undefined;
  /** pJ. */
  readonly energy: number;
}

type Counts = (operand: number, level: number, direction: Direction) => number;

const ALL = new Set(RULE_NAMES);

/** Every way from ZigZag's counts to ours, in one step or in two; a difference without a rule is not explained. */
export function differences(replay: Replay, problem: MappingProblem): readonly Difference[] {
  const model = layerModel(problem);
  const names = model.operands.map(({ name }) => name);
  const ofCost =
    ({ accesses }: LayerCost): Counts =>
    (o, m, d) =>
      accesses[names[o]!]![m]![d];
  const ofRules =
    (counts: readonly (readonly Accesses[])[]): Counts =>
    (o, m, d) =>
      counts[o]![m]![d];
  const theirs = ofRules(countsUnder(replay, ALL));
  const started = ofRules(countsUnder(replay, ALL, { ...DEFINES, partialSums: "corrected" }));
  const ours = ofCost(exactCost(problem, replay, 1));
  const switches = switchesOf(replay, problem).map(([rule, cost]) => [rule, ofCost(cost)] as const);
  const replicas = reductionUnits(problem);

  const explain = (o: number, m: number, d: Direction, from: number, to: number): ExactRule | undefined => {
    const switched = switches.find(([, counts]) => counts(o, m, d) === from)?.[0];
    if (switched !== undefined) return switched;
    if (Math.trunc(to) === from) return "fractions of a word count";
    // of what came down, one part in as many as there are units that sum apart; what does not come down is not read by them
    const cameDown = started(o, m, "fh");
    const returns = cameDown / replicas;
    const isReturn = o === 0 && m === 0 && replicas > 1 && from - to === cameDown - returns;
    return isReturn && (d === "fh" || d === "tl") ? "an old sum returns to one unit" : undefined;
  };
  const site = (level: OperandLevel, o: number, m: number, d: Direction): readonly Difference[] => {
    const where = `${names[o]} ${level.memory.id} ${d}`;
    const [first, second, third] = [theirs(o, m, d), started(o, m, d), ours(o, m, d)];
    const energy = (from: number, to: number) => (to - from) * accessEnergy(level, d);
    return [
      ...(first === second ? [] : [{ where, rule: EXACT_RULES[1], energy: energy(first, second) }]),
      ...(second === third ? [] : [{ where, rule: explain(o, m, d, second, third), energy: energy(second, third) }]),
    ];
  };
  return model.operands.flatMap(({ levels }, o) =>
    levels.flatMap((level, m) => DIRECTIONS.flatMap((d) => site(level, o, m, d))),
  );
}

/** Our cost with one of our rules switched off. */
function switchesOf(replay: Replay, problem: MappingProblem): readonly (readonly [ExactRule, LayerCost])[] {
  const unclipped = problem.operands.map((operand) => ({
    ...operand,
    windows: operand.windows.map(({ clip: _, ...window }) => window),
  }));
  const unrolled = new Map(problem.unrolling.map(({ dim, size }) => [dim, size]));
  const filled = problem.loops.map(({ dim, size }) => {
    const units = unrolled.get(dim) ?? 1;
    return { dim, size: units * Math.ceil(size / units) };
  });
  const partialBits = problem.operands[0]!.bits;
  return [
    ["padding is not read", exactCost({ ...problem, operands: unclipped }, replay, 1)],
    ["the last visit brings finished values", exactCost({ ...problem, finalOutputBits: partialBits }, replay, 1)],
    ["the last block is what is left", exactCost({ ...problem, loops: filled }, replay, 1)],
  ];
}

/** Units that sum apart from each other: those that a reduction is unrolled over. */
function reductionUnits({ operands, unrolling, hierarchy }: MappingProblem): number {
  const indexed = operands[0]!.relevant;
  const shared = new Set(
    hierarchy.memories.find((memory) => memory.operands.some(({ operand }) => operand === "O"))?.served,
  );
  return unrolling
    .filter(({ dim, arrayDim }) => !indexed.includes(dim) && !shared.has(arrayDim))
    .reduce((product, { size }) => product * size, 1);
}
