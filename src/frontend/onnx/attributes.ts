/** Typed reading of a node's attributes. */

import { attributeType, attributeValue } from "../../ir/diagnostics/onnx.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import type { Attributes, AttributeValue } from "../../ir/network.js";
import type { OnnxAttribute, OnnxGraph, OnnxTensor } from "./model.js";

type Kind = OnnxAttribute["kind"];

/**
 * Each reader returns `undefined` where the attribute is left out.
 *
 * @throws DiagnosticError `attribute-type` from every reader when the attribute is of another type
 */
export interface AttributeReader {
  int(name: string): number | undefined;
  /** An integer is taken for a float. */
  float(name: string): number | undefined;
  string(name: string): string | undefined;
  ints(name: string): readonly number[] | undefined;
  floats(name: string): readonly number[] | undefined;
  strings(name: string): readonly string[] | undefined;
  tensor(name: string): OnnxTensor | undefined;
  /** A body of control flow. */
  graph(name: string): OnnxGraph | undefined;
  /** One of a few words, `fallback` where left out. @throws DiagnosticError `attribute-value` */
  choice<const T extends string>(name: string, fallback: T, choices: readonly T[]): T;
  /** The attribute is there, but too long to be read. */
  isOmitted(name: string): boolean;
  /** Every attribute as it is: what a local function is called with. */
  all(): ReadonlyMap<string, OnnxAttribute>;
  /** Numbers and words by name, in the file's order: what a layer keeps of its operator. */
  plain(): Attributes;
}

export const attributeReader = (attributes: ReadonlyMap<string, OnnxAttribute>, loc: Location): AttributeReader =>
  new MapReader(attributes, loc);

/** A class, as every node keeps one: methods of its own would take more memory than the node. */
class MapReader implements AttributeReader {
  readonly #attributes: ReadonlyMap<string, OnnxAttribute>;
  readonly #loc: Location;

  constructor(attributes: ReadonlyMap<string, OnnxAttribute>, loc: Location) {
    this.#attributes = attributes;
    this.#loc = loc;
  }

  #find<K extends Kind>(name: string, expected: string, ...kinds: readonly K[]) {
    const attribute = this.#attributes.get(name);
    if (attribute === undefined) return undefined;
    if (!isOneOf(attribute, kinds))
      throw new DiagnosticError([attributeType(this.#loc, name, attribute.kind, expected)]);
    return attribute;
  }

  int(name: string) {
    return this.#find(name, "an integer", "int")?.value;
  }

  float(name: string) {
    return this.#find(name, "a number", "float", "int")?.value;
  }

  string(name: string) {
    return this.#find(name, "a string", "string")?.value;
  }

  ints(name: string) {
    return this.#find(name, "a list of integers", "ints")?.value;
  }

  floats(name: string) {
    return this.#find(name, "a list of numbers", "floats", "ints")?.value;
  }

  strings(name: string) {
    return this.#find(name, "a list of strings", "strings")?.value;
  }

  tensor(name: string) {
    return this.#find(name, "a tensor", "tensor")?.value;
  }

  graph(name: string) {
    return this.#find(name, "a graph", "graphs")?.value[0];
  }

  choice<const T extends string>(name: string, fallback: T, choices: readonly T[]): T {
    const found = this.string(name) ?? fallback;
    const known = choices.find((choice) => choice === found);
    if (known !== undefined) return known;
    throw new DiagnosticError([attributeValue(this.#loc, name, `'${found}'`, `one of ${choices.join(", ")}`)]);
  }

  isOmitted(name: string): boolean {
    return this.#attributes.get(name)?.kind === "too long to be read";
  }

  all(): ReadonlyMap<string, OnnxAttribute> {
    return this.#attributes;
  }

  plain(): Attributes {
    return Object.fromEntries([...this.#attributes].flatMap(([name, attribute]) => plainEntry(name, attribute)));
  }
}

const isOneOf = <K extends Kind>(
  attribute: OnnxAttribute,
  kinds: readonly K[],
): attribute is Extract<OnnxAttribute, { kind: K }> => kinds.some((kind) => kind === attribute.kind);

function plainEntry(name: string, attribute: OnnxAttribute): readonly (readonly [string, AttributeValue])[] {
  switch (attribute.kind) {
    case "tensor":
    case "graphs":
    case "reference":
    case "other":
      return [];
    default:
      return "value" in attribute ? [[name, attribute.value]] : [];
  }
}
