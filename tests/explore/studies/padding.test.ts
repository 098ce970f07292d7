/** The padding study on small networks and few points. */
import { describe, expect, it } from "vitest";
import { createCostModel } from "../../../src/backend/cost/cost-model.js";
import { printStudy } from "../../../src/backend/emit/study-text.js";
import { printPoint, type TilePoint } from "../../../src/explore/grid.js";
import { paddingPoints, runPadding } from "../../../src/explore/studies/padding.js";
import { NETWORKS, type StudyContext } from "../../../src/explore/studies/study.js";
import type { CostModel, MappingProblem, MappingResult } from "../../../src/ir/cost-model.js";
import { type Diagnostic, DiagnosticError } from "../../../src/ir/diagnostics.js";
import { COSTS } from "../../../src/ir/facts.js";
import type { Network } from "../../../src/ir/network.js";
import { DEFINES, EXACT } from "../../../src/ir/rules.js";
import type { StudyResult } from "../../../src/ir/study.js";
import { schedule } from "../../../src/kerf.js";
import { studyModel } from "../../../src/node/study-models.js";
import { builtIn } from "../../support/networks.js";
import { node } from "../../support/onnx-builder.js";
import { importModel } from "../../support/onnx-import.js";

const padded = { pads: [1, 1, 1, 1] };

/** Padded convolutions around a branch; the last layer's weights need a stack of their own. */
const branched = importModel({
  inputs: { x: [1, 4, 12, 12] },
  initializers: { w: [8, 4, 3, 3], v: [8, 8, 3, 3], u: [8, 8, 3, 3], t: [1200, 8, 2, 2], s: [1200, 1200, 1, 1] },
  nodes: [
    node("Conv", ["x", "w"], ["a"], padded, "a"),
    node("Conv", ["a", "v"], ["b"], padded, "b"),
    node("Conv", ["b", "u"], ["c"], padded, "c"),
    node("Add", ["a", "c"], ["d"], {}, "d"),
    node("Conv", ["d", "t"], ["e"], { strides: [2, 2] }, "e"),
    node("Conv", ["e", "s"], ["f"], {}, "f"),
  ],
}).network;
const plain = importModel({
  inputs: { x: [1, 4, 10, 10] },
  initializers: { w: [8, 4, 3, 3] },
  nodes: [node("Conv", ["x", "w"], ["a"], padded, "a")],
}).network;

const NETS: Readonly<Record<string, Network>> = { branched, plain };
const context: StudyContext = {
  costModel: createCostModel(DEFINES),
  exactModel: createCostModel(EXACT),
  network: () => {
    throw new Error("the study is about models with padding");
  },
  model: (name) => NETS[name]!,
  accelerator: (name) => builtIn(name),
};
const POINTS: readonly TilePoint[] = [
  { tile: "full", overlap: "fully-cached" },
  { tile: { width: 2, height: 5 }, overlap: "recompute" },
  { tile: { width: 6, height: 3 }, overlap: "fully-cached" },
];
const result = runPadding(context, "meta-prototype-df", Object.keys(NETS), () => POINTS);

const column = ({ blocks }: StudyResult, id: string, title: string): readonly (number | string)[] => {
  const table = blocks.find((block) => block.id === id);
  if (table?.kind !== "table") throw new Error(`no table '${id}'`);
  return table.rows.map((row) => row[table.columns.findIndex((found) => found.title === title)]!);
};
const numbers = (id: string, title: string) => column(result, id, title).map(Number);

const isUncut = ({ loops }: MappingProblem): boolean => loops.some(({ dim, size }) => dim === "OX" && size >= 10);
const same = (found: MappingResult): MappingResult => found;
function dearer(found: MappingResult): MappingResult {
  if (!found.feasible) return found;
  const { macEnergy, memoryEnergy, energyByLevel, ...cost } = found.cost;
  const scaled = Object.entries(energyByLevel).map(([operand, levels]) => [operand, levels.map((pJ) => 1000 * pJ)]);
  const energies = { macEnergy, memoryEnergy: 1000 * memoryEnergy, energyByLevel: Object.fromEntries(scaled) };
  return { ...found, cost: { ...cost, ...energies, energy: macEnergy + 1000 * memoryEnergy } };
}

const stacks = { cuts: ["e"] };
const scheduled = (point: TilePoint, costModel: "defines" | "exact") =>
  schedule(branched, builtIn(), { ...point, stacks, costModel, between: "top" }).module.get(COSTS);

describe("the padding study", () => {
  it("costs every point as plain schedules on the published stacks do, under both rules", () => {
    const ours = column(result, "points", "network").flatMap((name, i) => (name === "branched" ? [i] : []));
    expect(ours.map((i) => column(result, "points", "tile")[i])).toEqual(POINTS.map(printPoint));
    for (const [rules, costModel] of [
      ["published", "defines"],
      ["exact", "exact"],
    ] as const) {
      const totals = POINTS.map((point) => scheduled(point, costModel).totals);
      expect(ours.map((i) => numbers("points", `energy, ${rules}`)[i])).toEqual(totals.map(({ energy }) => energy));
      expect(ours.map((i) => numbers("points", `cycles, ${rules}`)[i])).toEqual(totals.map(({ latency }) => latency));
    }
  });

  it("executes the model's MACs where nothing is recomputed, and more as published", () => {
    const macs = plain.layers.reduce((sum, layer) => sum + layer.macs, 0);
    const uncut = column(result, "points", "network").indexOf("plain");
    expect(numbers("points", "MACs, exact")[uncut]).toBe(macs);
    expect(numbers("points", "MACs, exact")[uncut + 1]).toBe(macs); // one layer has nothing to recompute
    const [published, exact] = ["published", "exact"].map((rules) => numbers("points", `MACs, ${rules}`)[0]!);
    expect(published).toBeGreaterThan(exact!); // larger maps in front of the second layer
    expect(numbers("best", "MACs of the model").at(-1)).toBe(macs);
  });

  it("takes each rule set's best point", () => {
    const rows = column(result, "best", "network").map((name, i) => [name, column(result, "best", "rules")[i]]);
    expect(rows).toEqual(
      Object.keys(NETS).flatMap((name) => [
        [name, "published"],
        [name, "exact"],
      ]),
    );
    rows.forEach(([name, rules], i) => {
      const energies = numbers("points", `energy, ${rules}`).filter(
        (_, p) => column(result, "points", "network")[p] === name,
      );
      expect(numbers("best", "energy")[i]).toBe(Math.min(...energies));
    });
  });

  it("has a regret of at least 1, and the exact energy of what the published rules choose", () => {
    for (const regret of numbers("regret", "regret")) expect(regret).toBeGreaterThanOrEqual(1);
    const chosen = column(result, "regret", "published choice")[0];
    const point = POINTS.find((candidate) => printPoint(candidate) === chosen)!;
    expect(numbers("regret", "its energy, exact")[0]).toBe(scheduled(point, "exact").totals.energy);
    expect(numbers("regret", "energy")[0]).toBe(numbers("best", "energy")[1]);
  });

  it("chooses for each stack by itself where there are several", () => {
    const rows = column(result, "regret", "network").map(
      (name, i) => `${name} ${column(result, "regret", "tile and mode")[i]}`,
    );
    expect(rows).toEqual(["branched one for all stacks", "branched each stack its own", "plain one for all stacks"]);
    const best = (costModel: "defines" | "exact", s: number) => {
      const costs = POINTS.map((point) => scheduled(point, costModel).stacks[s]!.totals.energy);
      return costs.indexOf(Math.min(...costs));
    };
    const exactly = (costModel: "defines" | "exact") =>
      [0, 1].reduce((sum, s) => sum + scheduled(POINTS[best(costModel, s)]!, "exact").stacks[s]!.totals.energy, 0);
    expect(numbers("regret", "its energy, exact")[1]).toBe(exactly("defines"));
    expect(numbers("regret", "energy")[1]).toBe(exactly("exact"));
  });

  it("regrets a choice that the exact rules would not make", () => {
    const { costModel } = context; // to rules that find uncut layers dear, a tile is best
    const averse: CostModel = {
      ...costModel,
      mapLayer: (problem) => (isUncut(problem) ? dearer : same)(costModel.mapLayer(problem)),
    };
    const study = runPadding({ ...context, costModel: averse }, "meta-prototype-df", ["plain"], () => POINTS);
    const exact = column(study, "points", "energy, exact").map(Number);
    const published = column(study, "points", "energy, published").map(Number);
    const chosen = published.indexOf(Math.min(...published));
    expect(exact[chosen]).toBeGreaterThan(Math.min(...exact));
    expect(column(study, "regret", "regret")).toEqual([exact[chosen]! / Math.min(...exact)]);
  });

  it("leaves out points without a schedule, and says so", () => {
    const reason: Diagnostic = { code: "no", severity: "error", message: "no", where: {}, hint: "" };
    const picky: StudyContext = {
      ...context,
      exactModel: {
        ...context.exactModel,
        mapLayer: (problem) => {
          if (problem.loops.some(({ dim, size }) => dim === "OX" && size === 2))
            throw new DiagnosticError([reason], "infeasible");
          return context.exactModel.mapLayer(problem);
        },
      },
    };
    const partial = runPadding(picky, "meta-prototype-df", ["plain"], () => POINTS);
    expect(column(partial, "points", "tile")).toEqual([printPoint(POINTS[0]!), printPoint(POINTS[2]!)]);
    expect(printStudy(partial)).toContain("left out: 1 of plain");
    expect(printStudy(result)).not.toContain("left out");
  });

  it("tells how far it is", () => {
    const told: (readonly [number, number])[] = [];
    const progress = (done: number, of: number) => void told.push([done, of]);
    runPadding({ ...context, progress }, "meta-prototype-df", Object.keys(NETS), () => POINTS);
    expect(told).toEqual([0, 1, 2, 3, 4, 5].map((done) => [done, 6]));
  });
});

describe("the space", () => {
  it.each([
    [{ width: 960, height: 540 }, ["240x135", "120x68", "60x34"]],
    [{ width: 28, height: 28 }, ["14x14", "7x7"]],
  ])("of %o has the uncut map and tiles in every mode", (extent, tiles) => {
    const printed = paddingPoints(extent).map(printPoint);
    const modes = ["recompute", "h-cached", "fully-cached"];
    expect(printed).toEqual(["uncut", ...modes.flatMap((mode) => tiles.map((tile) => `${tile} ${mode}`))]);
  });
});

describe("the models", () => {
  it.each(NETWORKS)("%s has padding", (name) => {
    const { layers } = studyModel(name);
    const windows = layers.flatMap(({ operands }) =>
      operands.flatMap(({ axes }) => axes.flatMap((axis) => (axis.kind === "window" ? [axis.before] : []))),
    );
    expect(Math.max(...windows)).toBeGreaterThan(0);
  });

  it("ResNet-18 has 1.814 GMACs", () => {
    expect(studyModel("resnet18").layers.reduce((sum, layer) => sum + layer.macs, 0)).toBe(1_814_073_344);
  });
});
