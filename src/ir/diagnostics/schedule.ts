/** Diagnostics of scheduling decisions. */

import type { Copy } from "../cost-model.js";
import { type Diagnostic, listNames, suggest } from "../diagnostics.js";
import type { Location } from "../location.js";
import type { Layer } from "../network.js";

/** Every node of the model was folded, is a view or was refused. */
export const nothingToSchedule = (network: string): Diagnostic => ({
  code: "nothing-to-schedule",
  severity: "error",
  message: `network '${network}' has no layers`,
  where: {},
  hint: "the coverage of its nodes says what became of them",
});

/** A tile that is larger than the output of some stacks. */
export const tileClamped = (
  asked: string,
  stacks: readonly { readonly stack: string; readonly used: string }[],
): Diagnostic => ({
  code: "tile-clamped",
  severity: "info",
  message: `tile ${asked} is larger than the output of ${countOf(stacks.length, "stack")}: ${listed(
    stacks.map(({ stack, used }) => `stack ${stack} uses ${used}`),
  )}`,
  where: { field: "--tile" },
  hint: "",
});

/** The published model knows one order of tiles. */
export const orderUnsupported = (order: string, rules: string, where: Location = { field: "--order" }): Diagnostic => ({
  code: "order-unsupported",
  severity: "error",
  message: `the rules '${rules}' visit tiles row by row only, not in order '${order}'`,
  where,
  hint: "use order x-first",
});

export const exactOnly = (option: string, rules: string): Diagnostic => ({
  code: "exact-only",
  severity: "error",
  message: `the rules '${rules}' know nothing of ${option}`,
  where: { field: option },
  hint: "leave it out, or use --cost-model exact",
});

export const unknownCut = (layer: string, known: readonly string[]): Diagnostic => ({
  code: "unknown-layer",
  severity: "error",
  message: `there is no layer '${layer}' to cut after`,
  where: { field: "--stacks" },
  hint: suggest(layer, known),
});

/** Layers that the published model cannot fuse, by reason. */
export const costedAlone = (layers: readonly { readonly id: string; readonly reason: string }[]): Diagnostic => {
  const reasons = [...new Set(layers.map(({ reason }) => reason))];
  const groups = reasons.map((reason) => {
    const ids = layers.filter((layer) => layer.reason === reason).map(({ id }) => id);
    return `${reason}: ${listNames(ids)}`;
  });
  return {
    code: "layers-costed-alone",
    severity: "info",
    message: `${countOf(layers.length, "layer")} outside the published depth-first model ${
      layers.length === 1 ? "ends its stack and is" : "end their stacks and are"
    } costed alone (${groups.join("; ")})`,
    where: {},
    hint: "",
  };
};

/** Cuts that nobody asked for, after layers whose output is used outside their stack. */
export const cutsAdded = (layers: readonly string[]): Diagnostic => ({
  code: "cuts-added",
  severity: "info",
  message: `stacks also end after ${listNames(layers)}, whose output is used outside of the stack that they were asked to be part of`,
  where: { field: "--stacks" },
  hint: "cut where branches meet to keep them together",
});

/** The reference takes the id 0 for the absence of a cut (DF-Q2). */
export const cutZeroIgnored = (): Diagnostic => ({
  code: "cut-zero-ignored",
  severity: "info",
  message:
    "the cut after layer '0' is taken for no cut, as the reference does: its stack is the whole rest of the network, the next one starts at the network's input, and layers are counted more than once (DF-Q2)",
  where: { field: "--stacks" },
  hint: "cut elsewhere to count every layer once",
});

/**
 * A layer that no loop order fits, even with every memory of its chains.
 *
 * @param memory - with the bits that it would have to hold, where these are known; the least of any tile and unrolling then
 */
export const noRoomForLayer = (
  layer: Layer,
  memory: {
    readonly id: string;
    readonly size: number;
    readonly needs?: number;
  },
  sizes: { readonly inputBits: number; readonly outputBits: number; readonly weightBits: number },
  tile: { readonly width: number; readonly height: number },
): Diagnostic => ({
  code: "layer-does-not-fit",
  severity: "error",
  message: `layer '${layer.id}' cannot be mapped on a tile of ${tile.width}x${tile.height}: memory '${memory.id}' holds ${memory.size} bit, less than ${
    memory.needs === undefined ? "what" : `the ${memory.needs} bit that`
  } must stay in it, with every memory above it in use (inputs ${sizes.inputBits} bit, outputs ${sizes.outputBits} bit, weights ${sizes.weightBits} bit)`,
  where: layer.loc,
  hint:
    memory.needs === undefined
      ? `choose a smaller tile, a smaller unrolling of this layer, or an accelerator with a larger '${memory.id}'`
      : `a smaller tile or fewer units are not enough; choose an accelerator whose '${memory.id}' holds at least ${memory.needs} bit`,
});

/** What lies outside of the chip while a stack runs: maps and weights of the whole network that somebody still reads. */
export const noRoomAtTop = (
  stack: string,
  bits: { readonly maps: number; readonly weights: number; readonly buffers: number; readonly all: number },
  memory: { readonly id: string; readonly size: number },
): Diagnostic => ({
  code: "stack-does-not-fit",
  severity: "error",
  message: `while stack ${stack} runs, the network has ${bits.maps} bit of feature maps${
    bits.buffers > 0 ? `, ${bits.buffers} bit of buffers` : ""
  } and ${bits.weights} bit of weights outside of the chip, ${bits.all} bit together: memory '${memory.id}' holds ${memory.size} bit`,
  where: {},
  hint: `use an accelerator whose '${memory.id}' holds at least ${bits.all} bit, or keep fewer maps outside: longer stacks have fewer between them`,
});

/** A steady state that is no other than the first inference. */
export const nothingResident = (hasWeights: boolean): Diagnostic => ({
  code: "nothing-resident",
  severity: "info",
  message: `--steady-state changes nothing: ${
    hasWeights
      ? "no memory on chip holds the weights of all stacks at once, beside what the stacks need there"
      : "no stack keeps weights on chip"
  }, so that every inference loads its weights`,
  where: { field: "--steady-state" },
  hint: hasWeights ? "a larger memory for weights would keep them" : "",
});

/** Overlap that no memory can keep. */
export const noRoomForOverlap = (
  stack: string,
  what: "columns" | "rows",
  bits: number,
  largest: { readonly id: string; readonly size: number } | undefined,
): Diagnostic => ({
  code: "overlap-does-not-fit",
  severity: "error",
  message: `no memory that holds both activations and outputs can keep the overlapping ${what} of stack ${stack}: they need ${bits} bit with the feature maps in use, ${largest === undefined ? "and there is no such memory" : `the largest, '${largest.id}', holds ${largest.size} bit`}`,
  where: { field: "--overlap" },
  hint: `choose a smaller tile, overlap recompute, or cut the stack${
    largest === undefined ? "" : `; '${largest.id}' would have to hold ${bits} bit`
  }`,
});

/** Memories that no ports connect in the direction of a copy (DF-Q12). */
export const copyWithoutPath = ({ kind, layer, operand, bits, from, to }: Copy): Diagnostic => ({
  code: "copy-without-path",
  severity: "error",
  message: `${kind} of ${bits} bit for operand '${operand}' of '${layer}' has no path from memory '${from.memory}' (as ${from.operand}) to '${to.memory}' (as ${to.operand}): a port is missing on the way`,
  where: { node: layer },
  hint: "give the memories ports in this direction, choose another tile or overlap mode, or cut the stack before this layer",
});

const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const listed = (items: readonly string[], limit = 3): string =>
  items.length > limit ? `${items.slice(0, limit).join(", ")} and ${items.length - limit} more` : items.join(", ");
