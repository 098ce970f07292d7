/** Layers, networks and points that benchmarks run on. */
import type { Network } from "../src/ir/network.js";
import { META_PROTOTYPE, conv as problem } from "../tests/backend/cost/mapper/fixtures.js";
import { conv, network } from "../tests/support/networks.js";

const UNROLLING = { D1: ["K", 32], D2: ["C", 2], D3: ["OX", 4], D4: ["OY", 4] } as const;

/** A 5×5 convolution of a single channel: 720 orders under the published limit of six factors. */
export const LARGE_WINDOW = problem({ B: 1, K: 56, C: 1, OY: 72, OX: 60, FY: 5, FX: 5 }, META_PROTOTYPE, {
  D1: ["K", 32],
  D3: ["OX", 4],
  D4: ["OY", 4],
});

/** A 3×3 convolution with 26 million loop orders. */
export const LARGE = problem({ K: 64, C: 64, OY: 72, OX: 60, FY: 3, FX: 3 }, META_PROTOTYPE, UNROLLING);

/** Two loop factors: few enough for every order, cut and number of blocks. */
export const SMALL = problem({ K: 64, C: 2, OY: 4, OX: 4, FY: 3, FX: 1 }, META_PROTOTYPE, UNROLLING);

/** A layer of so many loop factors of two outside the array, and a window of three by three. */
export function layerOfFactors(count: number) {
  const [channels, rows] = [Math.ceil(count / 2), Math.floor(count / 2)];
  const sizes = { K: 32 * 2 ** channels, C: 2, OY: 4 * 2 ** rows, OX: 4, FY: 3, FX: 3 };
  return problem(sizes, META_PROTOTYPE, UNROLLING);
}

/** A chain of 3×3 convolutions whose last map is so large. */
export function chainOf(layers: number, width: number, height: number, channels = 16): Network {
  return network(
    ...Array.from({ length: layers }, (_, i) => {
      const border = 2 * (layers - 1 - i);
      const from = i === 0 ? "x" : `c${i - 1}`;
      return conv(`c${i}`, { K: channels, C: channels, OX: width + border, OY: height + border, F: 3, from });
    }),
  );
}
