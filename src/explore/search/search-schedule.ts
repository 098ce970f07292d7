/** What `kerf schedule` leaves open, searched jointly and stated as decisions for the pipeline (design §5). */
import type { CostModel } from "../../ir/cost-model.js";
import type { Decisions, StackDecision } from "../../ir/decisions.js";
import {
  OVERLAP_MODES,
  type OverlapMode,
  type SearchedSpace,
  STACKS,
  type Stack,
  TILE_ORDERS,
  type TileOrder,
  UNROLLING,
} from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import type { LayerId } from "../../ir/network.js";
import { decisionFor, stackDecisions } from "../../passes/decisions.js";
import type { TileSize } from "../../passes/options.js";
import { type StackRule, withStacks } from "../evaluate-point.js";
import { type JointLimits, searchJointly } from "./joint-search.js";
import { JointSpace, type Partition, type TilingsOf } from "./joint-space.js";
import { networkFloors } from "./network-floor.js";
import { type Tiling, tileSizes, tilingsOf } from "./tilings.js";

/** Choices of a schedule, some of them left open. */
export interface SearchRequest {
  readonly stacks: "optimal" | StackRule;
  readonly tile: "search" | "all" | TileSize;
  readonly overlap: "search" | OverlapMode;
  readonly order: "search" | TileOrder;
  /** Homes of feature maps between stacks. */
  readonly between: "searched" | "top";
}

/** The choices of the answer, and what was searched for it. */
export interface SearchedSchedule {
  readonly stacks: { readonly cuts: readonly string[] };
  readonly decisions: Decisions;
  readonly searched: SearchedSpace;
}

/** Choices with nothing left open. */
export interface ClosedRequest {
  readonly stacks: StackRule;
  readonly tile: TileSize;
  readonly overlap: OverlapMode;
  readonly order: TileOrder;
  readonly between: "searched" | "top";
}

export const isClosed = (request: SearchRequest): request is ClosedRequest =>
  ![request.stacks, request.tile, request.overlap, request.order].some(isOpenChoice);

/** Whether a choice is left to the search. */
export const isOpenChoice = (choice: unknown): boolean =>
  choice === "optimal" || choice === "search" || choice === "all";

/** Nodes of tile types that a search looks at before it takes what it has. */
const SEARCH_WORK = 20_000;

/** Rules whose partitions an optimal one is compared with from the start. */
const RULES = ["per-layer", "single", "auto"] as const;

/**
 * @param start - a module as the frontend made it; where decisions are stated, they stay, and cuts with them
 * @param costModel - of exact rules
 * @returns `undefined` where the decisions leave nothing open
 * @throws DiagnosticError when nothing fits
 */
export function searchSchedule(
  start: Module,
  costModel: CostModel,
  request: SearchRequest,
  limits: Partial<JointLimits>,
): SearchedSchedule | undefined {
  const areStated = stackDecisions(start).some(({ members }) => members !== undefined);
  const isFree = request.stacks === "optimal" && !areStated;
  const asked = request.stacks === "optimal" ? "auto" : request.stacks;
  const modules = (isFree ? RULES : [asked]).map((rule) => withStacks(start, rule, costModel));
  const [module] = modules as [Module]; // some rule
  const floors = networkFloors(module, costModel);
  const space = new JointSpace(module, costModel, tilingsFor(request, module), request.between === "searched", floors);
  if (areStated && modules.every((each) => isOneWay(space.partitionOf(each.get(STACKS))))) return undefined;
  const answer = searchJointly(space, modules.map(endsOf), isFree, { work: SEARCH_WORK, ...limits });
  return {
    stacks: { cuts: answer.stacks.slice(0, -1).map(({ stack }) => stack.layers.at(-1)!) }, // stacks have layers
    decisions: { stacks: answer.stacks.map(({ stack, tiling }) => decided(stack, tiling, module)) },
    searched: {
      space: spaceText(request),
      evaluated: answer.evaluated,
      bound: answer.bound ?? [...floors.values()].reduce((sum, floor) => sum + floor, 0),
      isExhaustive: answer.bound !== undefined,
    },
  };
}

const isOneWay = (partition: Partition): boolean => partition.every(({ tilings }) => tilings.length === 1);

const decided = (stack: Stack, tiling: Tiling, module: Module): StackDecision => ({
  members: stack.layers,
  ...tiling,
  tileTypes: decisionFor(module, stack)?.tileTypes ?? [],
  where: FOUND,
});

const FOUND = { field: "search" } as const;

/** Layers that end the stacks but the last. */
const endsOf = (module: Module): readonly string[] =>
  module
    .get(STACKS)
    .slice(0, -1)
    .map(({ layers }) => layers.at(-1)!); // stacks have layers

/** What a stack is stated to have is not open. */
function tilingsFor(request: SearchRequest, module: Module): TilingsOf {
  const unrolling = module.get(UNROLLING);
  return ({ stack, maps }, output) => {
    const { tile, overlap, order } = { ...request, ...statedOf(module, stack) };
    const last = stack.layers.at(-1)!; // stacks have layers
    const unrolled = (direction: "x" | "y"): number => {
      const dim = maps.loops.get(last)?.[direction];
      const own = unrolling.get(last as LayerId)?.unrolling.filter((entry) => entry.dim === dim) ?? [];
      return own.reduce((product, { size }) => product * size, 1);
    };
    const sizes = (extent: number, direction: "x" | "y", stated: number | undefined): readonly number[] =>
      tile === "all"
        ? everySize(extent)
        : tile === "search"
          ? tileSizes(extent, unrolled(direction))
          : [stated ?? extent];
    const size = typeof tile === "object" ? tile : undefined;
    const widths = sizes(output.width, "x", size?.width);
    const heights = sizes(output.height, "y", size?.height);
    return tilingsOf(output, {
      widths,
      heights,
      overlaps: overlap === "search" ? OVERLAP_MODES : [overlap],
      orders: order === "search" ? TILE_ORDERS : [order],
    });
  };
}

function statedOf(module: Module, stack: Stack): Partial<Pick<SearchRequest, "tile" | "overlap" | "order">> {
  const { tile, overlap, order } = decisionFor(module, stack) ?? {};
  return { ...(tile && { tile }), ...(overlap && { overlap }), ...(order && { order }) };
}

const everySize = (extent: number): readonly number[] => Array.from({ length: extent }, (_, i) => i + 1);

function spaceText({ stacks, tile, overlap, order }: SearchRequest): string {
  const tiles = {
    search: "tiles of the uncut map, its n-th parts for n ≤ 16 and multiples of the unrolling up to 64",
    all: "tiles of every size",
  };
  const open = [
    ...(stacks === "optimal" ? ["all cuts into stacks"] : []),
    ...(tile === "search" || tile === "all" ? [tiles[tile]] : []),
    ...(overlap === "search" ? ["all overlap modes"] : []),
    ...(order === "search" ? ["both orders of tiles"] : []),
  ];
  return `${open.join(", ")}, each stack for itself`;
}
