/** Attention in its many forms, as its parts: projections, scores, softmax, context. Heads stay where they are; no axis moves. */
import { attributeValue, shapeMismatch } from "../../../ir/diagnostics/onnx.js";
import type { Expansion } from "../expansion.js";
import { contradicts, derive, type Extent, printNumber } from "../extent.js";
import { fail, inputOf, type NodeContext, type OperatorDefinition } from "../operator.js";
import { composite, type Recipe, recipe } from "../recipe.js";

const MICROSOFT = ["com.microsoft"];

/** Queries, keys and values under names of the recipe. */
interface Heads {
  /** `[batch, rows, heads, size]`; with `groups` heads per head of the keys. */
  readonly q: string;
  readonly k: string;
  readonly v: string;
  /** Heads of queries, and of keys and values. */
  readonly queryHeads: number;
  readonly keyHeads: number;
  /** Whether the heads of keys and values stand before their rows: a cache does. */
  readonly isHeadFirst: boolean;
  /** Keys that every query is compared with, those of earlier runs included; may be absent where no head is shared. */
  readonly keys?: Extent;
}

/** What is added to the scores: names in the recipe, each broadcast to `[batch, heads, rows, columns]`. */
type Masks = readonly string[];

/** Scores, masks, softmax, context; the result is `[batch, rows, heads · size]`. */
function attend(steps: Recipe, { q, k, v, queryHeads, keyHeads, isHeadFirst, keys }: Heads, added: Masks): string {
  const groups = queryHeads / keyHeads;
  // Where the number of keys has no number, the scores have no layer either.
  const masks = groups === 1 || typeof keys === "number" ? added : [];
  const rows = isHeadFirst ? "bhk" : "bkh";
  const queries =
    groups === 1
      ? q
      : steps.add("q-groups", "Reshape", [q, steps.integers("group-shape", [0, 0, keyHeads, groups, -1])]);
  const [head, score] = groups === 1 ? ["h", "bhqk"] : ["hg", "bhgqk"];
  let scores = steps.add("scores", "Einsum", [queries, k], { equation: `bq${head}d,${rows}d->${score}` });
  scores = steps.add("scale", "Mul", [scores, steps.scalar("scale-factor", 1)]);
  if (groups > 1 && masks.length > 0)
    scores = steps.add("scores-by-head", "Reshape", [
      scores,
      steps.integers("score-shape", [0, queryHeads, -1, Number(keys)]),
    ]);
  for (const [i, mask] of masks.entries()) scores = steps.add(`mask-${i + 1}`, "Add", [scores, mask]);
  const weights = steps.add("softmax", "Softmax", [scores], { axis: -1 });
  const grouped =
    groups > 1 && masks.length > 0
      ? steps.add("weights-by-group", "Reshape", [
          weights,
          steps.integers("weight-shape", [0, keyHeads, groups, -1, Number(keys)]),
        ])
      : weights;
  const context = steps.add("context", "Einsum", [grouped, v], { equation: `${score},${rows}d->bq${head}d` });
  return steps.add("joined", "Reshape", [context, steps.integers("joined-shape", [0, 0, -1])]);
}

const splitHeads = (steps: Recipe, name: string, from: string, heads: number): string =>
  steps.add(`${name}-heads`, "Reshape", [from, steps.integers(`${name}-head-shape`, [0, 0, heads, -1])]);

/** Keys or values behind those of earlier runs, heads first. */
function cached(steps: Recipe, name: string, from: string, past: string): string {
  const turned = steps.add(`${name}-turned`, "Transpose", [from], { perm: [0, 2, 1, 3] });
  return past === "" ? turned : steps.add(`${name}-cached`, "Concat", [past, turned], { axis: 2 });
}

function headCount(node: NodeContext, name: string): number {
  const heads = node.attributes.int(name) ?? 0;
  return heads >= 1 ? heads : fail(attributeValue(node.loc, name, printNumber(heads), "a number from 1"));
}

/**
 * A mask is worth adding where it has rows or columns; lengths per batch are part of the softmax, as is a mask for another number of
 * columns than there are keys: of a cache that is not full.
 *
 * @param keys - number of keys, where it is known
 */
function maskOf(node: NodeContext, steps: Recipe, position: number, keys?: Extent): Masks {
  const shape = node.inputs[position]?.shape ?? [];
  const rank = shape.length;
  if (rank < 2 || (keys !== undefined && contradicts(shape.at(-1) ?? 1, keys))) return [];
  const cast = steps.add(`mask-${position}-as-numbers`, "Cast", [steps.input(position)], { to: 1 });
  if (rank === 4) return [cast];
  const axes = steps.integers(`mask-${position}-axes`, rank === 2 ? [1, 2] : [1]);
  return [steps.add(`mask-${position}-by-head`, "Unsqueeze", [cast, axes])];
}

const biasOf = (node: NodeContext, steps: Recipe, position: number): Masks =>
  node.inputs[position] === undefined ? [] : [steps.input(position)];

/** Where the operands of an attention with packed weights stand. */
interface PackedOperands {
  readonly weights: number;
  readonly bias: number;
  readonly mask: number;
  readonly past: number;
  readonly scoreBias?: number;
}

/** Weights of queries, keys and values stand side by side: each part has a projection of its own. */
function packedAttention(node: NodeContext, at: PackedOperands): Expansion | undefined {
  const heads = headCount(node, "num_heads");
  const sizes = projectionSizes(node, at.weights);
  if (sizes === undefined) return undefined;
  const steps = recipe(node);
  const [q = "", k = "", v = ""] = ["q", "k", "v"].map((name, i) => {
    const start = sizes.slice(0, i).reduce((sum, size) => sum + size, 0);
    return splitHeads(steps, name, projected(node, steps, at, { name, start, end: start + (sizes[i] ?? 0) }), heads);
  });
  const keyCount = derive(
    [inputOf(node, 0).shape[1] ?? 1, node.inputs[at.past]?.shape[3] ?? 0],
    (own, past) => own + past,
  );
  const masks = [
    ...maskOf(node, steps, at.mask, keyCount),
    ...(at.scoreBias === undefined ? [] : biasOf(node, steps, at.scoreBias)),
  ];
  const plain = { q, k, v, queryHeads: heads, keyHeads: heads, isHeadFirst: false };
  if (node.inputs[at.past] === undefined && node.outputCount < 2) return steps.finish([attend(steps, plain, masks)]);
  return withPackedCache(node, steps, plain, masks, at.past);
}

/** A part of the packed columns. */
interface Columns {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

function projected(node: NodeContext, steps: Recipe, at: PackedOperands, { name, start, end }: Columns): string {
  const cut = (what: string, position: number, axis: number) =>
    steps.add(`${name}-${what}`, "Slice", [
      steps.input(position),
      steps.integers(`${name}-${what}-from`, [start]),
      steps.integers(`${name}-${what}-to`, [end]),
      steps.integers(`${name}-${what}-axis`, [axis]),
    ]);
  const product = steps.add(name, "MatMul", [steps.input(0), cut("weights", at.weights, 1)]);
  if (node.inputs[at.bias] === undefined) return product;
  return steps.add(`${name}-biased`, "Add", [product, cut("bias", at.bias, 0)]);
}

/** Earlier keys and values come in one tensor, and leave in one. */
function withPackedCache(node: NodeContext, steps: Recipe, heads: Heads, masks: Masks, position: number): Expansion {
  const past = (i: number): string =>
    node.inputs[position] === undefined
      ? ""
      : steps.add(`past-${i}`, "Gather", [steps.input(position), index(steps, i)], { axis: 0 });
  const [k, v] = [cached(steps, "k", heads.k, past(0)), cached(steps, "v", heads.v, past(1))];
  const front = steps.integers("present-axis", [0]);
  const parts = [k, v].map((from, i) => steps.add(`present-${i}`, "Unsqueeze", [from, front]));
  const present = steps.add("present", "Concat", parts, { axis: 0 });
  return steps.finish([attend(steps, { ...heads, k, v, isHeadFirst: true }, masks), present]);
}

const index = (steps: Recipe, i: number): string =>
  steps.add(`index-${i}`, "Squeeze", [steps.integers(`index-list-${i}`, [i])]);

/** Columns of queries, keys and values; `undefined` where the weights' extent is not known. */
function projectionSizes(node: NodeContext, weights: number): readonly number[] | undefined {
  const columns: Extent = inputOf(node, weights).shape[1] ?? 0;
  if (typeof columns !== "number") return undefined;
  const stated = node.attributes.ints("qkv_hidden_sizes");
  const sizes = stated?.length === 3 ? stated : [columns / 3, columns / 3, columns / 3];
  const heads = headCount(node, "num_heads");
  if (sizes.some((size) => !Number.isInteger(size / heads)))
    fail(
      shapeMismatch(
        node.loc,
        `${columns} columns of weights for ${heads} heads`,
        "three times a multiple of the heads",
      ),
    );
  return sizes;
}

/** Queries, keys and values are inputs; keys and values may come with their heads split, packed, or from a cache. */
function separateAttention(node: NodeContext): Expansion | undefined {
  const heads = headCount(node, "num_heads");
  const [key, value] = [node.inputs[1], node.inputs[2]];
  if (key === undefined || value === undefined || inputOf(node, 0).shape.length !== 3) return undefined;
  const steps = recipe(node);
  const isHeadFirst = key.shape.length === 4;
  const bias = node.inputs[3];
  const biased = (name: string, i: number) => biasedInput(node, steps, name, i, bias?.shape[0]);
  const q = splitHeads(steps, "q", biased("q", 0), heads);
  const masks = [...maskOf(node, steps, 4), ...biasOf(node, steps, 5)];
  if (isHeadFirst) {
    const cross = { q, k: steps.input(1), v: steps.input(2), queryHeads: heads, keyHeads: heads, isHeadFirst };
    return steps.finish([attend(steps, cross, masks)]);
  }
  const [k, v] = [splitHeads(steps, "k", biased("k", 1), heads), splitHeads(steps, "v", biased("v", 2), heads)];
  const plain = { q, k, v, queryHeads: heads, keyHeads: heads, isHeadFirst: false };
  return withCache(node, steps, plain, masks, 6);
}

function biasedInput(node: NodeContext, steps: Recipe, name: string, i: number, columns: Extent | undefined): string {
  const width = node.inputs[0]?.shape[2];
  if (typeof columns !== "number" || typeof width !== "number") return steps.input(i);
  const end = i < 2 ? (i + 1) * width : columns;
  const cut = steps.add(`${name}-bias`, "Slice", [
    steps.input(3),
    steps.integers(`${name}-bias-from`, [i * width]),
    steps.integers(`${name}-bias-to`, [end]),
  ]);
  return steps.add(`${name}-biased`, "Add", [steps.input(i), cut]);
}

/** @param past - position of the earlier keys; the earlier values follow */
function withCache(node: NodeContext, steps: Recipe, heads: Heads, masks: Masks, past: number): Expansion {
  if (node.inputs[past] === undefined && node.outputCount < 2) return steps.finish([attend(steps, heads, masks)]);
  const k = cached(steps, "k", heads.k, steps.input(past));
  const v = cached(steps, "v", heads.v, steps.input(past + 1));
  return steps.finish([attend(steps, { ...heads, k, v, isHeadFirst: true }, masks), k, v]);
}

/** Fewer heads of keys than of queries; queries, keys and values may be packed into the first input. */
function groupedAttention(node: NodeContext): Expansion | undefined {
  const [queryHeads, keyHeads] = [headCount(node, "num_heads"), headCount(node, "kv_num_heads")];
  const width = inputOf(node, 0).shape[2];
  if (queryHeads % keyHeads !== 0)
    fail(attributeValue(node.loc, "kv_num_heads", printNumber(keyHeads), `a divisor of the ${queryHeads} heads`));
  const steps = recipe(node);
  const isPacked = node.inputs[1] === undefined;
  if (isPacked && typeof width !== "number") return undefined;
  const size = Number(width) / (queryHeads + 2 * keyHeads);
  if (isPacked) {
    const lengths = steps.integers("lengths", [queryHeads * size, keyHeads * size, keyHeads * size]);
    steps.split(steps.input(0), lengths, ["q-packed", "k-packed", "v-packed"]);
  }
  const given = (name: string, i: number) => (isPacked ? `${name}-packed` : steps.input(i));
  const heads = {
    q: splitHeads(steps, "q", given("q", 0), queryHeads),
    k: splitHeads(steps, "k", given("k", 1), keyHeads),
    v: splitHeads(steps, "v", given("v", 2), keyHeads),
    queryHeads,
    keyHeads,
    isHeadFirst: false,
  };
  return withCache(node, steps, heads, [], 3);
}

/** `Attention` of ONNX itself, since operator set 23: heads are split and stand first, or not split. */
function standardAttention(node: NodeContext): Expansion | undefined {
  const isSplit = inputOf(node, 0).shape.length === 4;
  const [queryHeads, keyHeads] = isSplit
    ? [inputOf(node, 0).shape[1], inputOf(node, 1).shape[1]]
    : [headCount(node, "q_num_heads"), headCount(node, "kv_num_heads")];
  if (typeof queryHeads !== "number" || typeof keyHeads !== "number" || queryHeads % keyHeads !== 0) return undefined;
  const steps = recipe(node);
  const turned = (name: string, i: number) =>
    steps.add(`${name}-turned`, "Transpose", [steps.input(i)], { perm: [0, 2, 1, 3] });
  const split = (name: string, i: number, heads: number) =>
    isSplit ? turned(name, i) : splitHeads(steps, name, steps.input(i), heads);
  const rows = isSplit ? 2 : 1;
  const keys = derive([inputOf(node, 1).shape[rows] ?? 1, node.inputs[4]?.shape[2] ?? 0], (own, past) => own + past);
  const mask = node.inputs[3]?.shape ?? [];
  // A mask may end before the keys do: the rest is masked.
  const isAdded = mask.length >= 2 && !contradicts(mask.at(-1) ?? 1, keys);
  const masks = isAdded ? [steps.add("mask-as-numbers", "Cast", [steps.input(3)], { to: 1 })] : [];
  const q = split("q", 0, queryHeads);
  const isCached = node.inputs[4] !== undefined || node.outputCount > 1;
  const joined = (name: string, i: number): string => {
    if (isSplit && !isCached) return steps.input(i);
    const own = isSplit ? steps.input(i) : cached(steps, name, split(name, i, keyHeads), "");
    return node.inputs[i + 3] === undefined
      ? own
      : steps.add(`${name}-cached`, "Concat", [steps.input(i + 3), own], { axis: 2 });
  };
  const [k, v] = [joined("k", 1), joined("v", 2)];
  const result = attend(steps, { q, k, v, queryHeads, keyHeads, isHeadFirst: true, keys }, masks);
  const shaped = isSplit
    ? steps.add("heads-first", "Transpose", [splitHeads(steps, "result", result, queryHeads)], { perm: [0, 2, 1, 3] })
    : result;
  return steps.finish([shaped, k, v]);
}

export const attentions: readonly OperatorDefinition[] = [
  composite(["Attention", "DecoderMaskedSelfAttention"], MICROSOFT, (node) =>
    packedAttention(node, { weights: 1, bias: 2, mask: 3, past: 4, scoreBias: 5 }),
  ),
  composite(["QAttention"], MICROSOFT, (node) => packedAttention(node, { weights: 1, bias: 2, mask: 5, past: 8 })),
  composite(["MultiHeadAttention"], MICROSOFT, separateAttention),
  composite(["GroupQueryAttention", "SparseAttention"], MICROSOFT, groupedAttention),
  composite(["Attention"], [""], standardAttention),
  composite(["FlexAttention"], ["ai.onnx.preview"], standardAttention),
];
