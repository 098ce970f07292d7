/** Operators of which every output may need anything of an input. */
import type { AxisMap } from "../../ir/axis-map.js";

/** All of every axis, whatever the loops. */
export const wholeAxes = (dims: readonly number[]): readonly AxisMap[] =>
  dims.map(() => ({ kind: "whole", loops: [] }));
