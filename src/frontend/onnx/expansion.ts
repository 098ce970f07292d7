/** Nodes that stand for a graph of others: local functions, bodies of control flow, operators that are told as their parts. */
import { duplicateValue } from "../../ir/diagnostics/onnx.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { nodeIds } from "./graph.js";
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from "./model.js";

/** Domain of operators that the importer makes itself. */
export const INTERNAL = "kerf";

/** What a node does, as a graph of simpler nodes whose values have names of their own. */
export interface Expansion {
  /** In an order in which they can run. */
  readonly nodes: readonly OnnxNode[];
  /** Names that the nodes give the inputs and outputs of the node they replace, by position. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly initializers?: readonly OnnxTensor[];
  /** Operator sets of the nodes; those of the model where absent. */
  readonly opsets?: ReadonlyMap<string, number>;
  /** Multiply-accumulates of the nodes are counted as those of the graph itself: a local function. */
  readonly isInlined?: true;
  /** How often the nodes run; 1 where absent. */
  readonly repeat?: number;
  /** Said in the coverage ledger. */
  readonly reason: string;
}

/** An expansion in place: its values bear names that are unique in the graph. */
export interface PlacedExpansion {
  readonly ids: readonly string[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
}

/** Values that several nodes of an expansion write, or that come from outside as well. */
export function definedTwice({ inputs, initializers = [], nodes }: Expansion, loc: Location): readonly Diagnostic[] {
  const definers = new Map<string, string>([
    ...inputs.map((name) => [name, "an input"] as const),
    ...initializers.map(({ name }) => [name, "an initializer"] as const),
  ]);
  const ids = nodeIds(nodes);
  return nodes.flatMap(({ outputs }, i) =>
    outputs.flatMap((name) => {
      if (name === "") return [];
      const first = definers.get(name);
      if (first === undefined) definers.set(name, `node '${ids[i]}'`);
      return first === undefined ? [] : [duplicateValue(loc, name, first)];
    }),
  );
}

/** Values by the names that an expansion gives them → names in the graph. */
type Renaming = ReadonlyMap<string, string>;

/**
 * @param id - of the node that is replaced: parts are called `id#part`
 * @param isTaken - whether the graph has a value of this name already
 */
export function placeExpansion(
  expansion: Expansion,
  id: string,
  node: OnnxNode,
  isTaken: (name: string) => boolean,
): PlacedExpansion {
  const { nodes, initializers = [] } = expansion;
  const unused = (name: string): string => {
    let free = name;
    while (isTaken(free)) free = `${free}'`;
    return free;
  };
  const names = new Map(expansion.inputs.map((name, i) => [name, node.inputs[i] ?? ""]));
  const own = [...initializers.map(({ name }) => name), ...nodes.flatMap(({ outputs }) => outputs)];
  for (const name of own) if (name !== "") names.set(name, unused(`${id}#${name}`));
  const passedOn: OnnxNode[] = [];
  const given = new Set<string>();
  const written = new Set(nodes.flatMap(({ outputs }) => outputs));
  for (const [i, name] of expansion.outputs.entries()) {
    const actual = node.outputs[i] ?? "";
    if (actual === "" || name === "") continue; // an output that nobody asks for, or that is not computed
    // What the nodes compute bears the output's name; what is passed on, or given out twice, is another value.
    if (written.has(name) && !given.has(name)) names.set(name, actual);
    else passedOn.push(identity(names.get(name) ?? name, actual));
    given.add(name);
  }
  return {
    ids: [...nodeIds(nodes), ...passedOn.map((_, i) => `output ${i}`)].map((part) => `${id}#${part}`),
    nodes: [...nodes.map((part) => rename(part, names)), ...passedOn],
    initializers: initializers.map((tensor) => ({ ...tensor, name: names.get(tensor.name) ?? tensor.name })),
  };
}

const identity = (from: string, to: string): OnnxNode => part("Identity", [from], [to]);

/** A node of an expansion; it is called after its first output. */
export function part(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
  domain = "",
): OnnxNode {
  const node = { name: "", opType, domain, inputs, outputs, attributes: new Map(Object.entries(attributes)) };
  return domain === INTERNAL ? { ...node, isInternal: true } : node;
}

function rename(node: OnnxNode, names: Renaming): OnnxNode {
  const renamed = (list: readonly string[]) => list.map((name) => names.get(name) ?? name);
  return {
    ...node,
    inputs: renamed(node.inputs),
    outputs: renamed(node.outputs),
    attributes: holdsGraphs(node) ? renameInside(node, names) : node.attributes,
  };
}

/** Most nodes have no bodies: their attributes are shared, not copied. */
function holdsGraphs({ attributes }: OnnxNode): boolean {
  for (const { kind } of attributes.values()) if (kind === "graphs") return true;
  return false;
}

const renameInside = ({ attributes }: OnnxNode, names: Renaming): OnnxNode["attributes"] =>
  new Map([...attributes].map(([name, attribute]) => [name, renameIn(attribute, names)]));

const renameIn = (attribute: OnnxAttribute, names: Renaming): OnnxAttribute =>
  attribute.kind === "graphs"
    ? { kind: "graphs", value: attribute.value.map((graph) => renameCaptured(graph, names)) }
    : attribute;

/** What a body takes from outside is renamed; its own values, which may hide others, are not. */
function renameCaptured(graph: OnnxGraph, names: Renaming): OnnxGraph {
  const captured = new Map(names);
  for (const { name } of [...graph.inputs, ...graph.initializers]) captured.delete(name);
  for (const { outputs } of graph.nodes) for (const name of outputs) captured.delete(name);
  if (captured.size === 0) return graph;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => rename(node, captured)),
    outputs: graph.outputs.map((output) => ({ ...output, name: captured.get(output.name) ?? output.name })),
  };
}
