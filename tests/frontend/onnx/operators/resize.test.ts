/** Every index that a resampling reads lies in what its map says, for scales that do not divide and extents that are rounded. */
import { describe, expect, it, test } from "vitest";
import { inputInterval } from "../../../../src/ir/axis-map.js";
import { float, int64, type TensorSpec } from "../../../support/onnx-builder.js";
import { importModel, layerOf, lowered, shapeOf, singleNode } from "../../../support/onnx-import.js";

interface Case {
  readonly mode: string;
  readonly coordinates: string;
  readonly rounding: string;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** Position in the input of an output element, as the operator's definition has it. */
function position({ coordinates, from, to, scale }: Case, out: number): number {
  switch (coordinates) {
    case "asymmetric":
      return out / scale;
    case "half_pixel":
      return (out + 0.5) / scale - 0.5;
    case "pytorch_half_pixel":
      return to > 1 ? (out + 0.5) / scale - 0.5 : 0;
    case "align_corners":
      return to > 1 ? (out * (from - 1)) / (to - 1) : 0;
    case "tf_half_pixel_for_nn":
      return (out + 0.5) / scale;
    default: // half_pixel_symmetric
      return (from / 2) * (1 - to / (scale * from)) + (out + 0.5) / scale - 0.5;
  }
}

function nearest(at: number, rounding: string): number {
  if (rounding === "floor") return Math.floor(at);
  if (rounding === "ceil") return Math.ceil(at);
  return rounding === "round_prefer_floor" ? Math.ceil(at - 0.5) : Math.floor(at + 0.5);
}

/** Indices that an output element is made of; beyond the border the last element is read. */
function reads(resampling: Case, out: number): readonly number[] {
  const at = position(resampling, out);
  // At an element itself its neighbours weigh nothing; where nothing is resampled, runtimes copy.
  const isElement = resampling.mode !== "nearest" && Number.isInteger(at);
  if (isElement || resampling.scale === 1)
    return [Math.min(resampling.from - 1, Math.max(0, resampling.scale === 1 ? out : at))];
  const support = resampling.mode === "linear" ? 1 : 2;
  const indices =
    resampling.mode === "nearest"
      ? [nearest(at, resampling.rounding)]
      : Array.from({ length: 2 * support }, (_, i) => Math.floor(at) - support + 1 + i);
  return indices.map((index) => Math.min(resampling.from - 1, Math.max(0, index)));
}

const MODES = [
  ...["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"].map((rounding) => ({ mode: "nearest", rounding })),
  { mode: "linear", rounding: "floor" },
  { mode: "cubic", rounding: "floor" },
];
const COORDINATES = [
  "asymmetric",
  "half_pixel",
  "pytorch_half_pixel",
  "align_corners",
  "tf_half_pixel_for_nn",
  "half_pixel_symmetric",
];
const EXTENTS = [1, 2, 3, 4, 5, 8];
const SCALES = [0.3, 0.5, 0.6, 0.9, 1, 1.1, 1.5, 2, 2.1, 2.9, 3].map(Math.fround);
const SIZES = [1, 2, 3, 5, 6, 9, 16];

/** Outputs that read an index outside of what the map needs. */
function misses(resampling: Case, target: Readonly<Record<string, TensorSpec | "">>): readonly number[] {
  const { mode, coordinates, rounding, from, to } = resampling;
  const attributes = { mode, coordinate_transformation_mode: coordinates, nearest_mode: rounding };
  const layer = lowered({ op: "Resize", opset: 19, x: [1, 1, from], constants: target, attributes })?.layer;
  const map = layer?.operands[1]?.axes[2];
  return Array.from({ length: to }, (_, out) => out).filter((out) => {
    const interval = { lo: out, hi: out + 1 };
    const needed = map === undefined ? interval : inputInterval(map, interval, from);
    return !reads(resampling, out).every((index) => needed !== undefined && index >= needed.lo && index < needed.hi);
  });
}

describe.each(MODES)("$mode $rounding", (mode) => {
  it.each(COORDINATES)("%s, by scales", (coordinates) => {
    for (const from of EXTENTS)
      for (const scale of SCALES) {
        const to = Math.floor(Math.fround(from * scale));
        if (to < 1) continue;
        const resampling = { ...mode, coordinates, from, to, scale };
        expect({ from, scale, misses: misses(resampling, { r: "", s: float([1, 1, scale]) }) }).toEqual({
          from,
          scale,
          misses: [],
        });
      }
  });

  it.each(COORDINATES)("%s, by sizes", (coordinates) => {
    for (const from of EXTENTS)
      for (const to of SIZES) {
        const resampling = { ...mode, coordinates, from, to, scale: to / from };
        expect({ from, to, misses: misses(resampling, { r: "", s: "", z: int64([1, 1, to]) }) }).toEqual({
          from,
          to,
          misses: [],
        });
      }
  });
});

describe("an axis that keeps its extent", () => {
  const base = { op: "Resize", opset: 19, x: [1, 5] } as const;
  it("is a view only if its scale is 1", () => {
    expect(lowered({ ...base, constants: { r: "", s: float([1, 1]) } })).toBeUndefined();
    expect(lowered({ ...base, constants: { r: "", s: float([1, 1.1]) } })?.layer.operands[1]?.axes[1]).toMatchObject({
      kind: "resize",
      from: 5,
      to: 5,
    });
  });

  test.each<[what: string, roi: TensorSpec | undefined, kinds: readonly string[] | undefined]>([
    ["a region of interest of all", float([0, 0, 1, 1]), undefined],
    ["one that cuts the columns", float([0, 0.25, 1, 0.75]), ["pointwise", "whole"]],
    ["one that nobody knows", undefined, ["whole", "whole"]],
  ])("with %s", (_, roi, kinds) => {
    const attributes = { coordinate_transformation_mode: "tf_crop_and_resize", mode: "linear" };
    const inputs = roi === undefined ? { roi: [4] } : {};
    const constants = { ...(roi !== undefined && { roi }), s: "" as const, z: int64([1, 5]) };
    expect(
      lowered({ ...base, inputs, constants, attributes })?.layer.operands[1]?.axes.map(({ kind }) => kind),
    ).toEqual(kinds);
  });
});

it("one scale for all axes is not the ratio of their extents", () => {
  const spec = singleNode({
    op: "Resize",
    opset: 18,
    x: [1, 1, 3, 4],
    constants: { r: "", s: "", z: int64([6, 6]) },
    attributes: {
      axes: [2, 3],
      keep_aspect_ratio_policy: "not_larger",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    },
  });
  expect(shapeOf(spec, "y")).toEqual([1, 1, 5, 6]); // 1.5 · 3 is 4.5: rows are rounded, columns not
  expect(layerOf(importModel(spec), "n").operands[1]?.axes.slice(2)).toEqual([
    { kind: "resize", out: "OY", from: 3, to: 5, reach: 1 },
    { kind: "resize", out: "OX", from: 4, to: 6, reach: 0 },
  ]);
});
