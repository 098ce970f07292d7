/**
 * What no schedule of a tiled network goes below, worked out before it is placed and mapped. Every figure is the bound of the search for
 * homes on some machine: on the one that is asked about for energy, on one where nothing but the ports of the outermost memories costs
 * anything for the time that these are busy.
 */
import { type Hierarchy, type Memory, outermostMemories, replicas } from "../../ir/accelerator.js";
import type { CostModel } from "../../ir/cost-model.js";
import { TILING } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { iterations, type Loop, outputTensors } from "../../ir/network.js";
import { picojoules } from "../../ir/units.js";
import { stackGeometry } from "./geometry.js";
import { type ProblemSource, type TileShapes, tileShapes } from "./layer-problems.js";
import { isMapped } from "./node-steps.js";
import { leastOfStacks } from "./place-stacks.js";
import { exactViews, problemSource } from "./stack-view.js";
import { type TileNode, tileNodes } from "./tile-nodes.js";

/** No placement of the module's stacks has less energy, pJ; infinite where there is none. */
export const leastEnergy = (module: Module, costModel: CostModel): number =>
  leastOn(module, problemSource(module), costModel);

/** No placement keeps the busiest port of an outermost memory busy for fewer cycles. */
export function leastOutermostCycles(module: Module, costModel: CostModel): number {
  const { staticEnergy: _, vectorUnit, ...source } = problemSource(module);
  return leastOn(
    module,
    {
      ...source,
      ...(vectorUnit && { vectorUnit: { ...vectorUnit, operationEnergy: picojoules(0) } }),
      hierarchy: outermostPriced(source.hierarchy),
    },
    costModel,
  );
}

function leastOn(module: Module, source: ProblemSource, costModel: CostModel): number {
  return leastOfStacks({
    views: exactViews(module),
    tilings: module.get(TILING),
    outputs: outputTensors(module.network),
    source,
    costModel,
    isBetweenSearched: true,
  });
}

const PRICED = new WeakMap<Hierarchy, Hierarchy>();

/**
 * An access takes its port for a cycle; the busiest of `n` ports is busy for at least a part `1/n` of all accesses. Made once, so that
 * answers about it are found again.
 */
function outermostPriced(hierarchy: Hierarchy): Hierarchy {
  const known = PRICED.get(hierarchy) ?? priced(hierarchy);
  PRICED.set(hierarchy, known);
  return known;
}

function priced({ array, memories }: Hierarchy): Hierarchy {
  const outermost = new Set(outermostMemories({ memories }));
  const ports = [...outermost].reduce((sum, memory) => sum + memory.ports.length * replicas(array, memory), 0);
  return {
    array: { ...array, macEnergy: picojoules(0) },
    memories: memories.map((memory): Memory => {
      const price = picojoules(outermost.has(memory) ? 1 / ports : 0);
      return { ...memory, readEnergy: price, writeEnergy: price };
    }),
  };
}

/** Cycles of all layers on all tiles if nothing ever waited for data: recomputation counts, copies do not. */
export function leastComputeCycles(module: Module): number {
  const [source, tilings] = [problemSource(module), module.get(TILING)];
  return exactViews(module).reduce((sum, { maps }, s) => {
    const types = tileNodes(maps, stackGeometry(maps, tilings[s]!), source.stored); // one tiling per stack
    return types.reduce((total, { shape, nodes }) => {
      const cycles = nodes.reduce((all, node) => all + nodeCycles(node, source), 0);
      return total + shape.count * cycles;
    }, sum);
  }, 0);
}

function nodeCycles(node: TileNode, source: ProblemSource): number {
  if (node.tile === undefined || !isMapped(node)) return 0;
  const { phases, unrolling } = tileShapes(node.tile, source);
  return phases.reduce((sum, { loops, operation }) => {
    const steps = loops.reduce((product, loop) => product * leastSteps(loop, unrolling), 1);
    const asked = operation?.perCycle === undefined ? 0 : (iterations(loops) * operation.share) / operation.perCycle;
    return sum + Math.max(steps, asked);
  }, 0);
}

/** Steps of a loop when everything that is asked to run side by side does. */
function leastSteps({ dim, size }: Loop, unrolling: TileShapes["unrolling"]): number {
  const own = unrolling.filter((entry) => entry.dim === dim);
  return Math.ceil(size / own.reduce((width, entry) => width * Math.max(1, Math.floor(entry.size)), 1));
}
