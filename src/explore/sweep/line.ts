/** Lines of a result file: one JSON object each, the same text whoever writes it. */
import type { Outcome, SweepLine } from "../../ir/sweep.js";
import type { Digest } from "./plan.js";
import { keyText, pointAt, type SweepSpace } from "./space.js";

/** Without the end of the line. */
export const encodeLine = (space: SweepSpace, index: number, outcome: Outcome, key: string): string =>
  JSON.stringify(lineOf(space, index, outcome, key));

const lineOf = (space: SweepSpace, index: number, outcome: Outcome, key: string): SweepLine => ({
  sweep: space.id,
  index,
  of: space.points,
  point: pointAt(space, index),
  ...outcome,
  key,
});

/** @returns `undefined` for what is not a line of a result file */
export function decodeLine(text: string): SweepLine | undefined {
  const found = parsed(text);
  if (!isRecord(found)) return undefined;
  const { sweep, index, of, point, key } = found;
  const isNumbered = isCount(index) && isCount(of) && index < of;
  if (typeof sweep !== "string" || typeof key !== "string" || !isNumbered) return undefined;
  return isPoint(point) && isOutcome(found) ? (found as unknown as SweepLine) : undefined; // every field was looked at
}

/** What is wrong with a line of this sweep; `undefined` when it is as the sweep would write it. */
export function lineFault(line: SweepLine, space: SweepSpace, digest: Digest): "sweep" | "content" | undefined {
  if (line.sweep !== space.id || line.of !== space.points) return "sweep";
  if (line.key !== digest(keyText(space, line.index))) return "content";
  return JSON.stringify(line.point) === JSON.stringify(pointAt(space, line.index)) ? undefined : "content";
}

/** The outcome that a line states. */
export const outcomeOfLine = (line: SweepLine): Outcome =>
  "infeasible" in line
    ? { infeasible: line.infeasible }
    : {
        energyPj: line.energyPj,
        latencyCycles: line.latencyCycles,
        peakBits: line.peakBits,
        dramBits: line.dramBits,
        peakBitsByMemory: line.peakBitsByMemory,
      };

const NUMBERS = ["energyPj", "latencyCycles", "peakBits", "dramBits"];

/** Whether JSON holds the numbers of a point or why there are none. */
export function isOutcome(value: Readonly<Record<string, unknown>>): boolean {
  if ("infeasible" in value) return Array.isArray(value.infeasible) && value.infeasible.every(isReason);
  const { peakBitsByMemory } = value;
  return NUMBERS.every((name) => isNumber(value[name])) && isRecord(peakBitsByMemory);
}

const isReason = (value: unknown): boolean =>
  isRecord(value) && typeof value.code === "string" && typeof value.message === "string";

const TEXTS = ["arch", "stacks", "overlap", "order"];

function isPoint(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value.tile)) return false;
  return (
    TEXTS.every((name) => typeof value[name] === "string") && isCount(value.tile.width) && isCount(value.tile.height)
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0;
const isCount = (value: unknown): value is number => isNumber(value) && Number.isSafeInteger(value);
