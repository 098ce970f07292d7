/** The layers of one tile type at every combination of homes that is asked for. */
import type { Memory } from "../../ir/accelerator.js";
import type { CostModel, MappingProblem } from "../../ir/cost-model.js";
import { weightBits } from "../depth-first/cuts.js";
import { fitted } from "./fitting-unrolling.js";
import { LayerAtHomes, type LayerHomes, type LayerSource, type SharedAnswers } from "./layer-costs.js";
import { layerProblems, type ProblemSource, shapesKey, type TileShapes, tileShapes } from "./layer-problems.js";
import type { FeatureMap } from "./stack-maps.js";
import type { TileNode } from "./tile-nodes.js";

/** What all layers of a stack are priced with. */
export interface Pricing {
  readonly source: ProblemSource;
  readonly costModel: CostModel;
  /** Where a map lives between stacks. */
  placeOf(map: FeatureMap): Memory;
  /** Whether a memory is the highest one that a map could be in. */
  isTop(map: FeatureMap, memory: Memory): boolean;
  memoryIndex(id: string): number;
  onAsked(size: number): void;
}

/** One layer on one tile type. */
export class NodeLayers {
  readonly #node: TileNode;
  readonly #pricing: Pricing;
  readonly #source: LayerSource;
  readonly #known = new Map<number | string, LayerAtHomes>();
  #shapes: { readonly own: TileShapes; readonly byHomes: Map<number | string, SharedAnswers> } | undefined;

  constructor(node: TileNode, pricing: Pricing) {
    this.#node = node;
    this.#pricing = pricing;
    this.#source = this.#sourceOf(pricing);
  }

  /** At homes that were asked for before. */
  known(code: number | string): LayerAtHomes | undefined {
    return this.#known.get(code);
  }

  /**
   * @param code - of the homes: equal where they are equal
   * @param homesOf - called for homes that were not asked for before
   */
  at(code: number | string, homesOf: () => LayerHomes): LayerAtHomes {
    const known = this.#known.get(code);
    if (known !== undefined) return known;
    const made = new LayerAtHomes(this.#source, code, homesOf());
    this.#known.set(code, made);
    return made;
  }

  #sourceOf({ costModel, memoryIndex, onAsked, isTop }: Pricing): LayerSource {
    return {
      costModel,
      touched: (homes) => touchedEnergy(this.#node, homes),
      problems: (homes) => this.#problems(homes),
      shared: (code) => this.#answersAt(code),
      output: ({ output }) => {
        const { newBits, map } = this.#node;
        return { newBits, home: isTop(map, output) ? undefined : output.id };
      },
      memoryIndex,
      onAsked,
    };
  }

  #problems(homes: LayerHomes): readonly MappingProblem[] {
    const { map, reads, tile } = this.#node;
    const byOperand = new Map<string, Memory>([[map.node.output.name, homes.output]]);
    reads.forEach(({ operand }, i) => void byOperand.set(operand.name, homes.inputs[i]!)); // one home per read
    if (homes.weights !== undefined) for (const { name } of map.node.weights) byOperand.set(name, homes.weights);
    return layerProblems(tile!, byOperand, this.#pricing.source, this.#wholes(homes), this.#tileShapes.own); // asked of nodes that run
  }

  get #tileShapes() {
    this.#shapes ??= this.#fittedShapes();
    return this.#shapes;
  }

  /** On as many units as fit, which is found out once for all tiles of equal shapes; answers are shared where no memory states a layout. */
  #fittedShapes() {
    const { source, costModel } = this.#pricing;
    const own = tileShapes(this.#node.tile!, source); // asked of nodes that run
    const known = shapeAnswers(own, source, costModel);
    known.unrolling ??= fitted(own, source, costModel).unrolling;
    const isLaidOut = source.hierarchy.memories.some(({ layout }) => layout !== undefined);
    return {
      own: { ...own, unrolling: known.unrolling },
      byHomes: isLaidOut ? new Map<number | string, SharedAnswers>() : known.byHomes,
    };
  }

  /** Operands of which all lies in their home: weights, and maps that are read and written where they live between stacks. */
  #wholes({ inputs, output }: LayerHomes): ReadonlySet<string> {
    const { map, reads } = this.#node;
    const { placeOf } = this.#pricing;
    return new Set([
      ...map.node.weights.map(({ name }) => name),
      ...reads.flatMap((read, i) => (inputs[i]!.id === placeOf(read.map).id ? [read.operand.name] : [])),
      ...(output.id === placeOf(map).id ? [map.node.output.name] : []),
    ]);
  }

  #answersAt(code: number | string): SharedAnswers {
    const { byHomes } = this.#tileShapes;
    const known = byHomes.get(code) ?? { bound: undefined, answers: new Map() };
    byHomes.set(code, known);
    return known;
  }
}

/** What is known about layers of equal shapes. */
interface ShapeAnswers {
  /** On as many units as fit. */
  unrolling: TileShapes["unrolling"] | undefined;
  readonly byHomes: Map<number | string, SharedAnswers>;
}

/** Answers of a cost model about a machine, by the shapes that were asked about: the same come back on many tile types, sizes and stacks. */
const ANSWERS = new WeakMap<CostModel, WeakMap<object, Map<string, ShapeAnswers>>>();

/** Shapes that are remembered. */
const KEPT_SHAPES = 4000;

function shapeAnswers(shapes: TileShapes, source: ProblemSource, costModel: CostModel): ShapeAnswers {
  const machines = ANSWERS.get(costModel) ?? new WeakMap<object, Map<string, ShapeAnswers>>();
  ANSWERS.set(costModel, machines);
  const byShape = machines.get(source.hierarchy) ?? new Map<string, ShapeAnswers>();
  machines.set(source.hierarchy, byShape);
  const key = shapesKey(shapes, source);
  const known = byShape.get(key) ?? { unrolling: undefined, byHomes: new Map<number | string, SharedAnswers>() };
  byShape.delete(key); // the last one of the map is what was asked for last
  byShape.set(key, known);
  if (byShape.size > KEPT_SHAPES) byShape.delete(byShape.keys().next().value!); // not empty
  return known;
}

/** Everything that a layer touches crosses the ports of its homes once. */
export function touchedEnergy({ map, reads, newBits }: TileNode, { inputs, output, weights }: LayerHomes): number {
  const read = reads.reduce((sum, { bits, touched }, i) => sum + bits * touched * perBit(inputs[i]!).read, 0); // one home per read
  const isScattered = map.node.layer?.operands.some(({ axes }) => axes.some(({ kind }) => kind === "transposed"));
  const matrix = weights === undefined || isScattered ? 0 : weightBits(map.node) * perBit(weights).read;
  return read + matrix + newBits * perBit(output).write;
}

/** Energy per bit of the widest access of a memory, in pJ. */
export function perBit({ ports, readEnergy, writeEnergy }: Memory): { readonly read: number; readonly write: number } {
  const width = Math.max(...ports.map(({ bandwidth }) => bandwidth));
  return { read: readEnergy / width, write: writeEnergy / width };
}
