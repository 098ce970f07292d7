import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readAccelerator } from "../../../src/frontend/zigzag/accelerator.js";
import { readMapping } from "../../../src/frontend/zigzag/mapping.js";
import { readWorkload } from "../../../src/frontend/zigzag/workload.js";
import type { Accelerator, Dataflow, OperationalArray } from "../../../src/ir/accelerator.js";
import { dataflowFor } from "../../../src/ir/dataflow.js";
import type { Layer } from "../../../src/ir/network.js";
import { hasShared, readShared, sharedFiles } from "../../support/shared.js";

const folder = new URL("../../../architectures/", import.meta.url);
const builtIn: readonly Accelerator[] = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => readAccelerator(readFileSync(new URL(file, folder), "utf8"), file).accelerator);
const named = (name: string): Accelerator | undefined =>
  builtIn.find((accelerator) => accelerator.name === name.replaceAll("_", "-"));

const published = sharedFiles(".yaml", "golden/defines/accelerators");

describe.skipIf(!hasShared)("built-in accelerators (skipped without the shared folder)", () => {
  test.each(published)("%s is built in, field by field", (file) => {
    const text = readShared("golden/defines/accelerators", file);
    const { name, array, memories } = readAccelerator(text, file).accelerator;
    const ours = named(name);
    expect({ array: ours?.array, memories: ours?.memories }).toEqual({ array, memories });
  });

  test("nothing but the published set is built in", () => {
    const names = published.map((file) => file.replace(".yaml", "").replaceAll("_", "-"));
    expect(builtIn.map(({ name }) => name).sort()).toEqual(names.sort());
  });
});

/**
 * Layers whose published mapping was made by hand: Ascend-like unrolls fewer channels than it has lanes for (2 of the 3 input
 * channels of ResNet-18's first layer, 8 of the 1024 channels of MobileNet's pooling), Tesla-NPU-like 7 of 8 columns where maps of
 * ResNet-18 are 7 wide without growth.
 */
const BY_HAND: Readonly<Record<string, readonly string[]>> = {
  "ascend_like/resnet18": ["0"],
  "ascend_like/mobilenetv1": ["27"],
  "tesla_npu_like/resnet18": ["20", "21", "22", "23"],
};

const mappings = sharedFiles(".mapping.yaml", "golden/defines/workloads").map((file) =>
  file.replace(".mapping.yaml", ""),
);

describe.skipIf(!hasShared)("dataflows of the built-in accelerators", () => {
  test.each(mappings)("%s: the rule gives each layer what its mapping file does", (workload) => {
    const path = `golden/defines/workloads/${workload}`;
    const { layers } = readWorkload(readShared(`${path}.workload.yaml`), workload).network;
    const { dataflows } = readMapping(readShared(`${path}.mapping.yaml`), workload);
    const family = workload.split(/[\\/]/)[0]!;
    const accelerators = [named(family), named(`${family}_df`)].filter((found) => found !== undefined);
    expect(accelerators).toHaveLength(2);
    for (const { array, dataflows: rule } of accelerators) {
      const differing = layers.filter((layer) => {
        const [ours, theirs] = [rule, dataflows].map((flows) => effective(dataflowFor(layer, flows), layer, array));
        return ours !== theirs;
      });
      expect(differing.map(({ id }) => id)).toEqual(BY_HAND[workload] ?? []);
    }
  });
});

/** Unrolled loops as they come out: limited by the array and by the layer; a loop of one iteration unrolls nothing (SL §2.1). */
function effective(dataflow: Dataflow | undefined, { loops, operands }: Layer, { dims }: OperationalArray): string {
  const unrolls = (dataflow?.unrolling ?? []).flatMap(({ arrayDim, dim, size }) => {
    const units = dims.find(({ name }) => name === arrayDim)?.size ?? 1;
    const used = Math.min(size, units, loops.find((loop) => loop.dim === dim)?.size ?? 1);
    return used > 1 ? [`${arrayDim}: ${dim} ${used}`] : [];
  });
  const links = operands.map(({ name }) => `${name}: ${dataflow?.links[name]}`);
  return [...unrolls, ...links].join(", ");
}
