import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { PRECISION, TILING } from "../../../src/ir/facts.js";
import { networkView, stackViews } from "../../../src/passes/depth-first/network-view.js";
import { windowExtent } from "../../../src/passes/depth-first/operands.js";
import { nodeByNode, REGIONS } from "../../../src/passes/depth-first/trace.js";
import { compile } from "../../support/compile.js";
import { add, conv, fsrcnn, type LayerSpec, moduleOf, network, residual } from "../../support/networks.js";

const trace = REGIONS.published.rule;

const graphOf = (specs: ReturnType<typeof network>) => {
  const { module } = compile(moduleOf(specs), { stacks: { rule: "single" }, upTo: "partition-stacks" });
  return stackViews(module)[0]!;
};

describe("stackViews", () => {
  const { module } = compile(moduleOf(fsrcnn()), { upTo: "partition-stacks" });

  it("are made once for a module and what is decided about it later", () => {
    expect(stackViews(module.with(TILING, []))).toBe(stackViews(module));
  });

  it("are made anew where precision is another", () => {
    const known = stackViews(module)[0]!;
    const precision = module.get(PRECISION);
    const wider = new Map(
      [...precision].map(([id, { operands, ...rest }]) => [
        id,
        { ...rest, operands: Object.fromEntries(Object.entries(operands).map(([name, bits]) => [name, 2 * bits])) },
      ]),
    );
    const views = stackViews(module.with(PRECISION, wider));
    expect(views[0]!.graph.sink.partialBits).toBe(2 * known.graph.sink.partialBits);
    expect(stackViews(module)[0]!.graph.sink.partialBits).toBe(known.graph.sink.partialBits);
  });
});

describe("windowExtent", () => {
  const window = { out: "OX", tap: "FX" };
  test.each`
    stride | dilation | out   | tap  | expected | why
    ${1}   | ${1}     | ${60} | ${5} | ${64}    | ${"a halo of four"}
    ${2}   | ${1}     | ${4}  | ${3} | ${9}     | ${"stride within the window"}
    ${2}   | ${1}     | ${4}  | ${1} | ${4}     | ${"holes do not count"}
    ${2}   | ${2}     | ${4}  | ${3} | ${6}     | ${"common factor: every second index"}
    ${1}   | ${4}     | ${2}  | ${3} | ${10}    | ${"unclamped: the span (DF-Q21)"}
  `("$why", ({ stride, dilation, out, tap, expected }) => {
    const loops = [
      { dim: "OX", size: out },
      { dim: "FX", size: tap },
    ];
    expect(windowExtent({ ...window, stride, dilation }, loops)).toBe(expected);
  });
});

// DF §13.2: width × height of the newly computed part of FSRCNN's input and layers 0 to 7, tile 60 wide.
describe("FSRCNN, tile by tile", () => {
  const { graph, full } = graphOf(fsrcnn());
  test.each`
    height | x        | y        | width                                   | expected
    ${36}  | ${false} | ${false} | ${[74, 70, 70, 68, 66, 64, 62, 62, 60]} | ${[50, 46, 46, 44, 42, 40, 38, 38, 36]}
    ${36}  | ${true}  | ${false} | ${[60, 60, 60, 60, 60, 60, 60, 60, 60]} | ${[50, 46, 46, 44, 42, 40, 38, 38, 36]}
    ${72}  | ${false} | ${false} | ${[74, 70, 70, 68, 66, 64, 62, 62, 60]} | ${[86, 82, 82, 80, 78, 76, 74, 74, 72]}
    ${72}  | ${false} | ${true}  | ${[74, 70, 70, 68, 66, 64, 62, 62, 60]} | ${[72, 72, 72, 72, 72, 72, 72, 72, 72]}
    ${72}  | ${true}  | ${true}  | ${[60, 60, 60, 60, 60, 60, 60, 60, 60]} | ${[72, 72, 72, 72, 72, 72, 72, 72, 72]}
  `("$height high, columns reused: $x, rows reused: $y", ({ height, x, y, width, expected }) => {
    const { sizes } = trace(graph, { x: 60, y: height }, { x, y });
    expect(graph.nodes.map(({ id }) => sizes.get(id)?.x)).toEqual(width);
    expect(graph.nodes.map(({ id }) => sizes.get(id)?.y)).toEqual(expected);
  });

  it("traces the whole network without padding (DF §13)", () => {
    const sizes = graph.nodes.map(({ id }) => full.get(id));
    expect(sizes[0]).toEqual({ x: 974, y: 554 });
    expect(sizes[4]).toEqual({ x: 966, y: 546 });
    expect(sizes[8]).toEqual({ x: 960, y: 540 });
  });

  it("keeps as many columns as the window overlaps", () => {
    const { kept, overlap } = trace(graph, { x: 60, y: 72 }, { x: true, y: true });
    expect(graph.nodes.slice(0, -1).map(({ id }) => kept.get(id)?.x)).toEqual([4, 0, 2, 2, 2, 2, 0, 2]);
    expect(graph.nodes.slice(1).map(({ id }) => overlap.get(`${id}.I`)?.x)).toEqual([4, 0, 2, 2, 2, 2, 0, 2]);
  });
});

describe("a residual block", () => {
  it("aligns the identity with the centre of the main path: two columns (DF §5)", () => {
    const { graph } = graphOf(residual());
    const { kept, sizes } = trace(graph, { x: 4, y: 4 }, { x: true, y: true });
    expect(kept.get("a")).toEqual({ x: 2, y: 2 });
    expect(kept.get("b")).toEqual({ x: 2, y: 2 });
    expect(sizes.get("a")).toEqual({ x: 4, y: 4 });
  });

  it("asks for the most that any reader wants", () => {
    const { graph } = graphOf(residual());
    expect(trace(graph, { x: 4, y: 4 }, { x: false, y: false }).sizes.get("a")).toEqual({ x: 8, y: 8 });
  });
});

/** Blocks of one 3×3 convolution beside an identity, from the input to the output. */
function blocks(count: number, OX: number): ReturnType<typeof network> {
  const specs: LayerSpec[] = [conv("s0", { K: 2, C: 2, OX: OX + 2 * count, F: 3 })];
  for (let i = 1; i <= count; i++) {
    const size = OX + 2 * (count - i);
    specs.push(conv(`c${i}`, { K: 2, C: 2, OX: size, F: 3, from: `s${i - 1}` }));
    specs.push(add(`s${i}`, [`s${i - 1}`, `c${i}`], { K: 2, OX: size }));
  }
  return network(...specs);
}

describe("the published order of visits", () => {
  it("agrees with one visit per node on all sizes", () => {
    const tile = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), tile, tile, fc.boolean(), fc.boolean(), (count, x, y, h, v) => {
        const { graph } = graphOf(blocks(count, 9));
        const published = trace(graph, { x, y }, { x: h, y: v });
        const once = nodeByNode(graph, { x, y }, { x: h, y: v });
        expect(published.sizes).toEqual(once.sizes);
        expect(published.overlap).toEqual(once.overlap);
      }),
      { numRuns: 30 },
    );
  });

  it("leaves stale lags upstream of a strided fork (DF-Q32)", () => {
    const graph = graphOf(
      network(
        conv("a", { K: 2, C: 2, OX: 27, F: 3 }),
        conv("b", { K: 2, C: 2, OX: 13, F: 3, stride: 2, from: "a" }),
        conv("c", { K: 2, C: 2, OX: 11, F: 3, from: "b" }),
        add("d", ["a", "c"], { K: 2, OX: 11 }),
        conv("e", { K: 2, C: 2, OX: 9, F: 3, from: "d" }),
        conv("f", { K: 2, C: 2, OX: 7, F: 3, from: "e" }),
        add("g", ["d", "f"], { K: 2, OX: 7 }),
      ),
    ).graph;
    const [tile, reuse] = [
      { x: 4, y: 4 },
      { x: true, y: true },
    ];
    expect(trace(graph, tile, reuse).kept.get("a")?.x).toBe(2);
    expect(nodeByNode(graph, tile, reuse).kept.get("a")?.x).toBe(4);
  });

  it("ends on forty nested blocks", () => {
    const { graph } = graphOf(blocks(40, 9));
    expect(trace(graph, { x: 3, y: 3 }, { x: true, y: true }).sizes.size).toBe(graph.nodes.length);
  });
});

it("traces the first of several outputs alone (DF-Q30)", () => {
  const specs = network(
    conv("a", { K: 2, C: 2, OX: 10, F: 3 }),
    conv("b", { K: 2, C: 2, OX: 6, F: 3, from: "a" }),
    conv("c", { K: 2, C: 2, OX: 4, F: 7, from: "a" }),
  );
  const { module } = compile(moduleOf(specs), { upTo: "partition-stacks" });
  const { full } = networkView(module, new Set());
  expect([full.get("a"), full.get("b"), full.get("c")]).toEqual([
    { x: 8, y: 8 },
    { x: 6, y: 6 },
    { x: 4, y: 4 },
  ]);
});

it("knows what an operator reads of a map that it reads twice", () => {
  const { graph } = graphOf(network(conv("a", { OX: 8, F: 3 }), add("square", ["a", "a"], { OX: 8 })));
  const { reads } = trace(graph, { x: 4, y: 4 }, { x: true, y: true });
  expect([...reads.values()]).toEqual([
    { x: 0, y: 0 },
    { x: 0, y: 0 },
    { x: 2, y: 2 },
  ]);
});
