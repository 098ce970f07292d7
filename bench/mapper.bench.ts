/**
 * Pricing loop orders from tables against evaluating each of them: why the tables exist. Prints the ratio of the two in one run:
 * `npx vitest bench --run --project quick bench/mapper.bench.ts`.
 */
import { bench, describe } from "vitest";
import { createMapper } from "../src/backend/cost/mapper/mapper.js";
import { searchOrderings } from "../src/backend/cost/mapper/search.js";
import { DEFINES } from "../src/ir/rules.js";
import { LARGE_WINDOW } from "./layers.js";
import { publishedSpace, searchDirectly } from "./twins.js";

const space = publishedSpace(LARGE_WINDOW, DEFINES);

describe("720 loop orders of a 5×5 convolution", () => {
  bench("tables", () => {
    searchOrderings(space);
  });
  bench("evaluation of every order", () => {
    searchDirectly(space);
  });
  bench("branch and bound", () => {
    searchOrderings(space, 0);
  });
});

describe("a whole problem", () => {
  bench("solved for the first time", () => {
    createMapper(DEFINES)(LARGE_WINDOW);
  });
  const mapper = createMapper(DEFINES);
  bench("solved before", () => {
    mapper(LARGE_WINDOW);
  });
});
