/** Diagnostics of decisions that a user states. */
import type { Unroll } from "../accelerator.js";
import type { MappingConflict } from "../cost-model.js";
import type { MappingDecision, StackDecision, TileTypeDecision, TileTypeMatch } from "../decisions.js";
import { type Diagnostic, listNames, suggest } from "../diagnostics.js";
import type { Location } from "../location.js";
import { unreachable } from "../unreachable.js";
import { error } from "./make.js";

/** Decisions about layers that the network does not have, one diagnostic for all of one place. */
export const unknownDecidedLayers = (where: Location, ids: readonly string[], known: readonly string[]): Diagnostic =>
  error(
    "unknown-layer",
    where,
    `the network has no layer ${listNames(ids)}`,
    `${suggest(ids[0] ?? "", known)} (layers are named as in the schedule; activations that are folded away are no layers)`,
  );

/** Inputs of the network as ends of a run: a run is counted in layers. */
export const runEndsAtInput = (where: Location, inputs: readonly string[]): Diagnostic =>
  error(
    "unknown-layer",
    where,
    `${listNames(inputs)} ${inputs.length === 1 ? "is an input" : "are inputs"} of the network; 'first' and 'last' name layers`,
    "start with the first layer that reads the input; 'layers' can name an input that is a stack of its own",
  );

/** A stack that does not come about as it is stated. */
export const stackImpossible = (
  { where }: StackDecision,
  stated: readonly string[],
  found: readonly (readonly string[])[],
): Diagnostic =>
  error(
    "stack-conflict",
    where,
    `the layers ${listNames(stated)} are stated to be one stack; cut there, the network falls into ${found
      .slice(0, 3)
      .map((layers) => `[${listNames(layers, 3)}]`)
      .join(" ")}`,
    "a stack holds everything that its last layer depends on and no earlier stack has, writes one feature map, and leaves out operators that cannot be fused",
  );

export const stackReversed = (
  where: Location,
  { first, last }: { readonly first: string; readonly last: string },
): Diagnostic =>
  error("stack-conflict", where, `'${last}' comes before '${first}' in the network`, "swap first and last");

export const statedTwice = ({ where }: StackDecision, layers: readonly string[]): Diagnostic =>
  error(
    "stack-conflict",
    where,
    `${listNames(layers)} ${layers.length === 1 ? "is" : "are"} stated to be in several stacks`,
    "state every layer in one stack",
  );

export const tileConflict = (
  { where }: StackDecision,
  stated: string,
  stack: string,
  output: string,
  alone: string | undefined,
): Diagnostic =>
  error(
    "tile-conflict",
    where,
    alone === undefined
      ? `the tile is stated as ${stated}, the output of stack ${stack} is ${output}`
      : `the tile is stated as ${stated}, but stack ${stack} is costed alone, as a whole of ${output}: ${alone}`,
    `state a tile of at most ${output}, or full`,
  );

/** Loops are stated for tiles that the stated cuts, tile and overlap do not give. */
export const tileTypeAbsent = (
  { where, match }: TileTypeDecision,
  stack: string,
  found: readonly TileTypeMatch[],
): Diagnostic =>
  error(
    "tile-type-conflict",
    where,
    `no tile type of stack ${stack} is ${printMatch(match)}; its tile, overlap and cuts give ${found
      .slice(0, 4)
      .map(printMatch)
      .join("; ")}${found.length > 4 ? ` and ${found.length - 4} more` : ""}`,
    "leave the tile types out to have them mapped again, or restore the tile, overlap and cuts that they were made for",
  );

/** A layer is stated to run where it does not. */
export const layerNotOnType = ({ where, layer }: MappingDecision, stack: string): Diagnostic =>
  error(
    "mapping-conflict",
    where,
    `layer '${layer}' is not computed in stack ${stack}`,
    "state its mapping in the stack that it is part of",
  );

export const mappingStatedTwice = ({ where, layer }: MappingDecision, tileType: string): Diagnostic =>
  error(
    "mapping-conflict",
    where,
    `the mapping of layer '${layer}' on tile type ${tileType} is stated more than once`,
    "state it once",
  );

/** One contradiction in the stated mapping of a layer on one tile type. */
export function mappingConflict(
  { where, layer }: MappingDecision,
  tileType: string,
  conflict: MappingConflict,
): Diagnostic {
  const [reason, hint] = explain(conflict);
  return error("mapping-conflict", where, `layer '${layer}' on tile type ${tileType}: ${reason}`, hint);
}

function explain(conflict: MappingConflict): readonly [reason: string, hint: string] {
  switch (conflict.kind) {
    case "dim":
      return [`it has no loop '${conflict.dim}'`, `its loops are ${conflict.known.join(", ")}`];
    case "extent":
      return [
        `the loops of dim ${conflict.dim} multiply to ${conflict.stated}, the tile needs ${conflict.needed} beside what is unrolled`,
        "change the loops, or the tile or unrolling that they are stated for",
      ];
    case "operand":
      return [`it has no operand '${conflict.operand}'`, `its operands are ${conflict.known.join(", ")}`];
    case "levels":
      return [
        `the levels of ${conflict.operand} are stated as ${conflict.stated.join(", ")}; from its home on this tile they are ${conflict.found.join(", ")}`,
        "levels are the memories of an operand's chain from the array up to its home; weights and the output of a stack have theirs by the rules",
      ];
    case "unrolling":
      return [
        `the unrolling is stated as ${printUnrolling(conflict.stated)}; the dataflow gives ${printUnrolling(conflict.found)}`,
        "give the unrolling with --mapping, or leave 'spatial' out",
      ];
    case "boundaries":
      return [boundariesReason(conflict), "boundaries count the loops at or below each level, innermost level first"];
    case "capacity":
      return [capacityReason(conflict), `lower the boundaries at '${conflict.memory}', or reorder the loops`];
    case "order":
      return [
        `memory '${conflict.memory}' cannot hold what must stay in it under the stated order and levels${
          conflict.needs === undefined ? "" : `, at least ${conflict.needs} bit`
        }`,
        "reorder the loops, state higher levels, or choose a smaller tile",
      ];
    case "sums":
      return [
        `the stated order leaves partial sums in '${conflict.memory}', the home of its output, which has room for the finished results alone`,
        "move the loops over what is summed inwards or the boundaries of the output outwards, so that sums are finished below that memory; or choose a smaller tile",
      ];
    default:
      return unreachable(conflict);
  }
}

type Conflict<K extends MappingConflict["kind"]> = Extract<MappingConflict, { kind: K }>;

function boundariesReason({ operand, stated, levels, loops }: Conflict<"boundaries">): string {
  const list = `the boundaries of ${operand} [${stated.join(" ")}]`;
  if (stated.length !== levels.length) return `${list} need one number for each of ${levels.join(", ")}`;
  if (stated.at(-1) !== loops) return `${list} end with ${stated.at(-1)}, but there are ${loops} loops`;
  return `${list} decrease`;
}

function capacityReason({ memory, size, needs }: Conflict<"capacity">): string {
  const demands = needs.map(({ operand, bits }) => `those of ${operand} need ${bits} bit`);
  return `of the loops at or below '${memory}', ${demands.join(" and ")}; it holds ${size} bit`;
}

const printUnrolling = (unrolling: readonly Unroll[]): string =>
  unrolling.length === 0 ? "none" : unrolling.map(({ arrayDim, dim, size }) => `${arrayDim}=${dim}${size}`).join(" ");

function printMatch({ id, width, height, firstAt }: TileTypeMatch): string {
  const size = width === undefined && height === undefined ? "" : ` ${width ?? "?"}x${height ?? "?"}`;
  const place = firstAt === undefined ? "" : ` first at (${firstAt.x}, ${firstAt.y})`;
  return `${id === undefined ? "" : `'${id}'`}${size}${place}`.trim();
}
