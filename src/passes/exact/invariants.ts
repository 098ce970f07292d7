/** Laws that every exact schedule keeps (EM §5). A violation is a defect of ours: no number is given out. */
import type { Diagnostic } from "../../ir/diagnostics.js";
import { PLACEMENT, type StackPlacement, TILING, type Work } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import type { LayerId } from "../../ir/network.js";
import type { CostedTiles } from "../depth-first/totals.js";
import { requireCopies, requireLoads } from "./copy-laws.js";
import { requireCopyEnergy, requireLayerEnergy } from "./energy-laws.js";
import { type StackGeometry, stackGeometry } from "./geometry.js";
import { machineFor } from "./machine.js";
import { requireSources, requireWritten } from "./region-laws.js";
import type { FeatureMap } from "./stack-maps.js";
import { exactViews } from "./stack-view.js";

/** @throws Error naming the violated law and the smallest place where it is: a defect */
export function requireInvariants(module: Module, stacks: readonly CostedTiles[]): readonly Diagnostic[] {
  const [placements, tilings] = [module.get(PLACEMENT), module.get(TILING)];
  const capacity = new Map(module.accelerator.memories.map(({ id, size }) => [id, size]));
  const views = exactViews(module);
  const outside = { network: module.network, hierarchy: machineFor(module, { geometry: "clipped" }) };
  requireSources(module.network, views);
  stacks.forEach(({ types, loads }, s) => {
    const [placement, tiling] = [placements[s]!, tilings[s]!]; // one per stack
    const { maps } = views[s]!;
    const geometry = stackGeometry(maps, tiling);
    requireOutput(maps.maps.at(-1)!, geometry, placement); // a stack has an output
    requireWritten(maps.maps, geometry);
    requireCopies(maps, geometry, placement, outside);
    requireLoads(maps, placement, outside);
    requireCopyEnergy(loads.cost, loads.copies, module.accelerator, `stack ${placement.stack}`);
    for (const type of types) requireEnergies(type, placement.stack, module);
    requireWork(types, placement.needed, tiling.overlap === "fully-cached", placement.stack);
    for (const { type, layers } of types) {
      for (const node of type.nodes) requireRoom(node.reserved ?? {}, capacity, `'${node.id}'`);
      for (const { layer, result } of layers) {
        const reserved = type.nodes.find(({ id }) => id === layer)?.reserved ?? {};
        const used = Object.entries(result.cost.occupancy).map(
          ([id, bits]) => [id, bits + (reserved[id] ?? 0)] as const,
        );
        requireRoom(Object.fromEntries(used), capacity, `layer '${layer}'`);
        requireNumbers(Object.values(result.cost.energyByLevel).flat(), `energy of layer '${layer}'`);
        requireNumbers([result.cost.latencyCycles, result.cost.temporalCycles], `cycles of layer '${layer}'`);
        requireWhole([result.cost.latencyCycles], `cycles of layer '${layer}'`);
      }
    }
  });
  return [];
}

/** Layers and copies of a tile type take the energy of their accesses. */
function requireEnergies({ type, layers, copies }: CostedTiles["types"][number], stack: string, module: Module): void {
  const where = `tile type ${type.id} (${type.width}×${type.height}) of stack ${stack}`;
  for (const layer of layers) requireLayerEnergy(layer, module.accelerator, where);
  for (const { node, when, cost } of copies) {
    const placed = type.nodes.find(({ id }) => id === node);
    const own = when === "before" ? placed?.copies : placed?.after;
    requireCopyEnergy(cost, own ?? [], module.accelerator, where);
  }
}

/** There is a tile type for every shape, and tiles cover the output of their stack, each element once. */
function requireOutput({ extents }: FeatureMap, { shapes }: StackGeometry, { stack, tileTypes }: StackPlacement): void {
  if (tileTypes.length !== shapes.length)
    throw new Error(`stack ${stack} has ${shapes.length} tile types, of which ${tileTypes.length} are placed`);
  tileTypes.forEach(({ id, count, width, height }, t) => {
    const shape = shapes[t]!; // as many as types
    if (count === shape.count && width === shape.width && height === shape.height) return;
    const [own, due] = [`${count} of ${width}×${height}`, `${shape.count} of ${shape.width}×${shape.height}`];
    throw new Error(`tile type ${id} of stack ${stack} stands for ${own}, its regions for ${due}`);
  });
  const covered = tileTypes.reduce((sum, { count, width, height }) => sum + count * width * height, 0);
  if (covered !== extents.x * extents.y)
    throw new Error(`tiles of stack ${stack} cover ${covered} cells of an output of ${extents.x}×${extents.y}`);
}

/** Nothing that is needed is left out; nothing is computed twice where all overlap is kept. */
function requireWork(
  types: CostedTiles["types"],
  needed: ReadonlyMap<LayerId, Work>,
  isKept: boolean,
  stack: string,
): void {
  const tiles = types.reduce((sum, { type }) => sum + type.count, 0);
  for (const [layer, { operations }] of needed) {
    const executed = types.reduce((sum, { type }) => {
      const node = type.nodes.find(({ id }) => id === layer);
      return sum + type.count * (node?.work.operations ?? 0);
    }, 0);
    const slack = 1e-9 * operations;
    if (executed < operations - slack || ((isKept || tiles === 1) && executed > operations + slack))
      throw new Error(`layer '${layer}' executes ${executed} operations in stack ${stack}, ${operations} are needed`);
  }
}

function requireRoom(
  bits: Readonly<Record<string, number>>,
  capacity: ReadonlyMap<string, number>,
  where: string,
): void {
  for (const [memory, used] of Object.entries(bits))
    if (used > capacity.get(memory)!)
      throw new Error(`${where} takes ${used} bit of memory '${memory}', which has ${capacity.get(memory)}`);
}

function requireNumbers(values: readonly number[], what: string): void {
  const wrong = values.find((value) => !Number.isFinite(value) || value < 0);
  if (wrong !== undefined) throw new Error(`${what} is ${wrong}`);
}

function requireWhole(values: readonly number[], what: string): void {
  const wrong = values.find((value) => !Number.isInteger(value));
  if (wrong !== undefined) throw new Error(`${what} are ${wrong}`);
}
