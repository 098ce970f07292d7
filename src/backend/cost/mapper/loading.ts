/** Initial loading of the inputs and final off-loading of the output (SL §8.5–8.6; Q5–Q8, Q32). */
import type { Port } from "../../../ir/accelerator.js";
import type { RuleSet } from "../../../ir/rules.js";
import type { LayerModel, OperandLevel, OperandModel } from "./layer-model.js";
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

export const LOADING: Readonly<Record<RuleSet["loading"], LoadingPolicy>> = {
  published: { load: publishedLoading, offload: publishedOffloading },
};

function publishedLoading(layer: LayerModel, times: LayerTimes): Loading {
  const output = layer.operands[0]!;
  const inputs = layer.operands.slice(1).map((input, i) => inputLoading(input, output, times[i + 1]!));
  const [only, ...others] = inputs;
  if (only === undefined) return { inputs, cycles: 0 };
  if (others.length === 0) return { inputs, cycles: only.individual }; // Q7
  return { inputs, cycles: loadTogether(inputs) };
}

function inputLoading(input: OperandModel, output: OperandModel, times: readonly MovementTimes[]): InputLoading {
  const hops: number[] = [];
  const loading = { individual: 0, halfShared: 0, shared: 0 };
  for (const [m, upper] of input.levels.slice(1).entries()) {
    const hop = Math.max(times[m]!.fh.real, times[m + 1]!.tl.real);
    hops.push(hop);
    const sharedEnds = [input.levels[m]!.ports.fh, upper.ports.tl].filter((port) => servesSeveralInputs(port, output));
    if (sharedEnds.length === 2) loading.shared += hop;
    else if (sharedEnds.length === 0) loading.individual += hop;
    else loading.halfShared = hop; // Q6: only the outermost such hop is kept
  }
  return { hops, ...loading };
}

/** Decided by what the hardware lists, not by what the layer moves (Q8). */
function servesSeveralInputs(port: Port | undefined, output: OperandModel): boolean {
  const served = (port?.services ?? []).map(({ operand }) => operand);
  return new Set(served.filter((operand) => operand !== output.memoryOperand)).size > 1;
}

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

/** The topmost hop in full and one memory latency per intermediate level: hops are taken to overlap always (Q5, Q32). */
function publishedOffloading(layer: LayerModel, times: LayerTimes): Offloading {
  const { levels } = layer.operands[0]!;
  const hops = levels.slice(1).map((_, m) => Math.max(times[0]![m]!.th.real, times[0]![m + 1]!.fl.real));
  const latency = levels.slice(1, -1).reduce((sum, { memory }: OperandLevel) => sum + memory.latency, 0);
  return { hops, cycles: (hops.at(-1) ?? 0) + latency };
}
