/** Everything that is wrong with a stated mapping whatever the capacities. */
import type { Unroll } from "../../../ir/accelerator.js";
import type { MappingConflict, StatedMapping } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import type { LayerModel } from "../mapper/layer-model.js";
import type { ExactLayer } from "./exact-layer.js";
import type { ArrayUse } from "./unrolling.js";

export function contradictions({ model, array }: ExactLayer, stated: StatedMapping): readonly MappingConflict[] {
  return [
    ...operandConflicts(model, stated),
    ...levelConflicts(model, stated),
    ...unrollingConflicts(stated, array.unrolling),
    ...(stated.loops === undefined ? [] : extentConflicts(array, stated.loops)),
    ...boundaryConflicts(model, stated),
  ];
}

function operandConflicts({ operands }: LayerModel, { boundaries, levels }: StatedMapping): readonly MappingConflict[] {
  const known = operands.map(({ name }) => name);
  const named = new Set([...Object.keys(boundaries ?? {}), ...Object.keys(levels ?? {})]);
  return [...named]
    .filter((operand) => !known.includes(operand))
    .map((operand) => ({ kind: "operand", operand, known }));
}

function levelConflicts({ operands }: LayerModel, { levels }: StatedMapping): readonly MappingConflict[] {
  return operands.flatMap((operand): readonly MappingConflict[] => {
    const stated = levels?.[operand.name];
    const found = operand.levels.map(({ memory }) => memory.id);
    if (stated === undefined || stated.join() === found.join()) return [];
    return [{ kind: "levels", operand: operand.name, stated, found }];
  });
}

/** Loops that are unrolled once change nothing, whether they are stated or not. */
function unrollingConflicts({ spatial }: StatedMapping, found: readonly Unroll[]): readonly MappingConflict[] {
  const print = (unrolling: readonly Unroll[]) =>
    unrolling
      .filter(({ size }) => size !== 1)
      .map(({ arrayDim, dim, size }) => `${arrayDim} ${dim} ${size}`)
      .sort()
      .join();
  if (spatial === undefined || print(spatial) === print(found)) return [];
  return [{ kind: "unrolling", stated: spatial, found }];
}

/** Loops of a dim multiply to its steps. */
function extentConflicts({ dims }: ArrayUse, loops: readonly Loop[]): readonly MappingConflict[] {
  const strangers = new Set(loops.map(({ dim }) => dim).filter((dim) => !dims.has(dim)));
  const wrong = [...dims.values()].flatMap(({ dim, steps }): readonly MappingConflict[] => {
    const product = loops.reduce((sum, loop) => (loop.dim === dim ? sum * loop.size : sum), 1);
    return product === steps ? [] : [{ kind: "extent", dim, stated: product, needed: steps }];
  });
  return [...[...strangers].map((dim) => ({ kind: "dim", dim, known: [...dims.keys()] }) as const), ...wrong];
}

/** Of operands whose levels are as stated, where these are: else the numbers have nothing to stand beside. */
function boundaryConflicts(
  { operands }: LayerModel,
  { loops, boundaries, levels }: StatedMapping,
): readonly MappingConflict[] {
  const count = loops?.length ?? 0;
  return operands.flatMap((operand): readonly MappingConflict[] => {
    const cut = boundaries?.[operand.name];
    const ids = operand.levels.map(({ memory }) => memory.id);
    const stated = levels?.[operand.name];
    if (cut === undefined || (stated !== undefined && stated.join() !== ids.join())) return [];
    const isRight = cut.length === ids.length && cut.at(-1) === count && cut.every((n, m) => n >= (cut[m - 1] ?? 0));
    return isRight ? [] : [{ kind: "boundaries", operand: operand.name, stated: cut, levels: ids, loops: count }];
  });
}
