/** Collects layers and tensors: gives the layers of a node their identity, and resolves the views that they read through. */
import type { AxisMap } from "../../ir/axis-map.js";
import type { Location } from "../../ir/location.js";
import {
  type Layer,
  type LayerId,
  layerId,
  type Operand,
  type Tensor,
  type TensorId,
  type TensorKind,
  tensorId,
  type ViewStep,
} from "../../ir/network.js";
import type { InputValue, LayerSpec, OperandSpec } from "./operator.js";
import { throughReshape } from "./views.js";

/** The tensor that holds a value's elements, and the shape under which the value shows them. */
export interface Storage {
  readonly tensor: TensorId;
  /** Extents of the tensor. */
  readonly stored: readonly number[];
  /** Extents of the value. */
  readonly viewed: readonly number[];
  /** Layer that writes the tensor; absent for what comes from outside. */
  readonly producer?: LayerId;
}

/** An input whose extents are all known. */
export type SizedInput = InputValue & { readonly shape: readonly number[] };

/** A node as the builder needs it. */
export interface Source {
  readonly id: string;
  /** Node of the model that it belongs to: itself, unless it is a part of one. */
  readonly node: string;
  readonly opType: string;
  readonly loc: Location;
  readonly inputs: readonly (SizedInput | undefined)[];
  readonly outputs: readonly { readonly name: string; readonly dims: readonly number[]; readonly bits?: number }[];
}

export interface NetworkBuilder {
  /** Where the value's elements are; constants and graph inputs get their tensor when they are first asked for. */
  storageOf(
    value: Pick<InputValue, "name" | "isConstant" | "isGraphInput" | "bits">,
    dims: readonly number[],
  ): Storage | undefined;
  addLayer(source: Source, spec: LayerSpec): LayerId;
  /** Output `name` shows the elements of an input under another shape. */
  addView(name: string, dims: readonly number[], storage: Storage): void;
  /** The layers in the order in which they were added, and the tensors that they or the outside use. */
  finish(outputs: readonly string[]): { layers: readonly Layer[]; tensors: ReadonlyMap<TensorId, Tensor> };
}

export function createNetworkBuilder(loc: Location): NetworkBuilder {
  const store = createStore(loc);
  const layers: Layer[] = [];
  const layerIds = new Set<LayerId>();
  return {
    storageOf: store.find,
    addLayer(source, spec) {
      const index = spec.output ?? 0;
      const output = source.outputs[index];
      const [first, ...others] = spec.operands.map((operand) => operandOf(source, operand, store));
      if (output === undefined || first === undefined) throw new Error(`'${source.id}' has no output ${index}`);
      const id = unusedId(index === 0 ? source.id : `${source.id}#${index}`, layerIds);
      const parameters = (spec.parameters ?? []).map(({ role, input }) => {
        const { tensor } = storageOfInput(source, input, store);
        return { role, tensor };
      });
      const { tensor } = store.add(output, "intermediate", output.dims, id);
      layers.push(layerFrom(source, spec, id, [{ ...first, tensor }, ...others], parameters));
      layerIds.add(id);
      return id;
    },
    addView: (name, dims, storage) => store.show(name, { ...storage, viewed: dims }),
    finish: (outputs) => ({ layers, tensors: usedTensors(layers, store.tensorsWith(outputs)) }),
  };
}

const layerFrom = (
  source: Source,
  spec: LayerSpec,
  id: LayerId,
  operands: Layer["operands"],
  parameters: Layer["parameters"],
): Layer => ({
  id,
  name: id,
  kind: spec.kind,
  op: source.opType,
  nodes: [source.node],
  loops: spec.loops,
  operands,
  macs: spec.macs ?? 0,
  attributes: spec.attributes,
  postOps: [],
  parameters,
  loc: source.loc,
});

type Store = ReturnType<typeof createStore>;

/** Tensors, and which of them holds the elements of each value. */
function createStore(loc: Location) {
  const storages = new Map<string, Storage>();
  const tensors = new Map<TensorId, Tensor>();

  function add(
    { name, bits }: { readonly name: string; readonly bits?: number },
    kind: TensorKind,
    dims: readonly number[],
    producer?: LayerId,
  ): Storage {
    const id = tensorId(name);
    tensors.set(id, { id, kind, dims, ...(bits !== undefined && { bits }), loc });
    const storage = { tensor: id, stored: dims, viewed: dims, ...(producer !== undefined && { producer }) };
    storages.set(name, storage);
    return storage;
  }

  const find: NetworkBuilder["storageOf"] = (value, dims) => {
    const known = storages.get(value.name);
    if (known !== undefined) return known;
    if (value.isConstant) return add(value, "weight", dims);
    return value.isGraphInput ? add(value, "input", dims) : undefined;
  };

  /** All tensors; those that hold the network's outputs say so. */
  function tensorsWith(outputs: readonly string[]): ReadonlyMap<TensorId, Tensor> {
    const marked = new Map(tensors);
    for (const name of outputs) {
      const tensor = marked.get(storages.get(name)?.tensor ?? tensorId(name));
      if (tensor?.kind === "intermediate") marked.set(tensor.id, { ...tensor, kind: "output" });
    }
    return marked;
  }

  return { add, find, tensorsWith, show: (name: string, storage: Storage) => void storages.set(name, storage) };
}

function storageOfInput(source: Source, index: number, store: Store): Storage {
  const value = source.inputs[index];
  const storage = value === undefined ? undefined : store.find(value, value.shape);
  if (storage === undefined) throw new Error(`'${source.id}' is lowered though nothing holds its input ${index}`);
  return storage;
}

function operandOf(source: Source, { name, role, axes, input }: OperandSpec, store: Store): Operand {
  if (input === undefined) return { name, role, axes };
  const storage = storageOfInput(source, input, store);
  return { name, role, tensor: storage.tensor, ...resolveView(storage, axes) };
}

/** Tensors that a layer or the outside uses; constants by what they are used for. */
function usedTensors(layers: readonly Layer[], all: ReadonlyMap<TensorId, Tensor>): ReadonlyMap<TensorId, Tensor> {
  const kinds = constantKinds(layers);
  const used = new Set(layers.flatMap((layer) => [...layer.operands, ...layer.parameters].map(({ tensor }) => tensor)));
  const kept = [...all].filter(([id, { kind }]) => used.has(id) || kind === "input" || kind === "output");
  return new Map(kept.map(([id, tensor]) => [id, withKind(tensor, kinds.get(id))]));
}

/** Steps of reshapes compose into one. */
function resolveView({ stored, viewed }: Storage, axes: readonly AxisMap[]): Pick<Operand, "axes" | "view"> {
  const isPlain = stored.length === viewed.length && stored.every((extent, axis) => extent === viewed[axis]);
  if (isPlain) return { axes };
  const step: ViewStep = { kind: "reshape", dims: viewed };
  return { axes: throughReshape(stored, viewed, axes), view: [step] };
}

function unusedId(wanted: string, taken: ReadonlySet<LayerId>): LayerId {
  let id = layerId(wanted);
  while (taken.has(id)) id = layerId(`${id}'`);
  return id;
}

/** What tensors that no layer writes are, where none reads them as activations; weights go before parameters. */
function constantKinds(layers: readonly Layer[]): ReadonlyMap<TensorId, TensorKind> {
  const operands = layers.flatMap((layer) => layer.operands);
  const tensorsAs = (wanted: Operand["role"]) =>
    operands.flatMap(({ role, tensor }) => (role === wanted && tensor !== undefined ? [tensor] : []));
  const activations = new Set(tensorsAs("input"));
  const uses = [
    ...layers.flatMap(({ parameters }) => parameters.map(({ role, tensor }) => [tensor, parameterKind(role)] as const)),
    ...tensorsAs("weight").map((tensor) => [tensor, "weight"] as const),
  ];
  return new Map(uses.filter(([tensor]) => !activations.has(tensor)));
}

const parameterKind = (role: string): TensorKind => (role === "bias" ? "bias" : "scale");

const withKind = (tensor: Tensor, kind: TensorKind | undefined): Tensor =>
  kind === undefined || tensor.kind === "intermediate" || tensor.kind === "output" ? tensor : { ...tensor, kind };
