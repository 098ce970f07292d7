/** What an accelerator may leave unstated: the list of what is then assumed to be none, and sums over what it does state. */
import { type Accelerator, type Memory, replicas } from "./accelerator.js";
import {
  type PicojoulesPerCycle,
  picojoulesPerCycle,
  type SquareMillimetres,
  squareMillimetres,
} from "./physical-units.js";

/**
 * Optional facts that the accelerator does not state, in a fixed order, as words for a report. What only some parts lack names them:
 * `burst of l1, l2`. Unstated layouts are dense (EM §2), unstated padded MACs are run (EM §1).
 */
export function assumedNone(accelerator: Accelerator): readonly string[] {
  const { array, memories, vectorUnit, staticEnergy, clock, paddedMacs } = accelerator;
  const perMemory = (fact: (memory: Memory) => unknown): readonly Part[] =>
    memories.map((memory) => ({ name: memory.id, fact: fact(memory) }));
  const rest = { name: "array", fact: staticEnergy };
  return [
    ...(vectorUnit === undefined ? ["vector unit"] : []),
    ...(staticEnergy === undefined ? lacking("static energy", [rest, ...perMemory((m) => m.staticEnergy)]) : []),
    ...(clock === undefined ? ["clock"] : []),
    ...lacking("area", [{ name: "array", fact: array.area }, ...perMemory(({ area }) => area)]),
    ...(paddedMacs === undefined ? ["skipping of padded MACs"] : []),
    ...lacking(
      "burst",
      perMemory(({ burst }) => burst),
    ),
    ...lacking(
      "layout (dense)",
      perMemory(({ layout }) => layout),
    ),
  ];
}

/** A part of the machine, and what it states; `undefined`: nothing. */
interface Part {
  readonly name: string;
  readonly fact: unknown;
}

function lacking(what: string, parts: readonly Part[]): readonly string[] {
  const without = parts.filter(({ fact }) => fact === undefined).map(({ name }) => name);
  if (without.length === parts.length) return [what];
  return without.length === 0 ? [] : [`${what} of ${without.join(", ")}`];
}

/**
 * Static energy of the whole machine per cycle, every instance of a memory counted; `undefined` where nothing states any.
 *
 * @throws RangeError when the sum is not finite
 */
export function totalStaticEnergy(accelerator: Accelerator): PicojoulesPerCycle | undefined {
  const sum = sumStated(accelerator, accelerator.staticEnergy, ({ staticEnergy }) => staticEnergy);
  return sum === undefined ? undefined : picojoulesPerCycle(sum);
}

/**
 * Area of the array and of every instance of the memories, as far as they state it; `undefined` where nothing states any.
 *
 * @throws RangeError when the sum is not finite
 */
export function totalArea(accelerator: Accelerator): SquareMillimetres | undefined {
  const sum = sumStated(accelerator, accelerator.array.area, ({ area }) => area);
  return sum === undefined ? undefined : squareMillimetres(sum);
}

function sumStated(
  { array, memories }: Accelerator,
  own: number | undefined,
  ofInstance: (memory: Memory) => number | undefined,
): number | undefined {
  const parts = memories.flatMap((memory) => {
    const value = ofInstance(memory);
    return value === undefined ? [] : [value * replicas(array, memory)];
  });
  if (own === undefined && parts.length === 0) return undefined;
  return parts.reduce((sum, part) => sum + part, own ?? 0);
}
