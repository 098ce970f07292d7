/** Initial loading of the inputs and final off-loading of the output (SL §8.5–8.6; Q5–Q8, Q32). */
import type { Port } from "../../../ir/accelerator.js";
import type { Behaviours, RuleSet } from "../../../ir/rules.js";
import type { LayerModel, OperandModel } from "./layer-model.js";
import type { MovementTimes } from "./transfer-times.js";

/** Loading of one input, cycles. */
export interface InputLoading {
  /** Per hop, from the innermost pair of levels outwards. */
  readonly hops: readonly number[];
  /** Cycles on ports of its own, on ports shared with the other inputs at one end, and at both ends. */
  readonly individual: number;
  readonly halfShared: number;
  readonly shared: number;
}

export interface Loading {
  /** In layer order, without the output. */
  readonly inputs: readonly InputLoading[];
  readonly cycles: number;
}

export interface Offloading {
  readonly hops: readonly number[];
  readonly cycles: number;
}

type LayerTimes = readonly (readonly MovementTimes[])[];

export interface LoadingPolicy {
  load(layer: LayerModel, times: LayerTimes): Loading;
  offload(layer: LayerModel, times: LayerTimes): Offloading;
}

const published: LoadingPolicy = {
  load(layer, times) {
    const output = layer.operands[0]!.memoryOperand;
    const isShared = (port: Port): boolean => servedOperands(port).filter((operand) => operand !== output).length > 1; // Q8
    const inputs = inputsOf(layer, times, isShared).map((hops): InputLoading => {
      const outermostHalf = hops.findLast(({ sharedEnds }) => sharedEnds === 1)?.cycles ?? 0; // Q6
      return { ...inputLoading(hops), halfShared: outermostHalf };
    });
    const [only, ...others] = inputs;
    const isAlone = only !== undefined && others.length === 0;
    return { inputs, cycles: isAlone ? only.individual : loadTogether(inputs) }; // Q7
  },
  offload(layer, times) {
    const hops = offloadingHops(layer, times);
    return { hops, cycles: (hops.at(-1) ?? 0) + latencyOnTheWay(layer.operands[0]!) }; // hops overlap always: Q5
  },
};

/** Ports are shared by what the layer moves; every hop counts; intermediate memories take their time in both directions (Q32). */
const corrected: LoadingPolicy = {
  load(layer, times) {
    const moving = layer.operands.slice(1).filter(({ bits }) => bits > 0);
    const isShared = (port: Port): boolean =>
      moving.filter(({ memoryOperand }) => servedOperands(port).includes(memoryOperand)).length > 1;
    const inputs = inputsOf(layer, times, isShared).map(inputLoading);
    const latency = Math.max(0, ...moving.map(latencyOnTheWay));
    return { inputs, cycles: loadTogether(inputs) + latency };
  },
  offload(layer, times) {
    const hops = offloadingHops(layer, times);
    const { levels } = layer.operands[0]!;
    const waits = hops.slice(0, -1).filter((_, m) => levels[m + 1]!.ports.fl === levels[m + 1]!.ports.th);
    const cycles = [...waits, hops.at(-1) ?? 0].reduce((sum, hop) => sum + hop, 0);
    return { hops, cycles: cycles + latencyOnTheWay(layer.operands[0]!) };
  },
};

export const LOADING: Behaviours<RuleSet["loading"], LoadingPolicy> = {
  published: { quirks: ["SL-Q5", "SL-Q6", "SL-Q7", "SL-Q8", "SL-Q32"], rule: published },
  corrected: { quirks: ["SL-Q5", "SL-Q6", "SL-Q7", "SL-Q8", "SL-Q32"], rule: corrected },
};

/** One step of an input on its way down, with the number of its ports that other inputs use too. */
interface LoadingHop {
  readonly cycles: number;
  readonly sharedEnds: number;
}

/** Per input: its hops, innermost first. */
function inputsOf(
  layer: LayerModel,
  times: LayerTimes,
  isShared: (port: Port) => boolean,
): readonly (readonly LoadingHop[])[] {
  return layer.operands.slice(1).map(({ levels }, i) =>
    levels.slice(1).map((upper, m): LoadingHop => {
      const [receiver, sender] = [times[i + 1]![m]!, times[i + 1]![m + 1]!];
      const ends = [levels[m]!.ports.fh, upper.ports.tl].filter((port) => port !== undefined && isShared(port));
      return { cycles: Math.max(receiver.fh.real, sender.tl.real), sharedEnds: ends.length };
    }),
  );
}

function inputLoading(hops: readonly LoadingHop[]): InputLoading {
  const [individual, halfShared, shared] = [0, 1, 2].map((ends) =>
    hops.filter(({ sharedEnds }) => sharedEnds === ends).reduce((sum, { cycles }) => sum + cycles, 0),
  ) as [number, number, number]; // one sum per number of ends
  return { hops: hops.map(({ cycles }) => cycles), individual, halfShared, shared };
}

const servedOperands = ({ services }: Port): readonly string[] => [...new Set(services.map(({ operand }) => operand))];

/**
 * Shared parts go one after the other, the rest overlaps; the best order of the inputs counts. The published rule states this for
 * two inputs; for more it is applied to the first against all others.
 */
function loadTogether(inputs: readonly InputLoading[]): number {
  if (inputs.length === 0) return 0;
  return Math.min(
    ...inputs.map(({ shared, halfShared, individual }, first) => {
      const others = loadTogether(inputs.filter((_, i) => i !== first));
      return shared + Math.max(others, halfShared + individual);
    }),
  );
}

/** Cycles of the output's hops upwards, innermost first. */
const offloadingHops = ({ operands }: LayerModel, times: LayerTimes): readonly number[] =>
  operands[0]!.levels.slice(1).map((_, m) => Math.max(times[0]![m]!.th.real, times[0]![m + 1]!.fl.real));

/** One latency per memory between the innermost and the outermost one. */
const latencyOnTheWay = ({ levels }: OperandModel): number =>
  levels.slice(1, -1).reduce((sum, { memory }) => sum + memory.latency, 0);
