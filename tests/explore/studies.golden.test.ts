/** The study path against the reference: our carried networks and machines must give the published numbers, too. */
import { describe, expect, it } from "vitest";
import { createCostModel } from "../../src/backend/cost/cost-model.js";
import { evaluatePoint, prepare } from "../../src/explore/evaluate-point.js";
import { referencePoint } from "../../src/explore/studies/reference-points.js";
import { COSTS } from "../../src/ir/facts.js";
import type { Module } from "../../src/ir/module.js";
import { DEFINES } from "../../src/ir/rules.js";
import { studyAccelerator, studyNetwork } from "../../src/node/studies.js";
import { evaluated, overlapOf, type ReferenceRun } from "../passes/depth-first/reference.js";
import { hasShared, readShared, sharedFiles } from "../support/shared.js";

const FOLDER = ["golden", "defines", "points"] as const;
const costModel = createCostModel(DEFINES);

interface Point extends ReferenceRun {
  readonly total: { readonly energy: number; readonly latency1: number };
}

function runOf({ accelerator, workload, mode, tile_x, tile_y }: ReferenceRun) {
  const machine = accelerator.split(".").at(-1)!.toLowerCase().replaceAll("_", "-");
  const network = workload.split("workload_").at(-1)!;
  return { machine, network, point: { tile: { width: tile_x, height: tile_y }, overlap: overlapOf(mode) } };
}

function studied(run: ReferenceRun): Module {
  const { machine, network, point } = runOf(run);
  const prepared = prepare(studyNetwork(network), studyAccelerator(machine, network), "auto", costModel);
  return evaluatePoint(prepared, point, costModel);
}

describe.skipIf(!hasShared)("studies and the reference's points (skipped without the shared folder)", () => {
  it("finds points", () => expect(sharedFiles(".json", ...FOLDER).length).toBeGreaterThan(0));

  it.each(sharedFiles(".json", ...FOLDER))("%s", (file) => {
    const run: Point = JSON.parse(readShared(...FOLDER, file));
    const { energy, latency } = studied(run).get(COSTS).totals;
    expect(Math.abs(energy - run.total.energy)).toBeLessThanOrEqual(1e-9 * run.total.energy);
    expect(latency).toBe(run.total.latency1);
    const { machine, network, point } = runOf(run);
    const printed = referencePoint(DEFINES, machine, network, point); // a point that nobody carried yet has none
    expect(printed ?? { energy: run.total.energy, latency: run.total.latency1 }).toEqual({
      energy: run.total.energy,
      latency: run.total.latency1,
    });
  });

  it("some of them are carried as references", () => {
    const runs = sharedFiles(".json", ...FOLDER).map((file) => runOf(JSON.parse(readShared(...FOLDER, file))));
    const carried = runs.filter(({ machine, network, point }) => referencePoint(DEFINES, machine, network, point));
    expect(carried.length).toBeGreaterThan(40);
  });
});

/** `ascend_like/resnet18` of every workload file; each runs on the plain and on the DF-friendly machine. */
const pairs = sharedFiles(".workload.yaml", "golden/defines/workloads").flatMap((file) => {
  const [family = "", name = ""] = file.replace(".workload.yaml", "").split(/[\\/]/);
  return [`${family} ${name}`, `${family}_df ${name}`];
});

describe.skipIf(!hasShared)("carried networks, machines and hand-made mappings", () => {
  it.each(pairs)("%s costs what the shared files cost", (pair) => {
    const [accelerator = "", workload = ""] = pair.split(" ");
    const run: ReferenceRun = { accelerator, workload, mode: 3, tile_x: 16, tile_y: 18 };
    const [ours, theirs] = [studied(run), evaluated(run)].map((module) => module.get(COSTS));
    expect(ours!.stacks.map(({ totals }) => totals)).toEqual(theirs!.stacks.map(({ totals }) => totals));
  });
});
