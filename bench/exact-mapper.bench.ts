/**
 * The exact mapper on a layer with 26 million loop orders: `npx vitest bench --run --project quick bench/exact-mapper.bench.ts`. Why bounds
 * and tables exist: all orders of a small layer, each cut in all ways, against the search that proves the same answer.
 */
import { bench, describe } from "vitest";
import { exactLayer } from "../src/backend/cost/exact/exact-layer.js";
import { createExactMapping, mapExactly, temporalFactors } from "../src/backend/cost/exact/mapper.js";
import { EXACT } from "../src/ir/rules.js";
import { allPrices } from "../tests/backend/cost/exact/naive-search.js";
import { LARGE as large, SMALL as small } from "./layers.js";

describe("a 3×3 convolution", () => {
  bench("solved for the first time", () => {
    mapExactly(large, EXACT);
  });
  const mapping = createExactMapping(EXACT);
  let room = 524_288;
  bench("met before with other room", () => {
    room -= 8;
    mapping.mapLayer({ ...large, available: { sram_64KB: room } });
  });
});

describe("two loop factors", () => {
  const layer = exactLayer(small);
  const factors = temporalFactors(layer, EXACT);
  bench("search", () => {
    mapExactly(small, EXACT);
  });
  bench("every order, cut and number of blocks", () => {
    allPrices(layer, factors);
  });
});
