import { describe, expect, test } from "vitest";
import { readWorkload } from "../../../src/frontend/zigzag/workload.js";
import { loopsOf } from "../../../src/ir/axis-map.js";
import type { Layer, Network, Tensor } from "../../../src/ir/network.js";
import { verifyNetwork } from "../../../src/ir/verify.js";
import { hasShared, readShared, sharedFiles } from "../../support/shared.js";

const folder = "golden/defines/workloads";
const files = sharedFiles(".workload.yaml", folder).map((file) => `${folder}/${file}`);

interface ReferenceLayer {
  readonly type?: "input";
  readonly dims: Readonly<Record<string, number>>;
  readonly relations?: readonly string[];
  readonly precision: number | Readonly<Record<string, number>>;
  readonly sources?: Readonly<Record<string, readonly number[]>>;
  readonly constant_operands?: readonly string[];
}
const reference: Readonly<Record<string, Readonly<Record<string, ReferenceLayer>>>> = hasShared
  ? JSON.parse(readShared("golden/depth-first-trace/workloads.json"))
  : {};

describe.skipIf(!hasShared)("published workloads (skipped without the shared folder)", () => {
  test("there are some", () => expect(files).not.toHaveLength(0));

  test.each(files)("%s is read", (file) => {
    const { network, diagnostics } = readWorkload(readShared(file), file);
    expect(diagnostics).toEqual([]);
    expect(verifyNetwork(network)).toEqual([]);
    const expected = reference[network.name];
    if (expected !== undefined) expect(asReference(network)).toEqual(strip(expected));
  });
});

/** What both sides state; the names of the trace's other fields are the cost model's business. */
const strip = (layers: Readonly<Record<string, ReferenceLayer>>) =>
  Object.fromEntries(
    Object.entries(layers).map(([id, { type, dims, relations, precision, sources, constant_operands }]) => [
      id,
      type === "input"
        ? { dims: Object.entries(dims), precision }
        : { dims: Object.entries(dims), relations, precision, sources, constant_operands },
    ]),
  );

function asReference({ layers, tensors }: Network) {
  const produced = new Set(layers.map(({ id }) => String(id)));
  const inputs = [...tensors.values()].filter(({ id, kind }) => kind === "input" && !produced.has(id));
  return Object.fromEntries([...inputs.map(inputEntry), ...layers.map(layerEntry)]);
}

const inputEntry = ({ id, dims, bits }: Tensor) =>
  [id, { dims: ["B", "K", "OY", "OX"].map((dim, index) => [dim, dims[index]]), precision: bits }] as const;

function layerEntry({ id, loops, operands, declaredPrecision }: Layer) {
  const [, ...inputs] = operands;
  const windows = new Map(
    inputs
      .flatMap(({ axes }) => axes)
      .filter((map) => map.kind === "window")
      .map((map) => [`i${map.out.slice(1).toLowerCase()}`, map]),
  );
  const relations = [...windows]
    .map(
      ([name, { out, tap, stride, dilation }]) =>
        `${name}=${stride}*${out.toLowerCase()}+${dilation}*${tap.toLowerCase()}`,
    )
    .sort();
  const read = inputs.filter(({ role }) => role === "input");
  return [
    id,
    {
      dims: loops.map(({ dim, size }) => [dim, size]),
      relations,
      precision: { ...declaredPrecision?.operands, O_final: declaredPrecision?.finalOutput },
      sources: Object.fromEntries(read.map(({ name, tensor }) => [name, [Number(tensor)]])),
      constant_operands: inputs.filter(({ role }) => role === "weight").map(({ name }) => name),
    },
  ] as const;
}

describe.skipIf(!hasShared)("axes of what a layer reads", () => {
  test.each(files)("%s: every axis of the producer is indexed", (file) => {
    const { network } = readWorkload(readShared(file), file);
    const unindexed = network.layers.flatMap(({ id, operands }) =>
      operands.filter(({ axes }) => axes.some((map) => loopsOf(map).length === 0)).map(({ name }) => `${id}.${name}`),
    );
    expect(unindexed).toEqual([]);
  });
});
