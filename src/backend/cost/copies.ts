/** Cost of copies between memories: their paths through the hierarchy, hop by hop, and what ports make of them (DF §9). */
import {
  chain,
  type Direction,
  type Hierarchy,
  levelOf,
  type Memory,
  type MemoryOperand,
  type Port,
  portFor,
} from "../../ir/accelerator.js";
import type { Copy, CopyCost, CopyEnd, CopyPhaseCost, CostModel, Hop } from "../../ir/cost-model.js";
import { copyWithoutPath } from "../../ir/diagnostics/schedule.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import { unitsMoved } from "../../ir/layout.js";
import type { Behaviours, RuleSet } from "../../ir/rules.js";
import { runTogether, type TimedCopy } from "./copy-timing.js";
import { transferCycles } from "./transfer-cycles.js";

/** One stop of a path: the two memories and the ports that serve the operand between them. */
export interface Step {
  readonly operand: MemoryOperand;
  readonly sender: Memory;
  readonly sendPort: Port;
  readonly receiver: Memory;
  readonly receivePort: Port;
}

/** A port that is taken from cycle `begin` to before cycle `end`. */
interface Interval {
  readonly port: string;
  readonly begin: number;
  readonly end: number;
}

/**
 * Cost of copies that start together on the full hierarchy: each waits for its own hops, and ports that several of them use
 * serialise them (DF §9.4).
 *
 * @throws DiagnosticError (infeasible) when the hardware has no port for a hop (DF-Q12)
 */
export function copyPhase(copies: readonly Copy[], hierarchy: Hierarchy): CopyPhaseCost {
  const timed = copies.map((copy) => timeline(copy, hierarchy, pathOf));
  return phaseOf(timed, busyUntil(timed.flatMap(({ intervals }) => intervals)));
}

/**
 * The same where hops wait for their ports, one by one (EM §4), and the rings of one map are written in the order of their copies: the
 * row ring gives rows to the column ring before these are overwritten.
 *
 * @throws DiagnosticError (infeasible) when the hardware has no port for a hop
 */
function copyPhaseInOrder(copies: readonly Copy[], hierarchy: Hierarchy): CopyPhaseCost {
  const timed = copies.map((copy) => timeline(copy, hierarchy, pathBetweenBuffers));
  const lanes = timed.map(({ path, cost }, i): TimedCopy => {
    const hops = path.map((stop, h) => ({ ports: portsOf(stop), cycles: cost.hops[h]!.cycles })); // one hop per stop
    const own = copies[i]!;
    const isBefore = (other: Copy, j: number): boolean =>
      j < i && other.kind === "cache-write" && own.kind === "cache-write" && other.layer === own.layer;
    const after = copies.findLastIndex(isBefore);
    return { hops, ...(after >= 0 && { after }) };
  });
  return phaseOf(timed, runTogether(lanes));
}

const phaseOf = (timed: readonly Timeline[], portBusy: ReadonlyMap<string, number>): CopyPhaseCost => ({
  energy: timed.reduce((sum, { cost }) => sum + cost.energy, 0),
  cycles: Math.max(0, ...portBusy.values()),
  copies: timed.map(({ cost }) => cost),
  portBusy: Object.fromEntries(portBusy),
});

/**
 * Cache writes in a phase of their own, right after the node that they belong to, instead of beside what the next node waits for.
 *
 * @throws DiagnosticError (infeasible) when the hardware has no port for a hop
 */
function writesApart(copies: readonly Copy[], hierarchy: Hierarchy): CopyPhaseCost {
  const isWrite = ({ kind }: Copy): boolean => kind === "cache-write";
  const writes = copyPhase(copies.filter(isWrite), hierarchy);
  const others = copyPhase(
    copies.filter((copy) => !isWrite(copy)),
    hierarchy,
  );
  const later = Object.entries(others.portBusy).map(([port, busy]) => [port, writes.cycles + busy] as const);
  const [nextWrite, nextOther] = [writes.copies.values(), others.copies.values()];
  return {
    energy: writes.energy + others.energy,
    cycles: writes.cycles + others.cycles,
    copies: copies.map((copy) => (isWrite(copy) ? nextWrite : nextOther).next().value!), // one cost per copy
    portBusy: { ...writes.portBusy, ...Object.fromEntries(later) },
  };
}

/** Costs of copies, one by one and in phases. */
export type CopyRules = Pick<CostModel, "copyCost" | "copyPhase">;

const costBy =
  (find: FindPath): CopyRules["copyCost"] =>
  (copy, hierarchy) =>
    find(copy, hierarchy) === undefined ? undefined : timeline(copy, hierarchy, find).cost;

/** How the copies of a node form phases. */
export const COPY_PHASES: Behaviours<RuleSet["copyPhases"], CopyRules> = {
  published: {
    quirks: ["DF-Q24"],
    rule: { copyCost: costBy(pathOf), copyPhase: (copies, hierarchy) => copyPhase(copies, hierarchy) },
  },
  "writes-apart": { quirks: ["DF-Q24"], rule: { copyCost: costBy(pathOf), copyPhase: writesApart } },
  // data that moves inside a memory, from one buffer to another, is read and written there; hops wait for their ports
  buffers: {
    quirks: [],
    rule: {
      copyCost: costBy(pathBetweenBuffers),
      copyPhase: copyPhaseInOrder,
    },
  },
};

type FindPath = (copy: Pick<Copy, "from" | "to">, hierarchy: Hierarchy) => readonly Step[] | undefined;

/** The path of a copy, or the one step inside the memory that both ends are in. */
function pathBetweenBuffers(
  { from, to }: Pick<Copy, "from" | "to">,
  hierarchy: Hierarchy,
): readonly Step[] | undefined {
  if (from.memory !== to.memory) return pathOf({ from, to }, hierarchy);
  const memory = hierarchy.memories.find(({ id }) => id === from.memory);
  const sendPort = memory && (portFor(memory, from.operand, "tl") ?? portFor(memory, from.operand, "th"));
  const receivePort = memory && (portFor(memory, to.operand, "fh") ?? portFor(memory, to.operand, "fl"));
  if (memory === undefined || sendPort === undefined || receivePort === undefined) return undefined;
  return [{ operand: from.operand, sender: memory, sendPort, receiver: memory, receivePort }];
}

/**
 * Path of a copy. Memories on the way store the data and send it on. Where no chain holds both ends, it climbs the source's chain to
 * the lowest memory that it shares with the destination's, and descends from there (DF §9.1).
 *
 * @returns no step when both ends are one memory; `undefined` when no chain or port connects them
 */
export function pathOf({ from, to }: Pick<Copy, "from" | "to">, hierarchy: Hierarchy): readonly Step[] | undefined {
  if (from.operand === to.operand) return alongChain(from.operand, from.memory, to.memory, hierarchy);
  const turn = turningPoint(from, to, hierarchy);
  if (turn === undefined) return undefined;
  const up = turn === from.memory ? [] : alongChain(from.operand, from.memory, turn, hierarchy);
  const down = turn === to.memory ? [] : alongChain(to.operand, turn, to.memory, hierarchy);
  return up && down && [...up, ...down];
}

/** Lowest memory at or above the source that holds the destination's operand at or above the destination. */
function turningPoint(from: CopyEnd, to: CopyEnd, hierarchy: Hierarchy): string | undefined {
  const source = chain(hierarchy, from.operand);
  const start = source.findIndex(({ id }) => id === from.memory);
  const goal = chain(hierarchy, to.operand).find(({ id }) => id === to.memory);
  const bottom = goal && levelOf(goal, to.operand);
  if (start < 0 || bottom === undefined) return undefined;
  return source.slice(start).find((memory) => (levelOf(memory, to.operand) ?? -1) >= bottom)?.id;
}

function alongChain(
  operand: MemoryOperand,
  from: string,
  to: string,
  hierarchy: Hierarchy,
): readonly Step[] | undefined {
  const memories = chain(hierarchy, operand);
  const [start, end] = [from, to].map((name) => memories.findIndex(({ id }) => id === name));
  if (start === undefined || end === undefined || start < 0 || end < 0) return undefined;
  const stops = start < end ? memories.slice(start, end + 1) : memories.slice(end, start + 1).toReversed();
  const [send, receive]: readonly [Direction, Direction] = start < end ? ["th", "fl"] : ["tl", "fh"];
  const steps = stops.slice(1).map((receiver, i) => step(operand, stops[i]!, send, receiver, receive)); // one stop before each
  return steps.every((found) => found !== undefined) ? steps : undefined;
}

function step(
  operand: MemoryOperand,
  sender: Memory,
  send: Direction,
  receiver: Memory,
  receive: Direction,
): Step | undefined {
  const sendPort = portFor(sender, operand, send);
  const receivePort = portFor(receiver, operand, receive);
  return sendPort && receivePort && { operand, sender, sendPort, receiver, receivePort };
}

interface Timeline {
  readonly path: readonly Step[];
  readonly cost: CopyCost;
  readonly intervals: readonly Interval[];
}

/** The hops of one copy, one after the other from cycle 0, and the ports that they take. */
function timeline(copy: Copy, hierarchy: Hierarchy, find: FindPath): Timeline {
  const path = find(copy, hierarchy);
  if (path === undefined) throw new DiagnosticError([copyWithoutPath(copy)], "infeasible");
  const hops = path.map((stop, i) =>
    hopCost(stop, {
      send: i === 0 ? laidOutBits(copy, "from", stop.sendPort) : copy.bits,
      receive: i === path.length - 1 ? laidOutBits(copy, "to", stop.receivePort) : copy.bits,
    }),
  );
  const intervals: Interval[] = [];
  let begin = 0;
  path.forEach((stop, i) => {
    const end = begin + hops[i]!.cycles; // one hop per stop
    intervals.push(...portsOf(stop).map((port) => ({ port, begin, end })));
    begin = end;
  });
  const energy = hops.reduce((sum, hop) => sum + hop.sendEnergy + hop.receiveEnergy, 0);
  return { path, cost: { energy, cycles: begin, hops }, intervals };
}

const portsOf = ({ sender, sendPort, receiver, receivePort }: Step): readonly string[] => [
  `${sender.id}.${sendPort.name}`,
  `${receiver.id}.${receivePort.name}`,
];

/**
 * One hop (DF §9.2): energy in steps of a port's granularity, time at the slower port's bandwidth; a port that reads and writes what
 * moves inside a memory does one after the other.
 */
function hopCost(
  { operand, sender, sendPort, receiver, receivePort }: Step,
  moved: { readonly send: number; readonly receive: number },
): Hop {
  const [sent, received] = [fullWidthAccesses(moved.send, sendPort), fullWidthAccesses(moved.receive, receivePort)];
  const [out, into] = [transferCycles(moved.send, sendPort), transferCycles(moved.receive, receivePort)];
  return {
    from: sender.id,
    to: receiver.id,
    operand,
    sendEnergy: sent * sender.readEnergy,
    receiveEnergy: received * receiver.writeEnergy,
    sent,
    received,
    cycles: sender === receiver && sendPort === receivePort ? out + into : Math.max(out, into),
  };
}

/** Bits at the end of a copy: where the data lies in runs, each of them in whole transfers of the port (EM §2, Layout). */
function laidOutBits({ bits, runs }: Copy, end: "from" | "to", { granularity }: Port): number {
  const own = runs?.[end];
  return own === undefined ? bits : unitsMoved(own, runs!.elementBits, granularity) * granularity;
}

const fullWidthAccesses = (bits: number, { granularity, bandwidth }: Port): number =>
  Math.ceil(bits / granularity) * (granularity / bandwidth);

/** A port with several transfers is busy at least as long as they take in a row from the first one on. */
function busyUntil(intervals: readonly Interval[]): ReadonlyMap<string, number> {
  const byPort = new Map<string, Interval[]>();
  for (const taken of intervals) byPort.set(taken.port, [...(byPort.get(taken.port) ?? []), taken]);
  return new Map(
    [...byPort].map(([port, taken]) => {
      const first = Math.min(...taken.map(({ begin }) => begin));
      const work = taken.reduce((sum, { begin, end }) => sum + end - begin, 0);
      return [port, Math.max(first + work, ...taken.map(({ end }) => end))] as const;
    }),
  );
}
