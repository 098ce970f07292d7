/** The network of a workload file: layers, and the tensors between them. */
import type { AxisMap } from "../../ir/axis-map.js";
import { mixedAxis, unknownIndex, unmatchedIndex } from "../../ir/diagnostics/workload.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import {
  iterations,
  type Layer,
  type LayerKind,
  layerId,
  loopSize,
  type Network,
  type Operand,
  type Tensor,
  type TensorId,
  tensorId,
} from "../../ir/network.js";
import type { Path, YamlDocument } from "../yaml/yaml-document.js";
import { type Axis, axisMap, axisOf, extentOf, groupChannels, type Index, isChannel, outputAxes } from "./operands.js";
import type { Nest, NestOperand } from "./workload-layer.js";
import type { InputFields } from "./workload-schema.js";

/** A feature map that comes from outside; `index`: its position in the file. */
export interface Input {
  readonly fields: InputFields;
  readonly index: number;
}

export interface NetworkResult {
  readonly network: Network;
  readonly diagnostics: readonly Diagnostic[];
}

/** Everything that the layers of a network share while it is built. */
interface Context {
  readonly document: YamlDocument;
  /** Axes of every tensor that a layer may read, by its producer's id. */
  readonly axes: ReadonlyMap<number, readonly Axis[]>;
  readonly consumed: ReadonlySet<number>;
}

/**
 * Builds the network. A tensor is named after the layer that writes it; a weight, or an input that no `Input` layer describes,
 * after the layer and the operand that read it (`3.W`).
 *
 * @param nests - in topological order
 */
export function buildNetwork(
  document: YamlDocument,
  file: string,
  inputs: readonly Input[],
  nests: readonly Nest[],
): NetworkResult {
  const context: Context = {
    document,
    axes: new Map([
      ...inputs.map(({ fields }) => [fields.id, inputAxes(fields)] as const),
      ...nests.map((nest) => [nest.fields.id, outputAxes(nest.operands[0]!.indices, nest.loops)] as const), // the output
    ]),
    consumed: new Set(nests.flatMap(({ operands }) => operands.flatMap(({ producer }) => producer ?? []))),
  };
  const built = nests.map((nest) => buildLayer(context, nest));
  const layers = built.map(({ layer }) => layer);
  const tensors = [
    ...inputs.map((input) => inputTensor(document, input)),
    ...built.flatMap((result) => result.tensors),
  ];
  const network = {
    name: file.replace(/^.*[\\/]/, "").replace(/(\.workload)?\.ya?ml$/i, ""),
    layers,
    tensors: new Map(tensors.map((tensor) => [tensor.id, tensor])),
    coverage: layers.map(({ id, name, op }) => ({ node: name, opType: op, status: "lowered" as const, layer: id })),
  };
  return { network, diagnostics: built.flatMap(({ diagnostics }) => diagnostics) };
}

const inputAxes = ({ loop_dims, loop_sizes }: InputFields): readonly Axis[] =>
  loop_dims.map((dim, index) => ({ loops: [dim], extent: loop_sizes[index]! })); // as many sizes as loops

const inputTensor = (document: YamlDocument, { fields, index }: Input): Tensor => ({
  id: tensorId(String(fields.id)),
  kind: "input",
  dims: fields.loop_sizes,
  bits: fields.operand_precision.O_final ?? fields.operand_precision.O,
  loc: entryPlace(document, [index], fields.name ?? String(fields.id)),
});

interface LayerResult {
  readonly layer: Layer;
  /** What the layer writes, and what it alone reads. */
  readonly tensors: readonly Tensor[];
  readonly diagnostics: readonly Diagnostic[];
}

function buildLayer(context: Context, nest: Nest): LayerResult {
  const { fields, loops, operands } = nest;
  const built = operands.map((operand, index) =>
    index === 0 ? buildOutput(context, nest, operand) : buildInput(context, nest, operand),
  );
  const { O_final, ...precision } = fields.operand_precision;
  const kind = kindOf(nest);
  const name = nameOf(nest);
  const layer: Layer = {
    id: layerId(String(fields.id)),
    name,
    kind,
    op: fields.operator_type,
    nodes: [name],
    loops,
    operands: built.map(({ operand }) => operand),
    macs: kind === "conv" || kind === "matmul" ? iterations(loops) : 0,
    attributes: {},
    postOps: [],
    parameters: [],
    declaredPrecision: { operands: precision, finalOutput: finalBits(nest) },
    loc: entryPlace(context.document, nest.path, name),
  };
  return {
    layer,
    tensors: built.flatMap(({ tensor }) => tensor ?? []),
    diagnostics: built.flatMap(({ diagnostics }) => diagnostics),
  };
}

const nameOf = ({ fields }: Nest): string => fields.name ?? `layer${fields.id}`;

/** Where an entry of the list starts, under its own name: its position in the list says nothing to a reader. */
function entryPlace(document: YamlDocument, path: Path, node: string): Location {
  const { field: _position, ...place } = document.placeOf(path);
  return { ...place, node };
}

const finalBits = ({ fields: { operand_precision }, operands }: Nest): number =>
  operand_precision.O_final ?? operand_precision[operands[0]!.name] ?? 0; // the output comes first and has a precision

/** By the operator's name, else by the form of the equation. */
function kindOf({ fields, equation }: Nest): LayerKind {
  const name = fields.operator_type.toLowerCase();
  if (name.includes("pool")) return "pool";
  if (name.includes("conv")) return "conv";
  if (/gemm|matmul|dense|linear|fullyconnected/.test(name)) return "matmul";
  if (!equation.accumulates) return "elementwise";
  return (fields.dimension_relations ?? []).length > 0 ? "conv" : "matmul";
}

interface OperandResult {
  readonly operand: Operand;
  /** Absent where another layer describes the tensor, or nothing is stored. */
  readonly tensor?: Tensor;
  readonly diagnostics: readonly Diagnostic[];
}

function buildOutput({ document, axes, consumed }: Context, nest: Nest, { name, indices }: NestOperand): OperandResult {
  const { id } = nest.fields;
  const tensor: Tensor = {
    id: tensorId(String(id)),
    kind: consumed.has(id) ? "intermediate" : "output",
    dims: axes.get(id)!.map(({ extent }) => extent), // every layer has its axes there
    bits: finalBits(nest),
    loc: entryPlace(document, nest.path, nameOf(nest)),
  };
  const maps = groupChannels(indices).map(pointwise);
  return { operand: { name, role: "output", tensor: tensor.id, axes: maps }, tensor, diagnostics: [] };
}

const pointwise = (indices: readonly Index[]): AxisMap => ({ kind: "pointwise", loops: indices.map((i) => i.name) });

function buildInput(context: Context, nest: Nest, operand: NestOperand): OperandResult {
  if (operand.producer !== undefined) return buildRead(context, nest, operand, operand.producer);
  const { name, constant, indices } = operand;
  const role = constant ? "weight" : "input";
  const groups = constant ? indices.map((index) => [index]) : groupChannels(indices);
  const bits = nest.fields.operand_precision[name] ?? 0;
  const axes = groups.flatMap((group) => axisMap(group, 1) ?? []);
  if (bits === 0) return { operand: { name, role, axes }, diagnostics: [] };
  const tensor: Tensor = {
    id: tensorId(`${nest.fields.id}.${name}`),
    kind: constant ? "weight" : "input",
    dims: groups.map((group) => extentOf(group, nest.loops, nest.stated)),
    bits,
    loc: entryPlace(context.document, nest.path, nameOf(nest)),
  };
  return { operand: { name, role, tensor: tensor.id, axes }, tensor, diagnostics: [] };
}

/** What another layer wrote: one map per axis of that layer's output, whatever the order of the indices here. */
function buildRead({ document, axes }: Context, nest: Nest, operand: NestOperand, producer: number): OperandResult {
  const { name, indices } = operand;
  const renamings = nest.fields.operand_source_dimension_mapping ?? {};
  const renaming = (Object.hasOwn(renamings, name) ? renamings[name] : undefined) ?? {};
  const written = axes.get(producer)!; // producers are checked to exist
  const place = document.placeOf([...nest.path, "equation"]);
  const diagnostics: Diagnostic[] = Object.keys(renaming)
    .filter((key) => !isChannel(key) && !indices.some((index) => index.name === key))
    .map((key) => {
      const where = document.placeOfKey([...nest.path, "operand_source_dimension_mapping", name, key]);
      return unknownIndex(
        where,
        key,
        name,
        indices.map((index) => index.name),
      );
    });
  const along = new Map<Axis, Index[]>(written.map((axis) => [axis, []]));
  for (const index of indices) {
    const axis = axisOf(index, written, renaming);
    if (axis !== undefined) along.get(axis)!.push(index);
    else if (index.kind === "window" || loopSize(nest.loops, index.name) > 1)
      diagnostics.push(
        unmatchedIndex(
          place,
          name,
          index.name,
          written.map((a) => a.loops.join("")),
        ),
      );
  }
  const maps = written.map((axis) => axisMap(along.get(axis)!, axis.extent));
  const mixed = written.filter((_, position) => maps[position] === undefined);
  diagnostics.push(...mixed.map((axis) => mixedAxis(place, name, axis.loops.join(""))));
  const tensor: TensorId = tensorId(String(producer));
  return { operand: { name, role: "input", tensor, axes: maps.flatMap((map) => map ?? []) }, diagnostics };
}
