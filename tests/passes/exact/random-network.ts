/** Random small networks as ONNX models, upright or with rows and columns exchanged, and the work that their outputs need. */
import fc from "fast-check";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import type { Network } from "../../../src/ir/network.js";
import { type ModelSpec, model } from "../../support/onnx-builder.js";
import { type Span, sizeOf } from "./axis-steps.js";
import { type Drawn, draw, type Gene, type MapShape, type Turn } from "./random-layers.js";

interface LayerGene {
  readonly kind: number;
  /** Which earlier maps it reads, counted back from the latest. */
  readonly sources: readonly number[];
  readonly channels: number;
  readonly x: Gene;
  readonly y: Gene;
  /** Whether its map is an output of the network. */
  readonly leaves: boolean;
}

export interface RandomNetwork {
  readonly inputs: readonly MapShape[];
  readonly layers: readonly Drawn[];
  /** Names of maps. */
  readonly outputs: ReadonlySet<string>;
}

const gene = fc.array(fc.nat(63), { minLength: 5, maxLength: 5 });

const layerGene: fc.Arbitrary<LayerGene> = fc.record({
  kind: fc.noBias(fc.nat(63)),
  sources: fc.tuple(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(4) }), fc.nat(4)),
  channels: fc.integer({ min: 1, max: 4 }),
  x: gene,
  y: gene,
  leaves: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});

const inputShape = fc.record({
  channels: fc.integer({ min: 1, max: 4 }),
  x: fc.integer({ min: 3, max: 10 }),
  y: fc.integer({ min: 3, max: 10 }),
});

/** @param kinds - of layers (`random-layers.ts`) */
export const randomNetwork = (layers: number, kinds: readonly string[]): fc.Arbitrary<RandomNetwork> =>
  fc
    .tuple(
      fc.array(inputShape, { minLength: 1, maxLength: 2 }),
      fc.array(layerGene, { minLength: 1, maxLength: layers }),
    )
    .map(([inputs, genes]) => decode(inputs, genes, kinds))
    .filter((random) => imported(random).layers.length > 0); // of operators that change nothing no layer is left

function decode(
  shapes: readonly Omit<MapShape, "name">[],
  genes: readonly LayerGene[],
  kinds: readonly string[],
): RandomNetwork {
  const inputs = shapes.map((shape, i) => ({ name: `x${i}`, ...shape }));
  const maps: MapShape[] = [...inputs];
  const layers = genes.map(({ kind, sources, channels, x, y }, i) => {
    const [first, second] = sources.map((back) => maps[maps.length - 1 - (back % maps.length)]!);
    const drawn = draw(kinds[kind % kinds.length]!, { name: `n${i}`, first: first!, second: second!, channels, x, y });
    maps.push(drawn.map);
    return drawn;
  });
  const read = new Set(layers.flatMap(({ sources }) => sources));
  const outputs = layers.filter(({ map }, i) => genes[i]!.leaves || !read.has(map.name)).map(({ map }) => map.name);
  return { inputs: inputs.filter(({ name }) => read.has(name)), layers, outputs: new Set(outputs) };
}

/** The network as the compiler reads it. */
export function imported(random: RandomNetwork, turn: Turn = "upright"): Network {
  return importOnnx(model(modelOf(random, turn)), { file: "random.onnx", bind: {} }).network;
}

function modelOf({ inputs, layers, outputs }: RandomNetwork, turn: Turn): ModelSpec {
  const parts = layers.map((layer) => layer.onnx(turn));
  return {
    inputs: Object.fromEntries(
      inputs.map(({ name, channels, x, y }) => [name, turn === "upright" ? [1, channels, y, x] : [1, channels, x, y]]),
    ),
    initializers: Object.assign({}, ...parts.map(({ initializers }) => initializers)),
    nodes: parts.flatMap(({ nodes }) => nodes),
    outputs: Object.fromEntries([...outputs].map((name) => [name, undefined])),
  };
}

type AxisName = "x" | "y";
const AXES: readonly AxisName[] = ["x", "y"];

/** Iterations of each layer's loops on the part of its map that anybody needs, by name; left out: layers that only move data. */
export function neededOperations({ layers, outputs }: RandomNetwork): ReadonlyMap<string, number> {
  const needs = { x: new Map<string, Span>(), y: new Map<string, Span>() };
  const work = new Map<string, number>();
  for (const layer of layers.toReversed()) {
    const { map, perCell } = layer;
    const alongAxes = AXES.map((axis) => {
      if (outputs.has(map.name)) grow(needs[axis], map.name, { lo: 0, hi: layer[axis].extent });
      const output = needs[axis].get(map.name);
      if (output === undefined) return 0;
      for (const [i, source] of layer.sources.entries()) grow(needs[axis], source, layer[axis].needs[i]!(output));
      return layer[axis].iterations(output);
    });
    if (perCell > 0)
      work.set(
        map.name,
        alongAxes.reduce((product, each) => product * each, perCell),
      );
  }
  return work;
}

function grow(known: Map<string, Span>, name: string, more: Span | undefined): void {
  const old = known.get(name);
  if (more === undefined || sizeOf(more) <= 0) return;
  known.set(name, old === undefined ? more : { lo: Math.min(old.lo, more.lo), hi: Math.max(old.hi, more.hi) });
}
