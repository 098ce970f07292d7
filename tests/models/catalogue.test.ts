import { describe, expect, it, test } from "vitest";
import { models } from "../../models/catalogue.mjs";
import { decodeGraph, modelBytes, modelNames } from "../support/models.js";

describe("models/", () => {
  it("holds exactly what the catalogue builds", () => {
    expect(modelNames).toEqual(Object.keys(models).sort());
  });

  test.each(Object.entries(models))("%s is reproduced byte for byte", (name, build) => {
    const file = modelBytes(name);
    expect(file.length).toBeLessThan(32 * 1024);
    expect(Buffer.compare(build(), file)).toBe(0);
  });

  test.each(modelNames)("%s has unique, named nodes", (name) => {
    const names = decodeGraph(modelBytes(name)).node?.map((node) => node.name) ?? [];
    expect(names).not.toContain("");
    expect(new Set(names).size).toBe(names.length);
  });

  // Weights: FSRCNN from DF §13; ResNet-18 and MobileNet-V2 as torchvision has them; the others summed by hand from their papers.
  test.each`
    name              | convolutions | weights
    ${"dmcnn-vd"}     | ${20}        | ${2 * 3 * 64 * 9 + 18 * 64 * 64 * 9}
    ${"fsrcnn"}       | ${8}         | ${15_992}
    ${"fsrcnn-valid"} | ${8}         | ${15_992}
    ${"mc-cnn"}       | ${4}         | ${64 * 9 + 3 * 64 * 64 * 9}
    ${"mobilenet-v1"} | ${27}        | ${864 + 9 * 4960 + 3_139_584 + 1_024_000}
    ${"mobilenet-v2"} | ${52}        | ${3_469_760}
    ${"resnet18"}     | ${20}        | ${11_678_912}
  `("$name has $convolutions convolutions and $weights weights", ({ name, convolutions, weights }) => {
    const graph = decodeGraph(modelBytes(name));
    const layers = graph.node?.filter(({ opType }) => opType === "Conv" || opType === "Gemm") ?? [];
    const shapes = new Map(graph.initializer?.map((shape) => [shape.name, shape.int64Data?.map(Number)]));
    const shapeOf = new Map(graph.node?.map((node) => [node.output?.[0], shapes.get(node.input?.[0])]));
    const elements = layers.map(({ input }) =>
      shapeOf.get(input?.[1])?.reduce((product, extent) => product * extent, 1),
    );

    expect(layers.filter(({ opType }) => opType === "Conv")).toHaveLength(convolutions);
    expect(elements.reduce((sum, count) => (sum ?? 0) + (count ?? Number.NaN), 0)).toBe(weights);
  });
});
