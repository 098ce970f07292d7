/** The wiring of a graph: who defines each value, in which order nodes run, what each node is called. */

import {
  cyclicGraph,
  duplicateValue,
  nodeWithoutOutput,
  sharedNames,
  undefinedOutput,
  undefinedValue,
} from "../../ir/diagnostics/onnx.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import type { OnnxFunction, OnnxGraph, OnnxNode } from "./model.js";

export interface Wiring {
  /** Unique name per node, in file order. */
  readonly ids: readonly string[];
  /** Positions of the nodes in topological order; the file's order where that is one. */
  readonly order: readonly number[];
  readonly errors: readonly Diagnostic[];
  readonly notes: readonly Diagnostic[];
}

/** Errors that are collected: a broken file may have hundreds of thousands, and a few of each kind are shown. */
const ENOUGH = 10_000;

/** Similar names are looked up for this many errors: a broken file may have thousands. */
const SUGGESTIONS = 3;

/** Checks that every value is defined once, and orders the nodes. Nodes on a cycle are left out of the order. */
export function wire(graph: OnnxGraph, loc: Location): Wiring {
  const ids = nodeIds(graph.nodes);
  const errors: Diagnostic[] = [];
  const writers = collectWriters(graph, ids, loc, errors);
  const outer = new Set([...graph.initializers, ...graph.inputs].map(({ name }) => name));
  const names = [...outer, ...writers.keys()];
  const dependencies = graph.nodes.map((node, position) => {
    const read = valuesRead(node);
    for (const name of read)
      if (!writers.has(name) && !outer.has(name))
        errors.push(
          undefinedValue({ ...loc, node: ids[position] ?? "" }, name, errors.length < SUGGESTIONS ? names : []),
        );
    return read.flatMap((name) => writers.get(name) ?? []);
  });
  for (const { name } of graph.outputs)
    if (!writers.has(name) && !outer.has(name))
      errors.push(undefinedOutput(loc, name, errors.length < SUGGESTIONS ? names : []));
  const { order, cycle } = topologicalOrder(dependencies);
  if (cycle.length > 0)
    errors.push(
      cyclicGraph(
        loc,
        cycle.map((position) => ids[position] ?? ""),
      ),
    );
  const shared = sharedNodeNames(graph.nodes);
  return { ids, order, errors, notes: shared.length === 0 ? [] : [sharedNames(loc, shared)] };
}

function sharedNodeNames(nodes: readonly OnnxNode[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { name } of nodes) if (name !== "") counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].flatMap(([name, count]) => (count > 1 ? [name] : []));
}

/** A function sees what it is given and computes: values of the graph that calls it are none of these. */
export function checkFunction(
  name: string,
  { inputs, outputs, nodes }: OnnxFunction,
  loc: Location,
): readonly Diagnostic[] {
  const where = { ...loc, field: `function '${name}'` };
  const values = (names: readonly string[]) => names.map((value) => ({ name: value, type: 0 }));
  const graph = { name, nodes, initializers: [], inputs: values(inputs), outputs: [], valueInfo: [] };
  const known = new Set([...inputs, ...nodes.flatMap((node) => node.outputs)]);
  const missing = [...new Set(freeNames(graph))].map((value) => undefinedValue(where, value, []));
  const unwritten = outputs.filter((value) => value !== "" && !known.has(value));
  return [...missing, ...unwritten.map((value) => undefinedOutput(where, value, []))];
}

/** Position of the node that writes each value. */
function collectWriters(graph: OnnxGraph, ids: readonly string[], loc: Location, errors: Diagnostic[]) {
  const definers = new Map<string, string>();
  const define = (name: string, by: string, where: Location) => {
    const first = definers.get(name);
    if (first !== undefined && errors.length < ENOUGH) errors.push(duplicateValue(where, name, first));
    else if (first === undefined) definers.set(name, by);
  };
  const initialized = new Set(graph.initializers.map(({ name }) => name));
  for (const { name } of graph.initializers) define(name, "an initializer", loc);
  // Before IR version 4 every initializer was also listed as an input.
  for (const { name } of graph.inputs) if (!initialized.has(name)) define(name, "a graph input", loc);
  const writers = new Map<string, number>();
  for (const [position, node] of graph.nodes.entries()) {
    const id = ids[position] ?? "";
    const where = { ...loc, node: id };
    const outputs = node.outputs.filter((name) => name !== "");
    if (outputs.length === 0 && errors.length < ENOUGH) errors.push(nodeWithoutOutput(where));
    for (const name of outputs) {
      define(name, `node '${id}'`, where);
      if (!writers.has(name)) writers.set(name, position);
    }
  }
  return writers;
}

/** Inputs of a node, and what the graphs in its attributes take from outside. */
function valuesRead(node: OnnxNode): readonly string[] {
  const graphs = [...node.attributes.values()].flatMap((a) => (a.kind === "graphs" ? a.value : []));
  const captured = graphs.flatMap(freeNames);
  return [...new Set([...node.inputs.filter((name) => name !== ""), ...captured])];
}

function freeNames(graph: OnnxGraph): readonly string[] {
  const own = new Set([...graph.inputs, ...graph.initializers].map(({ name }) => name));
  for (const { outputs } of graph.nodes) for (const name of outputs) own.add(name);
  const read = [...graph.nodes.flatMap(valuesRead), ...graph.outputs.map(({ name }) => name)];
  return read.filter((name) => name !== "" && !own.has(name));
}

/** Depth first, dependencies before dependants, otherwise in the given order; stops at the first cycle. */
function topologicalOrder(dependencies: readonly (readonly number[])[]) {
  const order: number[] = [];
  const state = new Uint8Array(dependencies.length); // 0 new, 1 open, 2 done
  for (let root = 0; root < dependencies.length; root++) {
    const path = state[root] === 0 ? [{ node: root, next: 0 }] : [];
    state[root] ||= 1;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const child = dependencies[top.node]?.[top.next++];
      if (child === undefined) {
        state[top.node] = 2;
        order.push(top.node);
        path.pop();
      } else if (state[child] === 1) {
        const nodes = path.map(({ node }) => node);
        return { order, cycle: nodes.slice(nodes.indexOf(child)).reverse() };
      } else if (state[child] === 0) {
        state[child] = 1;
        path.push({ node: child, next: 0 });
      }
    }
  }
  return { order, cycle: [] };
}

/**
 * The node's name where it is there and unique, else its first output's, so that every id is unique: a name that such an output
 * bears already gives way to its own node's first output too.
 */
export function nodeIds(nodes: readonly OnnxNode[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { name } of nodes) counts.set(name, (counts.get(name) ?? 0) + 1);
  const named = new Map<string, number>();
  const nameless: number[] = [];
  for (const [i, { name }] of nodes.entries())
    if (name !== "" && counts.get(name) === 1) named.set(name, i);
    else nameless.push(i);
  const fallbacks = nodes.map((node, i) => node.outputs.find((name) => name !== "") ?? `${node.opType} ${i}`);
  // Who gives way may displace another one in turn: each is looked at once.
  for (let i = nameless.pop(); i !== undefined; i = nameless.pop()) {
    const displaced = named.get(fallbacks[i] ?? "");
    if (displaced === undefined) continue;
    named.delete(fallbacks[i] ?? "");
    nameless.push(displaced);
  }
  return nodes.map(({ name }, i) => (named.get(name) === i ? name : (fallbacks[i] ?? "")));
}
