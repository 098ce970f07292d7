/** What an operator family tells the importer: shapes, small constant values, and the layers that its nodes become. */
import type { AxisMap } from "../../ir/axis-map.js";
import { missingOperand } from "../../ir/diagnostics/onnx.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import type { Attributes, LayerKind, Loop, OperandRole } from "../../ir/network.js";
import type { AttributeReader } from "./attributes.js";
import type { Expansion } from "./expansion.js";
import { type Extent, isKnown, type Shape } from "./extent.js";

/** An input of a node whose rank is known. */
export interface InputValue {
  readonly name: string;
  /** `DATA_TYPE`; 0 where unknown. */
  readonly type: number;
  readonly shape: Shape;
  /** Row-major elements where they are few and known; an element may be a dimension that nobody has bound. */
  readonly elements?: readonly Extent[];
  /** Why the elements of a constant are not known. */
  readonly unread?: string;
  /** Known before the network runs: an initializer, or computed from such alone. */
  readonly isConstant: boolean;
  /** Comes from outside, without an initializer. */
  readonly isGraphInput: boolean;
  /** Bits per element where the model quantises the value. */
  readonly bits?: number;
}

/** A node with the inputs that are connected; `undefined` stands for an optional input that is left out. */
export interface NodeContext {
  readonly opType: string;
  /** Version of the operator set of the node's domain. */
  readonly opset: number;
  readonly attributes: AttributeReader;
  readonly inputs: readonly (InputValue | undefined)[];
  readonly outputCount: number;
  readonly loc: Location;
}

/** What is known of one output of a node. */
export type Inferred =
  | {
      readonly shape: Shape;
      /** Where absent, the type of the first input. */
      readonly type?: number;
      readonly elements?: readonly Extent[] | undefined;
      /** Why they are not known, of a constant. */
      readonly unread?: string | undefined;
      /** Where absent, as many as a quantised type has. */
      readonly bits?: number | undefined;
    }
  | {
      /** Why the shape cannot be known: what it is computed from at run time. */
      readonly reason: string;
    };

export interface LoweringContext extends NodeContext {
  /**
   * Extents per output. Every extent of every input and of the outputs that are asked for is known; an output that nobody asks for
   * has those that were inferred, if any.
   */
  readonly outputs: readonly (readonly number[])[];
  /** The first output is one of the network's. */
  readonly isNetworkOutput: boolean;
}

/** An operand over the axes of the *value* that the node reads; views behind it are resolved by the builder. */
export interface OperandSpec {
  readonly name: string;
  readonly role: OperandRole;
  readonly axes: readonly AxisMap[];
  /** Position among the node's inputs; absent for the output and for what is not stored. */
  readonly input?: number;
}

/** A layer that a node becomes, without identity and tensors. */
export interface LayerSpec {
  readonly kind: LayerKind;
  /** Which output of the node it writes; 0 where absent. A layer of an output that nobody asks for is left out. */
  readonly output?: number;
  /** Stands for all iterations of the loop whose body it is in. */
  readonly isOnce?: true;
  readonly loops: readonly Loop[];
  readonly operands: readonly OperandSpec[];
  readonly macs?: number;
  readonly attributes: Attributes;
  /** Inputs that are read beside the loop nest, by role. */
  readonly parameters?: readonly { readonly role: string; readonly input: number }[];
}

/** A view: the first output is the given input under another shape, no data moves. */
export type Lowering = { readonly view: number } | { readonly layers: readonly LayerSpec[] };

/** An input that holds weights where it is constant. */
export interface WeightOperand {
  readonly input: number;
  /** A graph input without an initializer holds weights here too. */
  readonly takesGraphInput: boolean;
}

/** What an operator that multiplies and accumulates adds to the totals. */
export interface MacCounter {
  readonly weightOperands: readonly WeightOperand[];
  /** Position among the node's inputs of an operand of `weightOperands`, where it is another. */
  operandOf?(node: NodeContext, index: number): number;
  /** Counted apart from the convolutions and products that ONNX itself defines. */
  readonly isOther?: true;
  /** Multiply-accumulates of a node whose shapes were inferred. */
  count(node: NodeContext, outputs: readonly Inferred[]): Extent;
}

export interface OperatorDefinition {
  readonly opTypes: readonly string[];
  /** Domains of the operators; the default one where absent. */
  readonly domains?: readonly string[];
  /**
   * @returns what is known per output, in order
   * @throws DiagnosticError when attributes or input shapes are wrong
   */
  infer(node: NodeContext): readonly Inferred[];
  lower(node: LoweringContext): Lowering;
  /** An input without elements counts as one that is left out when the node is lowered. */
  readonly skipsEmpty?: true;
  /** The outputs differ from run to run or from iteration to iteration, even where no input does. */
  readonly isVariable?: true;
  /**
   * The graphs that the node stands for: one, or several of which one will run. None where too little is known; the node is then
   * inferred and lowered like any other.
   *
   * @throws DiagnosticError when attributes or input shapes are wrong
   */
  expand?(node: NodeContext): readonly Expansion[];
  /** `expand` is asked even where an input's rank is not known; the input is then left out of its context. */
  readonly expandsUnknown?: true;
  /** Present for operators that multiply and accumulate. */
  readonly macs?: MacCounter;
}

/** @throws DiagnosticError `missing-operand` when the input is left out */
export function inputOf(node: NodeContext, index: number): InputValue {
  const input = node.inputs[index];
  if (input === undefined) throw new DiagnosticError([missingOperand(node.loc, node.opType, index)]);
  return input;
}

/** Does the input hold weights, and not activations? */
export const holdsWeights = (input: Pick<InputValue, "isConstant" | "isGraphInput">, operand: WeightOperand): boolean =>
  input.isConstant || (operand.takesGraphInput && input.isGraphInput);

/** Extents of an input during lowering, where all are known. */
export function dimsOf(node: LoweringContext, index: number): readonly number[] {
  const { shape } = inputOf(node, index);
  if (!isKnown(shape)) throw new Error(`'${node.opType}' is lowered though the shape of input ${index} is not known`);
  return shape;
}

/** Extents of an output during lowering. */
export function outputDims(node: LoweringContext, index = 0): readonly number[] {
  const dims = node.outputs[index];
  if (dims === undefined) throw new Error(`'${node.opType}' is lowered without output ${index}`);
  return dims;
}

/** Shape of the first output as inferred. */
export function inferredShape(outputs: readonly Inferred[]): Shape {
  const [first] = outputs;
  if (first === undefined || !("shape" in first)) throw new Error("asked to count a node whose shape is not known");
  return first.shape;
}

/** Stops the node; the importer collects what is thrown and goes on with the others. */
export function fail(diagnostic: Diagnostic): never {
  throw new DiagnosticError([diagnostic]);
}
