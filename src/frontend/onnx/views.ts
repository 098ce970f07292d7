/** Reshapes that move no data: which loops index the stored tensor when an operator reads it under another shape. */
import { type AxisMap, loopsOf } from "../../ir/axis-map.js";
import { SINGLE } from "./feature-map.js";

/**
 * Maps over the axes of a stored tensor, given those over the axes of its reshaped view. Axes are matched in row-major order;
 * an axis of extent 1 comes and goes freely, and several pointwise axes that split one stored axis index it in mixed radix. Where
 * the reshape mixes axes up otherwise, every output needs the whole of them.
 *
 * @param stored - extents of the tensor
 * @param viewed - extents of the view: the same number of elements
 * @param maps - one per axis of the view
 */
export function throughReshape(
  stored: readonly number[],
  viewed: readonly number[],
  maps: readonly AxisMap[],
): readonly AxisMap[] {
  const result: AxisMap[] = [];
  for (let axis = 0, view = 0; axis < stored.length; ) {
    if (stored[axis] === viewed[view]) {
      result.push(maps[view] ?? SINGLE);
      axis++;
      view++;
    } else if (stored[axis] === 1) {
      result.push(SINGLE);
      axis++;
    } else if (viewed[view] === 1) view++;
    else {
      const group = nextGroup(stored.slice(axis), viewed.slice(view));
      for (const map of mixed(group.stored, maps.slice(view, view + group.viewed))) result.push(map);
      axis += group.stored;
      view += group.viewed;
    }
  }
  return result;
}

/** Smallest runs of axes at the start of both that hold the same number of elements. */
function nextGroup(stored: readonly number[], viewed: readonly number[]) {
  const count = { stored: 1, viewed: 1 };
  let [left, right] = [stored[0] ?? 1, viewed[0] ?? 1];
  while (left !== right && (count.stored < stored.length || count.viewed < viewed.length)) {
    if ((left < right && count.stored < stored.length) || count.viewed === viewed.length)
      left *= stored[count.stored++] ?? 1;
    else right *= viewed[count.viewed++] ?? 1;
  }
  return count;
}

function mixed(axes: number, maps: readonly AxisMap[]): readonly AxisMap[] {
  const loops = [...new Set(maps.flatMap(loopsOf))];
  if (axes === 1 && maps.every(({ kind }) => kind === "pointwise")) return [{ kind: "pointwise", loops }];
  return Array.from({ length: axes }, () => ({ kind: "whole", loops }));
}
