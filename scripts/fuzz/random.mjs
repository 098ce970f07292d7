/** Random numbers that a seed repeats (mulberry32). */

/**
 * @param {number} seed
 * @returns {() => number} numbers from 0 to below 1
 */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * @param {() => number} random
 * @param {number} count
 * @returns {number} a whole number from 0 to below `count`
 */
export const below = (random, count) => Math.floor(random() * count);

/**
 * @template T
 * @param {() => number} random
 * @param {readonly T[]} items - at least one
 * @returns {T}
 */
export function pick(random, items) {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}
