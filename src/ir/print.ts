/** The printed form of a module: what tests compare, `--print-after` shows and bug reports quote. Sorted, no clock, no paths. */
import type { AxisMap } from "./axis-map.js";
import type { Copy } from "./cost-model.js";
import {
  COSTS,
  MAPPINGS,
  PLACEMENT,
  type PlacedNode,
  type PlacedTileType,
  PRECISION,
  STACKS,
  type StackPlacement,
  TILING,
  UNROLLING,
} from "./facts.js";
import type { Module } from "./module.js";
import type { Layer, Loop, Network, Operand } from "./network.js";
import { unreachable } from "./unreachable.js";

/** The whole module: network, then each known fact that is present. */
export function printModule(module: Module): string {
  const lines = [
    `accelerator ${module.accelerator.name}`,
    ...printNetwork(module.network),
    ...printPrecision(module),
    ...printUnrolling(module),
    ...printStacks(module),
    ...printPlacement(module),
    ...printMappings(module),
    ...printCosts(module),
  ];
  return `${lines.join("\n")}\n`;
}

function printNetwork(network: Network): readonly string[] {
  const tensors = [...network.tensors.values()].map(({ id, kind, dims }) => `  ${kind} ${id} [${dims.join(" ")}]`);
  return [`network ${network.name}`, ...tensors.sort(), ...network.layers.flatMap(printLayer)];
}

function printLayer(layer: Layer): readonly string[] {
  const post = layer.postOps.map(({ op }) => ` then ${op}`).join("");
  return [
    `  ${layer.id} = ${layer.op} (${layer.kind}) ${printLoops(layer.loops)}${post}`,
    ...layer.operands.map((operand) => `    ${printOperand(operand)}`),
  ];
}

function printOperand({ name, role, tensor, axes, view }: Operand): string {
  const views = view === undefined || view.length === 0 ? "" : ` via ${view.map(({ kind }) => kind).join(", ")}`;
  return `${name} ${role} ${tensor ?? "-"} [${axes.map(printAxis).join(", ")}]${views}`;
}

export const printLoops = (loops: readonly Loop[]): string =>
  loops.length === 0 ? "-" : loops.map(({ dim, size }) => `${dim}${size}`).join(" ");

/** One axis map in the notation of its definition: `2·OX+1·FX-1`. */
export function printAxis(map: AxisMap): string {
  switch (map.kind) {
    case "pointwise":
      return map.loops.length === 0 ? "0" : map.loops.join("·");
    case "window":
      return `${map.stride}·${map.out}+${map.dilation}·${map.tap}${map.before === 0 ? "" : `-${map.before}`}`;
    case "transposed":
      return `(${map.out}+${map.before}-${map.dilation}·${map.tap})/${map.stride}`;
    case "resize":
      return `${map.out}·${map.from}/${map.to}`;
    case "slice":
      return `${map.offset}+${map.step}·${map.out}`;
    case "part":
      return `${map.out}-${map.start}`;
    case "whole":
      return `*${map.loops.join("·")}`;
    default:
      return unreachable(map);
  }
}

function printPrecision(module: Module): readonly string[] {
  const lines = [...(module.find(PRECISION) ?? [])].map(([layer, { operands, finalOutput }]) => {
    const list = Object.entries(operands).map(([name, bits]) => `${name}=${bits}`);
    return `  ${layer}: ${list.join(" ")} final=${finalOutput}`;
  });
  return section("precision", lines);
}

function printUnrolling(module: Module): readonly string[] {
  const lines = [...(module.find(UNROLLING) ?? [])].map(([layer, { unrolling, links, dataflow }]) => {
    const spatial = unrolling.map(({ arrayDim, dim, size }) => `${arrayDim}=${dim}${size}`).join(" ");
    const memory = Object.entries(links).map(([operand, link]) => `${operand}→${link}`);
    return `  ${layer}: ${spatial} (${dataflow}) ${memory.join(" ")}`;
  });
  return section("unrolling", lines);
}

function printStacks(module: Module): readonly string[] {
  const tilings = module.find(TILING) ?? [];
  const lines = (module.find(STACKS) ?? []).map(({ id, inputs, layers, alone }) => {
    const tiling = tilings.find(({ stack }) => stack === id);
    const tile = tiling && ` tile ${tiling.tile.width}x${tiling.tile.height} ${tiling.overlap} ${tiling.order}`;
    const reads = inputs.map((input) => `${input.id}=${input.tensor}`).join(" ");
    return `  ${id}: ${layers.join(" ")} reads ${reads}${tile ?? ""}${alone === undefined ? "" : ` alone: ${alone}`}`;
  });
  return section("stacks", lines);
}

function printPlacement(module: Module): readonly string[] {
  const lines = (module.find(PLACEMENT) ?? []).flatMap((placement) => [
    ...printBuffers(placement),
    ...placement.tileTypes.flatMap((type) => printTileType(type, placement)),
  ]);
  return section("placement", lines);
}

/** What a stack holds from its first tile to its last, how it comes there, and how far the search for homes came. */
function printBuffers({ stack, buffers = [], loads = [], search }: StackPlacement): readonly string[] {
  const held = buffers.map(
    ({ node, role, ring, memory, bits }) =>
      `  ${stack} keeps ${role} ${node} ${bits} ${memory}${ring === undefined ? "" : ` ${ring}`}`,
  );
  const loaded = loads.map((copy) => `  ${stack} loads ${copy.layer}${printCopy(copy)}`);
  if (search === undefined) return [...held, ...loaded];
  const proven = `energy ${printNumber(search.energy)} bound ${printNumber(search.bound)} visited ${search.visited}`;
  return [...held, ...loaded, `  ${stack} homes ${proven}`];
}

function printTileType(type: PlacedTileType, { stack, weightMemory, columns }: StackPlacement): readonly string[] {
  const { id, width, height, count, hCache, vCache } = type;
  const title = `  ${stack}.${id}: ${width}x${height} ×${count}`;
  const published =
    ` weights ${weightMemory ?? "-"}` +
    ` h ${hCache.write ?? "-"}/${hCache.read ?? "-"} v ${vCache.write ?? "-"}/${vCache.read ?? "-"}`;
  return [columns === undefined ? title + published : title, ...type.nodes.map(printPlacedNode)];
}

function printPlacedNode({ id, loops, topInput, topOutput, copies, after = [], reserved }: PlacedNode): string {
  const before = copies.map(printCopy).join(",");
  const later = after.length === 0 ? "" : ` after${after.map(printCopy).join(",")}`;
  const taken = Object.entries(reserved ?? {}).filter(([, bits]) => bits > 0);
  const room = taken.length === 0 ? "" : ` beside ${taken.map(([memory, bits]) => `${memory}=${bits}`).join(" ")}`;
  return `    ${id}: ${printLoops(loops)} I ${topInput ?? "-"} O ${topOutput}${before}${later}${room}`;
}

const printCopy = ({ kind, bits, from, to }: Copy): string => ` ${kind} ${bits} ${from.memory}→${to.memory}`;

function printMappings(module: Module): readonly string[] {
  const stacks = module.find(STACKS) ?? [];
  const lines = (module.find(MAPPINGS) ?? []).flatMap((types, s) =>
    types.flatMap((layers, t) =>
      layers.map(({ layer, result: { mapping, cost } }) => {
        const cuts = Object.entries(mapping.boundaries).map(([operand, cut]) => `${operand}[${cut.join(" ")}]`);
        const price = `${printNumber(cost.energy)} pJ ${cost.latencyCycles} cycles`;
        return `  ${stacks[s]?.id}.${t} ${layer}: ${printLoops(mapping.loops)} ${cuts.join(" ")} ${price}`;
      }),
    ),
  );
  return section("mappings", lines);
}

function printCosts(module: Module): readonly string[] {
  const costs = module.find(COSTS);
  if (costs === undefined) return [];
  const { energy, latency, energyByKind: kind } = costs.totals;
  const parts = `mac ${printNumber(kind.mac)} memory ${printNumber(kind.memory)} copy ${printNumber(kind.copy)}`;
  return section("costs", [`  ${printNumber(energy)} pJ (${parts}) ${latency} cycles`]);
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [title, ...lines];

/** Three decimals at most: enough to tell golden files apart, free of the noise of summation order. */
const printNumber = (n: number): string => String(Math.round(n * 1000) / 1000);
