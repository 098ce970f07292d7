/**
 * Copies bring, keep and deliver what the regions and homes of a stack ask for (EM §5). What is due is worked out without a look at the
 * copies that are there.
 */
import { chain, type Hierarchy } from "../../ir/accelerator.js";
import type { Copy } from "../../ir/cost-model.js";
import type { PlacedNode, PlacedTileType, StackBuffer, StackPlacement } from "../../ir/facts.js";
import { type Network, outputOf, type TensorId } from "../../ir/network.js";
import { weightBits as matrixBits } from "../depth-first/cuts.js";
import { chainTop } from "../depth-first/levels.js";
import { keptTraffic } from "../regions/kept-rings.js";
import { newPart, owedPart, piecesOf, type RingKind, readPart } from "../regions/pieces.js";
import { area, type TensorTile } from "../regions/stack-regions.js";
import { constantBits } from "./constants.js";
import type { StackGeometry, TileShape } from "./geometry.js";
import type { FeatureMap, StackMaps } from "./stack-maps.js";

/** Where data could come from and go to. */
export interface Outside {
  readonly network: Network;
  readonly hierarchy: Hierarchy;
}

/**
 * Every map is kept, fetched, delivered and gathered as its regions and its homes on each tile type say.
 *
 * @param geometry - of the same stack, with one shape per tile type
 * @throws Error naming the tile type, the map and the bits
 */
export function requireCopies(
  { maps }: StackMaps,
  { shapes }: StackGeometry,
  placement: StackPlacement,
  outside: Outside,
): void {
  const { tileTypes, buffers = [], stack } = placement;
  for (const map of maps) {
    const storage = storageOf(map, shapes, placement, outside);
    tileTypes.forEach((type, t) => {
      const tile = shapes[t]!.tiles.get(map.node.id)!; // every map has a tile on the shape of each type
      const where = `'${map.node.id}' on tile type ${type.id} of stack ${stack}`;
      const due = dueBits(map, shapes[t]!, storage);
      requireBits(`${where} keeps`, sumBits(copiesOf(type, "cache-write", map)), due.kept);
      requireBits(`${where} delivers`, sumBits(copiesOf(type, "stack-output", map)), due.owed);
      requireBits(`${where} fetches`, sumBits(copiesOf(type, "stack-input", map)), due.fetched);
      const placed = type.nodes.find(({ id }) => id === map.node.id);
      if (placed !== undefined && storage.ring !== undefined)
        requireGathered(map, tile, storage.ring, { type, placed, buffers, where });
    });
  }
}

/** How a map is stored throughout a stack. */
interface StorageLaw {
  /** It lies where maps live between stacks, where everybody finds all of it. */
  readonly isWhole: boolean;
  /** Its overlap must be kept, in rings of this kind; absent where none is. */
  readonly ring?: RingKind;
  /** A stack input whose overlap is fetched again. */
  readonly isFetchedAgain: boolean;
}

/**
 * A map that does not lie whole where maps live between stacks is made in parts: all overlap of it is kept, unless it is an input, of
 * which overlap that no ring holds is fetched again.
 *
 * @throws Error when it lies whole on some tile types only
 */
function storageOf(
  map: FeatureMap,
  shapes: readonly TileShape[],
  { tileTypes, buffers = [], stack }: StackPlacement,
  outside: Outside,
): StorageLaw {
  const id = map.node.id;
  const place = placeOf(map, buffers, outside);
  const placed = tileTypes.flatMap(({ nodes }) => nodes.filter((node) => node.id === id));
  const whole = placed.filter(({ topOutput }) => topOutput === place);
  if (whole.length > 0 && whole.length < placed.length)
    throw new Error(`'${id}' of stack ${stack} lies whole in '${place}' on some tile types, in parts on others`);
  const stated = buffers.find(({ node, role, ring }) => node === id && role !== "weights" && ring)?.ring;
  const keeps = shapes.some(({ tiles }) => keptBits(map, tiles.get(id)!, "narrow") > 0);
  const isWhole = placed.length > 0 && whole.length === placed.length;
  const isInput = map.node.layer === undefined;
  const ring = isWhole ? undefined : (stated ?? (isInput ? undefined : "narrow"));
  return { isWhole, ...(ring && { ring }), isFetchedAgain: isInput && stated === undefined && keeps };
}

/** Memory that holds all of a map between stacks: one on chip, or the top of its chain. */
function placeOf(map: FeatureMap, buffers: readonly StackBuffer[], { network, hierarchy }: Outside): string {
  const writers = new Map<string, TensorId | undefined>(
    network.layers.map((layer) => [layer.id, outputOf(layer).tensor]),
  );
  const held = buffers.find(({ node, role }) => role === "map" && writers.get(node) === map.tensor);
  return held?.memory ?? chainTop(hierarchy, map.node.output.memoryOperand).id;
}

/** Bits that a tile must keep, fetch and deliver of a map. */
function dueBits(map: FeatureMap, shape: TileShape, { isWhole, ring, isFetchedAgain }: StorageLaw) {
  if (isWhole) return { kept: 0, fetched: 0, owed: 0 };
  const id = map.node.id;
  const tile = shape.tiles.get(id)!; // every map has a tile
  const isInput = map.node.layer === undefined;
  const fetched = isFetchedAgain ? shape.fetchedAgain.get(id)! : tile; // every input has one
  return {
    kept: ring === undefined ? 0 : keptBits(map, tile, ring),
    fetched: isInput ? area(newPart(fetched)) * map.cellBits : 0,
    owed: isInput ? 0 : area(owedPart(tile)) * map.cellBits,
  };
}

function keptBits({ cellBits }: FeatureMap, tile: TensorTile, ring: RingKind): number {
  const { newToColumn, rowToColumn, newToRow } = keptTraffic(tile, ring);
  return (newToColumn + rowToColumn + newToRow) * cellBits;
}

interface Placed {
  readonly type: PlacedTileType;
  /** Node of the map. */
  readonly placed: PlacedNode;
  readonly buffers: readonly StackBuffer[];
  readonly where: string;
}

/** Kept overlap that lies elsewhere than the new part is brought there before it is read. */
function requireGathered(
  { node, readers, cellBits }: FeatureMap,
  tile: TensorTile,
  ring: RingKind,
  { type, placed, buffers, where }: Placed,
): void {
  const home = (role: StackBuffer["role"]) => buffers.find((own) => own.node === node.id && own.role === role)?.memory;
  for (const [number, reader] of readers.entries()) {
    const away = piecesOf(readPart(tile, number), tile, ring).filter(
      ({ buffer }) => buffer !== "new" && home(buffer) !== placed.topOutput,
    );
    const reading = type.nodes.find(({ id }) => id === reader.node.id);
    const brought = (reading?.copies ?? []).filter(
      ({ kind, operand }) => kind === "cache-read" && operand === reader.operand.name,
    );
    const expected = away.reduce((sum, piece) => sum + area(piece.box) * cellBits, 0);
    requireBits(`${where}, read by '${reader.node.id}', brings`, sumBits(brought), expected);
  }
}

/**
 * Weights that a mapping reads on chip are held there, and were loaded: with the constants that belong to them, once per stack.
 *
 * @throws Error naming the layer, the memory and the bits
 */
export function requireLoads(
  { maps }: StackMaps,
  { tileTypes, buffers = [], loads = [], stack }: StackPlacement,
  { network, hierarchy }: Outside,
): void {
  for (const { node } of maps) {
    const where = `weights of '${node.id}' in stack ${stack}`;
    const loaded = loads.filter(({ kind, layer }) => kind === "weights" && layer === node.id);
    const held = buffers.filter((buffer) => buffer.role === "weights" && buffer.node === node.id);
    const [operand] = node.weights;
    const bits = operand === undefined ? 0 : matrixBits(node) + constantBits(node, network.tensors);
    const top = operand && chainTop(hierarchy, operand.memoryOperand).id;
    const homes = new Set(tileTypes.flatMap((type) => (operand ? weightHomes(type, node.id, operand.name) : [])));
    const memories = new Set([...homes, ...held.map(({ memory }) => memory)]);
    memories.delete(top ?? "");
    for (const memory of memories) {
      const own = loaded.filter(({ to }) => to.memory === memory);
      requireBits(`${where}, loaded to '${memory}':`, sumBits(own), bits);
      requireBits(`${where}, held in '${memory}':`, sumBits(held.filter((each) => each.memory === memory)), bits);
    }
    requireBits(`${where} loaded at all:`, sumBits(loaded), memories.size * bits);
  }
}

/** Memories in which the mappings of a layer on a tile type find an operand. */
const weightHomes = ({ nodes }: PlacedTileType, layer: string, operand: string): readonly string[] =>
  nodes
    .filter(({ id }) => id === layer)
    .flatMap(({ problems }) =>
      problems.flatMap(({ hierarchy, operands }) => {
        const shape = operands.find(({ name, bits }) => name === operand && bits > 0);
        const home = shape && chain(hierarchy, shape.memoryOperand).at(-1);
        return home === undefined ? [] : [home.id];
      }),
    );

const copiesOf = ({ nodes }: PlacedTileType, kind: Copy["kind"], { node }: FeatureMap): readonly Copy[] =>
  nodes
    .flatMap(({ copies, after = [] }) => [...copies, ...after])
    .filter((copy) => copy.kind === kind && copy.layer === node.id);

const sumBits = (copies: readonly { readonly bits: number }[]): number =>
  copies.reduce((sum, { bits }) => sum + bits, 0);

/** Bits of boxes are whole multiples of the bits of an element. */
function requireBits(what: string, found: number, expected: number): void {
  if (Math.abs(found - expected) > 1e-9 * expected) throw new Error(`${what} ${found} bit, not ${expected}`);
}
