/** A transposed convolution along one axis as its output phases: each is a window of stride 1 over the input (EM §1). */
import { gcd } from "../../ir/arithmetic.js";
import type { TransposedMap } from "../../ir/axis-map.js";
import type { Interval } from "../../ir/interval.js";

/** Outputs with one remainder modulo the stride, and the taps that hit them. */
export interface TapPhase {
  /** Number of outputs. */
  readonly outputs: number;
  /** Number of taps; 1 where no tap hits the phase: it writes what lies between. */
  readonly taps: number;
  /** Input of the first output's last tap, counted from the tensor's first element; the taps run on from there. */
  readonly first: number;
  /** Inputs from one tap to the next. */
  readonly dilation: number;
}

/**
 * @param output - interval of the output axis
 * @param kernel - taps of the whole kernel
 */
export function tapPhases(map: TransposedMap, output: Interval, kernel: number): readonly TapPhase[] {
  const { stride, dilation, before } = map;
  const step = stride / gcd(dilation, stride); // taps of one phase are so far apart
  return Array.from({ length: stride }, (_, remainder): TapPhase | undefined => {
    const start = output.lo + modulo(remainder - output.lo - before, stride);
    const outputs = Math.ceil((output.hi - start) / stride);
    if (outputs <= 0) return undefined;
    const lead = firstTap(dilation, stride, remainder, kernel);
    if (lead === undefined) return { outputs, taps: 1, first: -outputs, dilation: 1 }; // all of it before the first input
    const taps = Math.ceil((kernel - lead) / step);
    const last = lead + (taps - 1) * step;
    return {
      outputs,
      taps,
      first: (start + before - dilation * last) / stride,
      dilation: (dilation * step) / stride,
    };
  }).filter((phase) => phase !== undefined);
}

/** Pairs of an input and a tap that hit the outputs, along one axis: the multiplications that a scatter would do. */
export function hittingPairs(map: TransposedMap, output: Interval, kernel: number, extent: number): number {
  let pairs = 0;
  for (let tap = 0; tap < kernel; tap++) {
    const offset = map.dilation * tap - map.before;
    const first = Math.max(0, Math.ceil((output.lo - offset) / map.stride));
    const last = Math.min(extent - 1, Math.floor((output.hi - 1 - offset) / map.stride));
    pairs += Math.max(0, last - first + 1);
  }
  return pairs;
}

/** First tap whose distance leaves `remainder` modulo the stride. */
function firstTap(dilation: number, stride: number, remainder: number, kernel: number): number | undefined {
  for (let tap = 0; tap < Math.min(stride, kernel); tap++) if (modulo(dilation * tap, stride) === remainder) return tap;
  return undefined;
}

const modulo = (n: number, m: number): number => ((n % m) + m) % m;
