/** Bounds of the search against all ways through a small space. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { affordableCuts, jointToGo } from "../../../../src/backend/cost/exact/bounds.js";
import { costSoFar, costToGo } from "../../../../src/backend/cost/exact/cost-to-go.js";
import { levelAt, type Nodes } from "../../../../src/backend/cost/exact/nodes.js";
import { allOrders, type StateSpace } from "../../../../src/backend/cost/exact/space.js";
import "../../../support/seed.js";

/** A cut on a way: the node that it is made at, and by whom. */
interface Cut {
  readonly node: number;
  readonly operand: number;
}

interface Way {
  readonly cost: number;
  readonly cuts: readonly Cut[];
}

const randomSpace = fc.record({
  sizes: fc.array(fc.constantFrom(2, 3), { maxLength: 3 }),
  held: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 3 }),
  costs: fc.array(
    fc.oneof({ weight: 5, arbitrary: fc.nat(9) }, { weight: 1, arbitrary: fc.constant(Number.POSITIVE_INFINITY) }),
    {
      minLength: 20,
      maxLength: 60,
    },
  ),
  slack: fc.nat(6),
});

function setting({
  sizes,
  held,
  costs,
}: {
  sizes: readonly number[];
  held: readonly number[];
  costs: readonly number[];
}) {
  const space = allOrders(sizes.map((size, i) => ({ dim: `D${i % 2}`, size })));
  const radix = held.map((_, o) => held.slice(0, o).reduce((product, each) => product * (each + 1), 1));
  const perState = held.reduce((product, each) => product * (each + 1), 1);
  const nodes: Nodes = { held, radix, perState, count: perState * space.stateCount };
  let at = 0;
  const cutCosts = held.map((cuts) =>
    Array.from({ length: cuts }, () =>
      Float64Array.from({ length: space.stateCount }, () => costs[at++ % costs.length]!),
    ),
  );
  return { space, nodes, cutCosts };
}

function* waysFrom(
  space: StateSpace,
  nodes: Nodes,
  costs: readonly (readonly Float64Array[])[],
  node: number,
): Generator<Way> {
  if (node === nodes.count - 1) yield { cost: 0, cuts: [] };
  const state = Math.floor(node / nodes.perState);
  for (const [f] of space.factors.entries()) {
    const reached = space.next[state * space.factors.length + f]!;
    if (reached >= 0) yield* waysFrom(space, nodes, costs, reached * nodes.perState + (node % nodes.perState));
  }
  for (const [operand, held] of nodes.held.entries()) {
    const level = levelAt(nodes, node % nodes.perState, operand);
    if (level === held) continue;
    for (const { cost, cuts } of waysFrom(space, nodes, costs, node + nodes.radix[operand]!)) {
      yield { cost: cost + costs[operand]![level]![state]!, cuts: [{ node, operand }, ...cuts] };
    }
  }
}

it("what is still to come, and the cuts on ways within a limit, are those of all ways", () => {
  fc.assert(
    fc.property(randomSpace, ({ slack, ...random }) => {
      const { space, nodes, cutCosts } = setting(random);
      fc.pre(nodes.count <= 60);
      const toGo = jointToGo(space, nodes, cutCosts);
      const ways = [...waysFrom(space, nodes, cutCosts, 0)];
      const least = Math.min(...ways.map(({ cost }) => cost));
      expect(toGo[0]).toBe(least);
      fc.pre(least < Number.POSITIVE_INFINITY);
      const cuts = affordableCuts(space, nodes, cutCosts, toGo, least + slack);
      const expected = new Int32Array(nodes.count);
      for (const way of ways) {
        if (way.cost <= least + slack) for (const { node, operand } of way.cuts) expected[node]! |= 1 << operand;
      }
      expect([...cuts]).toEqual([...expected]);
      const within = ways.filter(({ cuts: own }) =>
        own.every(({ node, operand }) => ((cuts[node]! >> operand) & 1) === 1),
      );
      expect(jointToGo(space, nodes, cutCosts, cuts)[0]).toBe(Math.min(...within.map(({ cost }) => cost)));
    }),
    { numRuns: 500 },
  );
});

it("an operand alone has the bounds of a space with nobody else", () => {
  fc.assert(
    fc.property(randomSpace, (random) => {
      const { space, nodes, cutCosts } = setting({ ...random, held: random.held.slice(0, 1) });
      const [costs] = cutCosts;
      const joint = jointToGo(space, nodes, cutCosts);
      const rows = costToGo(space, costs!);
      const before = costSoFar(space, costs!);
      for (let node = 0; node < nodes.count; node++) {
        expect(rows[node % nodes.perState]![Math.floor(node / nodes.perState)]).toBe(joint[node]);
      }
      expect(before.at(-1)!.at(-1)).toBe(joint[0]);
    }),
    { numRuns: 300 },
  );
});
