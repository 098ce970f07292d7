/** Layers that end stacks: few of them to choose from at first, and changes by one. */

/** Layers that end stacks, the last stack's apart, in the order of the network. */
export type Cuts = readonly string[];

/** Cuts of which one is left out, moved to the layer before or after it, or added. */
export function* movesFrom(cuts: Cuts, layers: readonly string[]): Generator<Cuts> {
  const taken = new Set(cuts);
  const without = (cut: string): Cuts => cuts.filter((other) => other !== cut);
  const withAlso = (ends: Cuts, id: string): Cuts => layers.filter((layer) => layer === id || ends.includes(layer));
  for (const cut of cuts) yield without(cut);
  for (const cut of cuts)
    for (const by of [-1, 1]) {
      const other = layers[layers.indexOf(cut) + by];
      if (other !== undefined && !taken.has(other)) yield withAlso(without(cut), other);
    }
  for (const id of layers) if (!taken.has(id)) yield withAlso(cuts, id);
}

/**
 * Layers that part a network into blocks of about the same weight.
 *
 * @param weights - of every layer, the last one included
 * @param most - blocks, at most
 */
export function evenCuts(layers: readonly string[], weights: readonly number[], most: number): Cuts {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const share = sum / most;
  let before = 0;
  return layers.filter((_, i) => {
    const after = before + weights[i]!; // one per layer
    const isEnd = Math.floor(after / share) > Math.floor(before / share);
    before = after;
    return isEnd;
  });
}
