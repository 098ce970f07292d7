import { describe, expect, test } from "vitest";
import { importOnnx } from "../src/frontend/onnx/import.js";
import { COSTS } from "../src/ir/facts.js";
import { schedule } from "../src/kerf.js";
import { modelBytes } from "./support/models.js";
import { builtIn } from "./support/networks.js";

/**
 * FSRCNN on Meta_prototype_DF, factor limit 6: totals of the DeFiNES reference implementation (DF §13.6 and further points of its
 * grid). Padding plays no part under these rules, so both files of the network give the same numbers.
 */
describe.each(["fsrcnn", "fsrcnn-valid"])("the published totals of %s", (name) => {
  const { network } = importOnnx(modelBytes(name), { file: `${name}.onnx` });
  test.each`
    overlap           | width  | height | energy             | latency
    ${"recompute"}    | ${60}  | ${72}  | ${2361363150.545}  | ${22776595}
    ${"h-cached"}     | ${60}  | ${72}  | ${2220992385.935}  | ${21345958}
    ${"fully-cached"} | ${60}  | ${72}  | ${2154699943.145}  | ${20187977}
    ${"fully-cached"} | ${4}   | ${72}  | ${1813734143.38}   | ${18484958}
    ${"fully-cached"} | ${960} | ${540} | ${20265261895.015} | ${29008303}
    ${"recompute"}    | ${4}   | ${4}   | ${5992929908.785}  | ${97429053}
    ${"h-cached"}     | ${4}   | ${4}   | ${2790292457.485}  | ${37416153}
    ${"fully-cached"} | ${240} | ${270} | ${17848397130.405} | ${30705832}
  `("$overlap $width x $height", ({ overlap, width, height, energy, latency }) => {
    const { module } = schedule(network, builtIn("meta-prototype-df"), {
      costModel: "defines",
      overlap,
      tile: { width, height },
    });
    const { totals } = module.get(COSTS);
    expect(Math.abs(totals.energy / energy - 1)).toBeLessThan(1e-9);
    expect(totals.latency).toBe(latency);
  });
});
