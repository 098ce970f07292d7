import { expect, it, test } from "vitest";
import { DiagnosticError } from "../../src/ir/diagnostics.js";
import { TILING } from "../../src/ir/facts.js";
import { codes, compile } from "../support/compile.js";
import { conv, moduleOf, network, whole } from "../support/networks.js";

const layers = () =>
  network(
    conv("a", { K: 4, C: 4, OX: 20, OY: 10, F: 3 }),
    conv("b", { K: 4, C: 4, OX: 18, OY: 8, F: 3, from: "a" }),
    whole("move", "movement", { K: 4, OX: 18, OY: 8, from: "b" }),
  );

test.each`
  tile                        | expected            | notes                                      | why
  ${"full"}                   | ${["18x8", "18x8"]} | ${["layers-costed-alone"]}                 | ${"the whole output"}
  ${{ width: 4, height: 3 }}  | ${["4x3", "18x8"]}  | ${["layers-costed-alone"]}                 | ${"layers that stand alone are never tiled"}
  ${{ width: 18, height: 8 }} | ${["18x8", "18x8"]} | ${["layers-costed-alone"]}                 | ${"exactly the output is not clamped"}
  ${{ width: 99, height: 3 }} | ${["18x3", "18x8"]} | ${["layers-costed-alone", "tile-clamped"]} | ${"clamped in one direction"}
`("$tile: $why", ({ tile, expected, notes }) => {
  const { module, diagnostics } = compile(moduleOf(layers()), { tiles: { tile }, upTo: "tile-stacks" });
  expect(module.get(TILING).map((tiling) => `${tiling.tile.width}x${tiling.tile.height}`)).toEqual(expected);
  expect(codes(diagnostics)).toEqual(notes);
});

it("notes all clamped stacks at once", () => {
  const { diagnostics } = compile(moduleOf(layers()), {
    stacks: { rule: "per-layer" },
    tiles: { tile: { width: 99, height: 99 } },
    upTo: "tile-stacks",
  });
  const clamped = diagnostics.filter(({ code }) => code === "tile-clamped");
  expect(clamped).toHaveLength(1);
  expect(clamped[0]?.message).toMatch(/99x99 .* 2 stacks: stack 0 uses 20x10, stack 1 uses 18x8/);
});

it("knows one order of tiles under the published rules", () => {
  const refused = () => compile(moduleOf(layers()), { tiles: { order: "y-first" }, upTo: "tile-stacks" });
  expect(refused).toThrow(DiagnosticError);
  expect(refused).toThrow(/use order x-first/);
});
