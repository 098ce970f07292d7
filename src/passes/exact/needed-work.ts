/** What the layers of a stack compute for anybody, each part once (EM §1). */
import type { Work } from "../../ir/facts.js";
import { hull, type Interval } from "../../ir/interval.js";
import type { Layer, LayerId, Tensor, TensorId } from "../../ir/network.js";
import { isComputed } from "../assign-dataflow.js";
import { type Intervals, intervalAt } from "../regions/intervals.js";
import { type StackGeometry, turned } from "./geometry.js";
import { workOn } from "./layer-problems.js";
import { type Both, both, type DirectedLoops, type StackMaps } from "./stack-maps.js";

type MaybeEmpty = Interval | undefined;

const NO_WORK: Work = { operations: 0, macs: 0 };

/**
 * Work of every layer on all that any tile computes. Kept, that is all from the first element to the last; where overlap is computed again
 * and no tile asks for what lies between the windows of a stride beyond them, these holes are not part of it.
 */
export function neededWork(
  { maps, loops }: StackMaps,
  { regions, order }: StackGeometry,
  stored: ReadonlyMap<TensorId, Tensor>,
): ReadonlyMap<LayerId, Work> {
  const entries = maps.flatMap(({ node }): readonly (readonly [LayerId, Work])[] => {
    const { layer } = node;
    if (layer === undefined) return [];
    const { x, y } = regions.get(node.id)!; // every map has regions
    const parts = turned({ x: union(x.computed), y: union(y.computed) }, order);
    return [[layer.id, isComputed(layer) ? workOnParts(layer, loops.get(node.id) ?? {}, parts, stored) : NO_WORK]];
  });
  return new Map(entries);
}

/** Work is a product over the directions: the share of each that its parts make up. */
function workOnParts(
  layer: Layer,
  directed: DirectedLoops,
  parts: Both<readonly Interval[]>,
  stored: ReadonlyMap<TensorId, Tensor>,
): Work {
  const [x, y] = [parts.x.reduce<MaybeEmpty>(hull, undefined), parts.y.reduce<MaybeEmpty>(hull, undefined)];
  if (x === undefined || y === undefined) return NO_WORK;
  const box: Both<Interval> = { x, y };
  const whole = workOn(layer, directed, box, stored);
  const shares = both((direction) => {
    if (parts[direction].length === 1 || whole.operations === 0) return 1;
    const along = (part: Interval) => workOn(layer, directed, { ...box, [direction]: part }, stored).operations;
    return parts[direction].reduce((sum, part) => sum + along(part), 0) / whole.operations;
  });
  return { operations: whole.operations * shares.x * shares.y, macs: whole.macs * shares.x * shares.y };
}

/** Disjoint parts that make up all the intervals, in order. */
function union(intervals: Intervals): readonly Interval[] {
  const sorted = Array.from({ length: intervals.lo.length }, (_, i) => intervalAt(intervals, i))
    .filter((part) => part !== undefined)
    .sort((a, b) => a.lo - b.lo);
  const parts: Interval[] = [];
  for (const part of sorted) {
    const last = parts.at(-1);
    if (last === undefined || part.lo > last.hi) parts.push(part);
    else parts[parts.length - 1] = { lo: last.lo, hi: Math.max(last.hi, part.hi) };
  }
  return parts;
}
