import { expect, it } from "vitest";
import { createCostModel } from "../../src/backend/cost/cost-model.js";
import { evaluatePoint, prepare } from "../../src/explore/evaluate-point.js";
import { liveData } from "../../src/explore/live-data.js";
import { DEFINES } from "../../src/ir/rules.js";
import { builtIn, fsrcnn, residual } from "../support/networks.js";

const costModel = createCostModel(DEFINES);
const at = (net: ReturnType<typeof fsrcnn>, width: number, height: number) => {
  const prepared = prepare(net, builtIn(), "auto", costModel);
  return liveData(evaluatePoint(prepared, { tile: { width, height }, overlap: "fully-cached" }, costModel), DEFINES);
};

// DF §13.1 gives the sums over the layers, §13.3 the maps of layer 2 on a regular tile.
it("of the worked example is what the specification adds up", () => {
  const live = at(fsrcnn(), 60, 72);
  const sum = (part: "keptColumns" | "keptRows" | "weights") => live.reduce((total, row) => total + row[part], 0);
  expect(sum("keptColumns")).toBe(125_568);
  expect(sum("keptRows")).toBe(1_635_776);
  expect(sum("weights")).toBe(127_936);
  expect(live[2]).toMatchObject({
    input: 62 * 74 * 12 * 8,
    output: 60 * 72 * 12 * 8,
    waiting: 0,
    stackWeights: 127_936,
  });
  expect(live[2]?.total).toBe(60 * 72 * 12 * 8 * 2 + 125_568 + 1_635_776 + 127_936);
});

it("holds a map that a later layer reads", () => {
  const live = at(residual(), 4, 4);
  const waiting = live.filter((row) => row.waiting > 0);
  expect(waiting.length).toBeGreaterThan(0);
  for (const row of live) expect(row.total).toBeGreaterThanOrEqual(row.output + row.waiting + row.stackWeights);
});
