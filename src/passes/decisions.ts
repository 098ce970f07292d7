/** Stacks and tiles that a user states, as the passes read them. */
import { DECISIONS, type StackDecision } from "../ir/decisions.js";
import {
  runEndsAtInput,
  stackImpossible,
  stackReversed,
  statedTwice,
  unknownDecidedLayers,
} from "../ir/diagnostics/decisions.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import type { Stack } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import type { Network } from "../ir/network.js";
import { type GraphNode, type NodeGraph, predecessors } from "./depth-first/graph.js";

/** Stacks that a user names, with their members in the order of the network. */
export interface NamedStack {
  readonly decision: StackDecision;
  readonly members: ReadonlySet<string>;
}

export const stackDecisions = (module: Module): readonly StackDecision[] => module.find(DECISIONS)?.stacks ?? [];

/**
 * The stacks that decisions name.
 *
 * @throws DiagnosticError when decisions speak of layers that the graph does not have, or a run starts or ends with an input of the
 *   network, or ends before it starts
 */
export function namedStacks(module: Module, graph: NodeGraph): readonly NamedStack[] {
  const decisions = stackDecisions(module);
  const unknown = decisions.flatMap((decision) => wrongNames(decision, graph));
  if (unknown.length > 0) throw new DiagnosticError(unknown);
  return decisions.flatMap((decision) => {
    const members = membersOf(decision, module.network);
    return members === undefined ? [] : [{ decision, members }];
  });
}

function wrongNames(decision: StackDecision, graph: NodeGraph): readonly Diagnostic[] {
  const known = graph.nodes.map(({ id }) => id);
  const strangers = [...new Set(layersNamed(decision))].filter((id) => !graph.byId.has(id));
  const inputs = [...new Set(runEnds(decision))].filter((id) => graph.byId.has(id) && !graph.byId.get(id)?.layer);
  return [
    ...(strangers.length === 0 ? [] : [unknownDecidedLayers(decision.where, strangers, known)]),
    ...(inputs.length === 0 ? [] : [runEndsAtInput(decision.where, inputs)]),
  ];
}

const runEnds = ({ members }: StackDecision): readonly string[] =>
  members !== undefined && "first" in members ? [members.first, members.last] : [];

function layersNamed({ members, tileTypes }: StackDecision): readonly string[] {
  const ends = members === undefined ? [] : "first" in members ? [members.first, members.last] : members;
  return [...ends, ...tileTypes.flatMap(({ layers }) => layers.map(({ layer }) => layer))];
}

/**
 * The ends of a run are layers: `namedStacks` refuses others before any pass asks for a stack's decision.
 *
 * @throws DiagnosticError when the last layer of a run comes before the first
 */
function membersOf({ members, where }: StackDecision, { layers }: Network): ReadonlySet<string> | undefined {
  if (members === undefined || !("first" in members)) return members && new Set(members);
  const ids: readonly string[] = layers.map(({ id }) => id);
  const [from, to] = [ids.indexOf(members.first), ids.indexOf(members.last)];
  if (from > to) throw new DiagnosticError([stackReversed(where, members)], "infeasible");
  return new Set(ids.slice(from, to + 1));
}

/** Whether a layer is in several of the named stacks, as in a schedule that DF-Q2 has cut. */
export const namesLayersTwice = (named: readonly NamedStack[]): boolean =>
  named.some(({ members }, index) => named.slice(0, index).some((earlier) => overlaps(earlier.members, members)));

const overlaps = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => [...a].some((id) => b.has(id));

const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((id) => b.has(id));

/**
 * Cuts under which the named stacks come about, if any do: after each of them, and after whatever feeds them and is in none of them. Other
 * cuts stay where they are, unless they would fall inside a named stack.
 *
 * @param absent - a cut that is taken for none, where there is one (DF-Q2): only with it can a layer be in several stacks
 * @throws DiagnosticError (infeasible) when a layer is named in several stacks otherwise
 */
export function statedCuts(
  named: readonly NamedStack[],
  asked: readonly string[],
  graph: NodeGraph,
  absent: string | undefined,
): readonly string[] {
  const repeated = named.flatMap(({ decision, members }, index) => {
    const again = [...members].filter((id) => named.slice(0, index).some((earlier) => earlier.members.has(id)));
    return again.length === 0 ? [] : [statedTwice(decision, again)];
  });
  const isCopy = named.some(({ members }, index) => named.slice(0, index).some((e) => isSame(e.members, members)));
  if (repeated.length > 0 && (absent === undefined || isCopy)) throw new DiagnosticError(repeated, "infeasible");
  const areAllNamed = graph.nodes.every(({ id, layer }) => !layer || named.some(({ members }) => members.has(id)));
  const rest = areAllNamed ? named.at(-1)?.members : undefined; // what is left after all cuts: no cut ends it
  const cuts = named.flatMap(({ members }) => {
    const nodes = graph.nodes.filter(({ id }) => members.has(id));
    const outside = nodes.flatMap(predecessors).filter((id) => named.every((other) => !other.members.has(id)));
    const feeding = outside.filter((id) => graph.byId.get(id)?.layer !== undefined); // inputs end no stack
    const end = endOf(nodes) ?? (members === rest ? undefined : nodes.at(-1)?.id);
    return [...(end === undefined ? [] : [end]), ...feeding];
  });
  const others = asked.filter((id) => named.every(({ members }) => !members.has(id)));
  return [...new Set([...others, ...cuts, ...(repeated.length > 0 ? [absent!] : [])])];
}

/** The one member that no other reads; `undefined` where there are several. */
function endOf(nodes: readonly GraphNode[]): string | undefined {
  const read = new Set(nodes.flatMap(predecessors));
  const ends = nodes.filter(({ id }) => !read.has(id));
  return ends.length === 1 ? ends[0]!.id : undefined; // one is there
}

/** What is wrong with the stacks that came about, compared with those that are named. */
export function stackConflicts(named: readonly NamedStack[], stacks: readonly Stack[]): readonly Diagnostic[] {
  return named
    .filter(({ members }) => !stacks.some((stack) => isStackOf(members, stack)))
    .map(({ decision, members }) => {
      const touching = stacks.map(nodesOf).filter((nodes) => nodes.some((id) => members.has(id)));
      return stackImpossible(decision, [...members], touching);
    });
}

/** The decision that names this stack, else the one for stacks that none names. */
export function decisionFor(module: Module, stack: Stack): StackDecision | undefined {
  const decisions = stackDecisions(module);
  const naming = decisions.find((decision) => {
    const members = membersOf(decision, module.network);
    return members !== undefined && isStackOf(members, stack);
  });
  return naming ?? decisions.find(({ members }) => members === undefined);
}

/** A stack of an input alone is known by its input. */
const nodesOf = ({ layers, inputs }: Stack): readonly string[] =>
  layers.length === 0 ? inputs.map(({ id }) => id) : layers;

function isStackOf(members: ReadonlySet<string>, stack: Stack): boolean {
  const nodes = nodesOf(stack);
  return nodes.length === members.size && nodes.every((id) => members.has(id));
}
