/** Port words of a transfer (SL §7; Q14, Q15). */
import type { Behaviours, RuleSet } from "../../../ir/rules.js";

/** Width and smallest access of a port, bits. */
export interface PortWidth {
  readonly bandwidth: number;
  readonly granularity: number;
}

/** All results are accesses of the full port width over the whole layer; fractional where the granularity is finer. */
export interface WordsPolicy {
  /** Between a memory and the level above it. `amount` elements of `width` bits, `count` times, at each of `instances`. */
  highSide(amount: number, width: number, count: number, instances: number, port: PortWidth): number;
  /**
   * Between a memory and the level below it.
   *
   * @param partner - bits per cycle that all instances below can take (or give) together; `undefined` at the array
   */
  lowSide(
    amount: number,
    width: number,
    count: number,
    instances: number,
    port: PortWidth,
    partner: number | undefined,
  ): number;
}

export const WORDS: Behaviours<RuleSet["words"], WordsPolicy> = {
  published: { quirks: ["SL-Q14", "SL-Q15"], rule: { highSide: wholeTransfer, lowSide: wholeBeats } },
  // both ends of a link count the granules of one transfer
  granules: { quirks: ["SL-Q14", "SL-Q15"], rule: { highSide: wholeTransfer, lowSide: wholeTransfer } },
};

/** The partner's width and the number of beats play no part (Q15). */
function wholeTransfer(amount: number, width: number, count: number, instances: number, port: PortWidth): number {
  const { bandwidth, granularity } = port;
  return Math.ceil((amount * width) / granularity) * (granularity / bandwidth) * count * instances;
}

/** The last beat is charged like a full one (Q14). */
function wholeBeats(
  amount: number,
  width: number,
  count: number,
  instances: number,
  port: PortWidth,
  partner: number | undefined,
): number {
  if (amount === 0 || width === 0) return 0;
  const { bandwidth, granularity } = port;
  const perBeat = partner === undefined ? amount : Math.min(partner / width, bandwidth / width, amount);
  const beats = partner === undefined ? 1 : Math.ceil(amount / perBeat);
  return Math.ceil((perBeat * width) / granularity) * (granularity / bandwidth) * count * beats * instances;
}
