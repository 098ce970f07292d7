/** Tiles of one stack by type: equal in everything that their cost depends on (DF §4, §7). */
import type { Memory } from "../../ir/accelerator.js";
import type { Behaviours, RuleSet } from "../../ir/rules.js";
import { type BufferDemand, type Counts, type Kept, NO_COUNTS, type TilePosition } from "./kept-buffers.js";
import { higher, type LevelsPolicy, type PlannedLevels, type StackMemories } from "./levels.js";
import type { Pair } from "./operands.js";

/** Columns or rows of tiles that are alike: equally wide, first or not, last or not. */
export interface AxisClass {
  readonly size: number;
  /** First element of the first of them. */
  readonly from: number;
  readonly count: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Overlap that a tile hands on to later ones and takes from earlier ones. */
export interface KeptOverlap {
  readonly write?: Memory;
  readonly read?: Memory;
  /** Columns or rows of each node's output, and of each operand. */
  readonly writes: Counts;
  readonly reads: Counts;
}

export interface TileType {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly firstAt: Pair;
  /** Only of the first tile: its weights come through their whole chain. */
  readonly weightsFromTop: boolean;
  readonly columns: KeptOverlap;
  readonly rows: KeptOverlap;
}

/** What one tile is planned to need and where it goes. */
export interface TilePlan {
  readonly demand: BufferDemand;
  readonly levels: PlannedLevels;
}

export interface StackTypes {
  /** In the order in which their first tiles run: row by row. */
  readonly types: readonly TileType[];
  readonly weightMemory?: Memory;
}

/** Classes of tiles along one axis. */
export type LeftoverPolicy = (extent: number, tile: number) => readonly AxisClass[];

/** The tile that is left over comes first (DF-Q28): `extent` 10 in tiles of 4 is 2, 4, 4. */
const leftoverFirst: LeftoverPolicy = (extent, tile) => classesOf(extent, tile, extent % tile || tile, tile);

/** The tile that is left over comes last: `extent` 10 in tiles of 4 is 4, 4, 2. */
const leftoverLast: LeftoverPolicy = (extent, tile) =>
  classesOf(extent, tile, Math.min(extent, tile), extent % tile || tile);

export const LEFTOVER: Behaviours<RuleSet["leftover"], LeftoverPolicy> = {
  published: { quirks: ["DF-Q28"], rule: leftoverFirst },
  last: { quirks: ["DF-Q28"], rule: leftoverLast },
};

/** @param lead - size of the first of them; `end`: of the last where there are several */
function classesOf(extent: number, tile: number, lead: number, end: number): readonly AxisClass[] {
  const last = Math.ceil(extent / tile) - 1;
  const first = { size: lead, from: 0, count: 1, isFirst: true, isLast: last === 0 };
  const middle = { size: tile, from: lead, count: last - 1, isFirst: false, isLast: false };
  const final = { size: end, from: extent - end, count: 1, isFirst: false, isLast: true };
  return [first, ...(last > 1 ? [middle] : []), ...(last > 0 ? [final] : [])];
}

/**
 * Types of all tiles of a stack, without a walk over the tiles: those of one {first, middle, last} column and row are equal.
 *
 * @param planOf - plan of a tile by size and position
 */
export function tileTypes(
  output: Pair,
  tile: Pair,
  kept: Kept,
  planOf: (tile: TilePosition) => TilePlan,
  policy: LevelsPolicy,
  stack: StackMemories,
  classes: LeftoverPolicy,
): StackTypes {
  const [columns, rows] = [classes(output.x, tile.x), classes(output.y, tile.y)];
  const plans = rows.map((row) => columns.map((column) => planOf(positionOf(column, row))));
  const levels = plans.flat().map((plan) => plan.levels);
  const rowHome = kept.rows ? policy.rowHome(levels, stack) : undefined;
  const columnHome = (left: TilePlan, right: TilePlan): Memory | undefined =>
    policy.columnHome(left.levels, right.levels, stack);
  const tiles = rows.flatMap((row, r) =>
    columns.map((column, c): TileType => {
      const own = plans[r]![c]!; // one plan per class
      return {
        width: column.size,
        height: row.size,
        count: column.count * row.count,
        firstAt: { x: column.from, y: row.from },
        weightsFromTop: column.isFirst && row.isFirst,
        columns: kept.columns ? keptColumns(columnHome, own, plans[r]![c - 1], plans[r]![c + 1]) : NOTHING_KEPT,
        rows: kept.rows ? keptRows(row, own, rowHome) : NOTHING_KEPT,
      };
    }),
  );
  const weightMemory = stack.weights && highest(stack.weights.operand, levels);
  return { types: merge(tiles), ...(weightMemory && { weightMemory }) };
}

export const NOTHING_KEPT: KeptOverlap = { writes: NO_COUNTS, reads: NO_COUNTS };

const positionOf = (column: AxisClass, row: AxisClass): TilePosition => ({
  width: column.size,
  height: row.size,
  isFirstColumn: column.isFirst,
  isFirstRow: row.isFirst,
});

/** One level per stack for its weights: the highest that any of its tiles is planned with. */
const highest = (operand: string, levels: readonly PlannedLevels[]): Memory | undefined =>
  levels.reduce<Memory | undefined>((top, plan) => higher(operand, top, plan.weights), undefined);

/** A tile reads where its left neighbour was told to write. */
function keptColumns(
  columnHome: (left: TilePlan, right: TilePlan) => Memory | undefined,
  own: TilePlan,
  left: TilePlan | undefined,
  right: TilePlan | undefined,
): KeptOverlap {
  const write = right && columnHome(own, right);
  const read = left && columnHome(left, own);
  return {
    ...(write && { write }),
    ...(read && { read }),
    writes: right === undefined ? NO_COUNTS : own.demand.writeColumns,
    reads: own.demand.readColumns,
  };
}

function keptRows(row: AxisClass, own: TilePlan, home: Memory | undefined): KeptOverlap {
  return {
    ...(home && !row.isLast && { write: home }),
    ...(home && !row.isFirst && { read: home }),
    writes: row.isLast ? NO_COUNTS : own.demand.writeRows,
    reads: own.demand.readRows,
  };
}

/** Joins equal types; the first of them says where they begin. */
function merge(tiles: readonly TileType[]): readonly TileType[] {
  const byKey = new Map<string, TileType>();
  for (const tile of tiles) {
    const key = keyOf(tile);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? tile : { ...known, count: known.count + tile.count });
  }
  return [...byKey.values()];
}

/** Everything that types are compared by (DF §4): position is not part of it. */
function keyOf({ width, height, weightsFromTop, columns, rows }: TileType): string {
  const keyed = ({ write, read, writes, reads }: KeptOverlap) => [
    write?.id ?? null,
    read?.id ?? null,
    [...writes],
    [...reads],
  ];
  return JSON.stringify([width, height, weightsFromTop, keyed(columns), keyed(rows)]);
}
