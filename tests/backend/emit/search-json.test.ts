/** What a schedule says of its search follows what was searched. */
import { expect, it } from "vitest";
import { emitSchedule, PLAIN_CHOICES, type ScheduleOptions, schedule } from "../../../src/kerf.js";
import { smallMachine } from "../../exact/machine.js";
import { conv, network } from "../../support/networks.js";

const layers = network(conv("a", { OX: 8, F: 3 }), conv("b", { OX: 6, F: 3, from: "a" }));

const searchOf = (options: ScheduleOptions) =>
  emitSchedule(schedule(layers, smallMachine(), { ...PLAIN_CHOICES, stacks: { cuts: ["a"] }, ...options }), layers)
    .search;

it("names all homes and orders where all were searched", () => {
  const { space, optimal, bound, gap } = searchOf({});
  expect(space).toBe(
    "for the stated stacks, tiles, overlap and order: homes of feature maps, in stacks and between them, of kept overlap and of weights, in memories with one instance; orders of perfect loop factors, memory level of every loop and double buffering, by energy",
  );
  expect({ optimal, gap }).toEqual({ optimal: true, gap: 0 });
  expect(bound).toBeGreaterThan(0);
});

it("says that maps between stacks were left at the top", () => {
  expect(searchOf({ between: "top" }).space).toContain("in stacks but not between them, where they lie at the top,");
});

it("says how many loop factors a limit has left", () => {
  expect(searchOf({ loopLimit: 3 }).space).toContain("orders of perfect loop factors, at most 3 of them per layer,");
  expect(searchOf({ costModel: "defines" }).space).toBe(
    "loop orders of every layer on every tile type of the stated schedule, of at most 6 loop factors",
  );
});

it("proves nothing of one inference of many, whose homes were searched with loads", () => {
  const search = searchOf({ steadyState: true });
  expect(search.optimal).toBe(false);
  expect(search).not.toHaveProperty("bound");
  expect(search).not.toHaveProperty("gap");
  expect(search.space).toMatch(/; homes by the energy of one inference, loads included$/);
});
