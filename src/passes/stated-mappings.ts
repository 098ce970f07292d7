/** Mappings that a user states, found for the layers and tile types that they speak of. */
import type { MappingDecision, TileTypeDecision, TileTypeMatch } from "../ir/decisions.js";
import { layerNotOnType, mappingStatedTwice, tileTypeAbsent } from "../ir/diagnostics/decisions.js";
import type { Diagnostic } from "../ir/diagnostics.js";
import type { PlacedTileType, Stack, StackPlacement } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import { decisionFor, stackDecisions } from "./decisions.js";
import { activations, type GraphNode } from "./depth-first/graph.js";
import type { StatedHomes } from "./depth-first/place-nodes.js";

type TypeShape = Pick<PlacedTileType, "id" | "width" | "height" | "firstAt">;

/** Whether a tile type agrees with every part that is stated. */
function isMatch({ id, width, height, firstAt }: TileTypeMatch, type: TypeShape): boolean {
  return (
    (id === undefined || id === type.id) &&
    (width === undefined || width === type.width) &&
    (height === undefined || height === type.height) &&
    (firstAt === undefined || (firstAt.x === type.firstAt.x && firstAt.y === type.firstAt.y))
  );
}

/** Every mapping that is stated for a layer of a stack on one of its tile types. */
export function mappingsFor(module: Module, stack: Stack, type: TypeShape, layer: string): readonly MappingDecision[] {
  const types = decisionFor(module, stack)?.tileTypes ?? [];
  return types
    .filter(({ match }) => isMatch(match, type))
    .flatMap(({ layers }) => layers.filter((stated) => stated.layer === layer));
}

/**
 * Where the levels that are stated for a layer end: the highest memories of its activations and of its outputs. The activations of a
 * layer share one home: that of the first operand with stated levels holds for all of them, and the levels of the others are checked
 * against it.
 */
export function statedHomes(module: Module, stack: Stack, type: TypeShape, node: GraphNode): StatedHomes {
  const levels = mappingsFor(module, stack, type, node.id)[0]?.levels ?? {};
  const inputs = activations(node).flatMap(({ name }) => levels[name]?.at(-1) ?? []);
  const output = levels[node.output.name]?.at(-1);
  return { ...(inputs[0] !== undefined && { input: inputs[0] }), ...(output !== undefined && { output }) };
}

/** Statements that met no tile type or no layer, so that nothing is passed over in silence. */
export function unmetMappings(
  module: Module,
  stacks: readonly Stack[],
  placements: readonly StackPlacement[],
  met: ReadonlySet<MappingDecision>,
): readonly Diagnostic[] {
  return stackDecisions(module).flatMap((decision) => {
    const own = placements.filter((_, s) => decisionFor(module, stacks[s]!) === decision); // one placement per stack
    const ids = own.map(({ stack }) => stack).join(", ");
    const types = own.flatMap(({ tileTypes }) => tileTypes);
    const isAbsent = ({ match }: TileTypeDecision) => !types.some((type) => isMatch(match, type));
    return decision.tileTypes.flatMap((stated) => {
      if (isAbsent(stated)) return [tileTypeAbsent(stated, ids, types)];
      return stated.layers.filter((layer) => !met.has(layer)).map((layer) => layerNotOnType(layer, ids));
    });
  });
}

/** One of the phases in which a layer runs on a tile: most layers have one. */
export interface Phase {
  readonly index: number;
  readonly count: number;
}

/** The one mapping that is stated, or one for each phase in their order; others that speak of the same layer and type contradict it. */
export function onlyMapping(
  stated: readonly MappingDecision[],
  type: TypeShape,
  { index, count }: Phase,
): { readonly stated?: MappingDecision; readonly conflict?: Diagnostic } {
  const [first, second] = count > 1 && stated.length === count ? [stated[index]] : stated;
  if (second !== undefined) return { conflict: mappingStatedTwice(second, type.id) };
  return first === undefined ? {} : { stated: first };
}

/** The mappings that are stated for layers of a stack, where one is and no other contradicts it. */
export const statedMappings =
  (module: Module, stack: Stack) =>
  (type: TypeShape, layer: string, phase: Phase): MappingDecision | undefined =>
    onlyMapping(mappingsFor(module, stack, type, layer), type, phase).stated;
