import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { workloads } from "../../models/workloads/networks.mjs";
import { printWorkload } from "../../models/workloads/workload.mjs";
import { readMapping } from "../../src/frontend/zigzag/mapping.js";
import { readWorkload } from "../../src/frontend/zigzag/workload.js";
import { countLayers } from "../../src/ir/counts.js";
import { verifyNetwork } from "../../src/ir/verify.js";

const folder = new URL("../../models/workloads/", import.meta.url);
const text = (file: string) => readFileSync(new URL(file, folder), "utf8");
const filesEndingIn = (suffix: string) => readdirSync(folder).filter((file) => file.endsWith(suffix));
const networkOf = (name: string) => readWorkload(text(`${name}.workload.yaml`), name).network;

describe("models/workloads/", () => {
  it("holds exactly what the generator lists", () => {
    expect(filesEndingIn(".workload.yaml")).toEqual(Object.keys(workloads).map((name) => `${name}.workload.yaml`));
  });

  test.each(Object.entries(workloads))("%s is reproduced byte for byte, and read without a word", (name, workload) => {
    const file = `${name}.workload.yaml`;
    expect(printWorkload(workload)).toBe(text(file));
    const { network, diagnostics } = readWorkload(text(file), file);
    expect(diagnostics).toEqual([]);
    expect(verifyNetwork(network)).toEqual([]);
  });

  // FSRCNN: DF §13. Stages of the others: sums over their papers' tables, without biases; ResNet-18 has no projections here.
  test.each`
    name             | layers | weights
    ${"fsrcnn"}      | ${8}   | ${127_936 / 8}
    ${"mccnn"}       | ${4}   | ${9 * 64 + 3 * 9 * 64 * 64}
    ${"dmcnnvd"}     | ${20}  | ${2 * 9 * 3 * 64 + 18 * 9 * 64 * 64}
    ${"mobilenetv1"} | ${29}  | ${864 + 9 * 4960 + 3_139_584 + 1_024_000}
    ${"resnet18"}    | ${28}  | ${11_678_912 - 64 * 128 - 128 * 256 - 256 * 512}
  `("$name has $layers layers and $weights weights", ({ name, layers, weights }) => {
    const network = networkOf(name);
    expect(network.layers).toHaveLength(layers);
    expect(countLayers(network).weightElements).toBe(weights);
  });

  test.each(filesEndingIn(".mapping.yaml"))("%s names layers of its network", (file) => {
    const [, network = ""] = file.split(".");
    const names = networkOf(network).layers.map(({ name }) => name);
    const { dataflows, diagnostics } = readMapping(text(file), file);
    expect(diagnostics).toEqual([]);
    expect(dataflows.filter(({ name }) => !names.includes(name))).toEqual([]);
  });
});
