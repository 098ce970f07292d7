/**
 * Copies beside layers (EM §4): what a layer or tile needs may come while the layer before it runs, and what it leaves may go while the
 * next one does, where ports and room allow.
 */
import type { CopyKind, CopyPhaseCost } from "../../ir/cost-model.js";
import type { LayerMapping, NodeCopies, PlacedNode, StackPlacement, TileOrder, TileRun } from "../../ir/facts.js";
import { type CostedTiles, type CostedType, type HiddenCopies, sum } from "../depth-first/totals.js";

/** A copy phase, or the mapped layer of a node, in the order in which they run on a tile. */
type Activity =
  | { readonly kind: "phase"; readonly phase: NodeCopies; readonly node: PlacedNode }
  | { readonly kind: "layer"; readonly node: PlacedNode; readonly mappings: readonly LayerMapping[] };

type Phase = Extract<Activity, { kind: "phase" }>;
type Running = Extract<Activity, { kind: "layer" }>;

/** Copies whose data does not depend on the layer before them on the same tile, and on the tile before. */
const EARLY: readonly CopyKind[] = ["stack-input", "cache-read", "weights"];
const EARLIER: readonly CopyKind[] = ["stack-input"];

/** @param capacity - bits of each memory that the stack may take */
export function hiddenCopies(
  { types }: CostedTiles,
  { columns = [], rows = [] }: StackPlacement,
  order: TileOrder,
  capacity: ReadonlyMap<string, number>,
): HiddenCopies {
  const activities = types.map(activitiesOf);
  const perTile = activities.map((list) =>
    sum(runningOf(list), (layer) => hiddenBehind(layer, besideOf(list, layer), capacity)),
  );
  const between = (before: number, after: number): number => {
    const last = runningOf(activities[before]!).at(-1);
    const first = leadingPhases(activities[after]!);
    if (last === undefined) return 0;
    const own = besideOf(activities[before]!, last);
    return hiddenBehind(last, [...own, ...first], capacity) - hiddenBehind(last, own, capacity);
  };
  const typeOf = (column: number, row: number): number =>
    types.findIndex(({ type }) => type.column === column && type.row === row);
  const pairs = order === "x-first" ? neighbours(columns, rows) : neighbours(rows, columns).map(transposed);
  const betweenTiles = sum(
    pairs,
    ({ from, to, count }) => count * between(typeOf(from.column, from.row), typeOf(to.column, to.row)),
  );
  return { perTile, betweenTiles };
}

function activitiesOf({ type, layers, copies }: CostedType): readonly Activity[] {
  const phase = (node: PlacedNode, when: NodeCopies["when"]): readonly Activity[] =>
    copies
      .filter((each) => each.node === node.id && each.when === when)
      .map((each) => ({ kind: "phase", phase: each, node }));
  return type.nodes.flatMap((node): readonly Activity[] => {
    const mappings = layers.filter(({ layer }) => layer === node.id);
    return [
      ...phase(node, "before"),
      ...(mappings.length === 0 ? [] : [{ kind: "layer" as const, node, mappings }]),
      ...phase(node, "after"),
    ];
  });
}

const runningOf = (activities: readonly Activity[]): readonly Running[] =>
  activities.filter((activity) => activity.kind === "layer");

const isPhase = (activity: Activity | undefined): activity is Phase => activity?.kind === "phase";

/** Phases that may run beside a layer: what the nodes before it leave, and what the next one needs. */
function besideOf(activities: readonly Activity[], layer: Running): readonly Phase[] {
  const at = activities.indexOf(layer);
  const beside: Phase[] = [];
  for (let i = at - 1; i >= 0; i--) {
    const activity = activities[i];
    if (!isPhase(activity) || activity.phase.when !== "after") break;
    beside.push(activity);
  }
  for (let i = at + 1; i < activities.length; i++) {
    const activity = activities[i];
    if (!isPhase(activity)) break;
    if (activity.phase.when === "before" && isOf(activity, EARLY)) beside.push(activity);
    else if (activity.phase.when === "before") break;
  }
  return beside;
}

const isOf = ({ node }: Phase, kinds: readonly CopyKind[]): boolean =>
  node.copies.every(({ kind }) => kinds.includes(kind));

/** Phases at the start of a tile that do not depend on the tile before. */
function leadingPhases(activities: readonly Activity[]): readonly Phase[] {
  const end = activities.findIndex((activity) => !isPhase(activity) || !isOf(activity, EARLIER));
  return (end === -1 ? activities : activities.slice(0, end)).filter(isPhase);
}

/** Cycles saved by running phases beside a layer, one after the other: nothing, where room or ports do not allow it. */
function hiddenBehind(
  { node, mappings }: Running,
  phases: readonly Phase[],
  capacity: ReadonlyMap<string, number>,
): number {
  const fitting: Phase[] = [];
  for (const phase of phases) if (isRoomFor([...fitting, phase], node, mappings, capacity)) fitting.push(phase);
  const costs = fitting.map(({ phase }) => phase.cost);
  const running = sum(mappings, ({ result }) => result.cost.latencyCycles);
  const copying = sum(costs, ({ cycles }) => cycles);
  const busiest = Math.max(0, ...portLoads(mappings, costs).values());
  return Math.max(0, running + copying - Math.max(running, copying, busiest));
}

function portLoads(mappings: readonly LayerMapping[], phases: readonly CopyPhaseCost[]): ReadonlyMap<string, number> {
  const loads = new Map<string, number>();
  const add = (cycles: Readonly<Record<string, number>>): void => {
    for (const [port, busy] of Object.entries(cycles)) loads.set(port, (loads.get(port) ?? 0) + busy);
  };
  for (const { result } of mappings) add(result.cost.portCycles ?? {});
  for (const { portBusy } of phases) add(portBusy);
  return loads;
}

/** Whether what comes early and what leaves late fits beside all that lives while a layer runs. */
function isRoomFor(
  phases: readonly Phase[],
  { reserved = {} }: PlacedNode,
  mappings: readonly LayerMapping[],
  capacity: ReadonlyMap<string, number>,
): boolean {
  const used = new Map(Object.entries(reserved));
  for (const { result } of mappings)
    for (const [memory, bits] of Object.entries(result.cost.occupancy))
      used.set(memory, Math.max(used.get(memory) ?? 0, (reserved[memory] ?? 0) + bits));
  for (const { phase, node } of phases)
    for (const { bits, from, to } of (phase.when === "before" ? node.copies : node.after) ?? []) {
      const memory = phase.when === "before" ? to.memory : from.memory;
      used.set(memory, (used.get(memory) ?? 0) + bits);
    }
  return [...used].every(([memory, bits]) => bits <= (capacity.get(memory) ?? Number.POSITIVE_INFINITY));
}

interface Place {
  readonly column: number;
  readonly row: number;
}

interface Neighbours {
  readonly from: Place;
  readonly to: Place;
  readonly count: number;
}

const transposed = ({ from, to, count }: Neighbours): Neighbours => ({ from: turn(from), to: turn(to), count });
const turn = ({ column, row }: Place): Place => ({ column: row, row: column });

/** Pairs of tiles that follow each other along rows of tiles, by their classes. */
function neighbours(columns: readonly TileRun[], rows: readonly TileRun[]): readonly Neighbours[] {
  const [first, last] = [columns[0], columns.at(-1)];
  if (first === undefined || last === undefined) return [];
  const along = rows.flatMap(({ class: row, count: times }) =>
    followers(columns).map(
      ([a, b, count]): Neighbours => ({ from: { column: a, row }, to: { column: b, row }, count: count * times }),
    ),
  );
  const across = followers(rows).map(
    ([a, b, count]): Neighbours => ({
      from: { column: last.class, row: a },
      to: { column: first.class, row: b },
      count,
    }),
  );
  return [...along, ...across].filter(({ count }) => count > 0);
}

/** Neighbouring classes in a sequence of runs, with how often they meet. */
const followers = (runs: readonly TileRun[]): readonly (readonly [number, number, number])[] =>
  runs.flatMap(({ class: own, count }, i) => {
    const next = runs[i + 1];
    const within = [own, own, count - 1] as const;
    return next === undefined ? [within] : [within, [own, next.class, 1] as const];
  });
