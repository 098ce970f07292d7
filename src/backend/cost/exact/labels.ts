/** Partial mappings of the search and the order in which they are looked at. */

/** Growing arrays of labels; a label is a partial mapping with a vector of what it has used so far. */
export class Labels {
  count = 0;
  readonly width: number;
  /** `width` numbers per label; of two labels at one node, the one that is nowhere larger makes the other useless. */
  vectors: Float64Array;
  nodes: Float64Array;
  parents: Int32Array;
  /** Factor that was placed last; −1: none. */
  factors: Int32Array;
  /** Set of the cuts below which two blocks are reserved, as bits. */
  doubled: Int32Array;
  depths: Int32Array;
  dead: Uint8Array;
  /** Next label at the same node. */
  private siblings: Int32Array;
  private readonly first = new Map<number, number>();

  constructor(width: number) {
    this.width = width;
    const room = 64; // most searches need no more
    this.vectors = new Float64Array(room * width);
    this.nodes = new Float64Array(room);
    this.parents = new Int32Array(room);
    this.factors = new Int32Array(room);
    this.doubled = new Int32Array(room);
    this.depths = new Int32Array(room);
    this.dead = new Uint8Array(room);
    this.siblings = new Int32Array(room);
  }

  /**
   * @param slack - difference of the first entry that is rounding, not cost
   * @returns the new label, or −1 if one that is known is nowhere worse
   */
  add(
    node: number,
    vector: Float64Array,
    slack: number,
    parent: number,
    factor: number,
    doubled: number,
    depth: number,
  ): number {
    const head = this.first.get(node) ?? -1;
    for (let label = head; label !== -1; label = this.siblings[label]!) {
      if (this.dead[label] === 0 && this.isNowhereLarger(label, vector, slack)) return -1;
    }
    for (let label = head; label !== -1; label = this.siblings[label]!) {
      if (this.dead[label] === 0 && this.isNowhereSmaller(label, vector)) this.dead[label] = 1;
    }
    if (this.count === this.nodes.length) this.grow();
    const label = this.count++;
    this.vectors.set(vector, label * this.width);
    this.nodes[label] = node;
    this.parents[label] = parent;
    this.factors[label] = factor;
    this.doubled[label] = doubled;
    this.depths[label] = depth;
    this.siblings[label] = head;
    this.first.set(node, label);
    return label;
  }

  /** Forgets all labels; those that are added now do not see what earlier ones left behind. */
  clear(): void {
    this.dead.fill(0, 0, this.count);
    this.first.clear();
    this.count = 0;
  }

  vectorOf(label: number): Float64Array {
    return this.vectors.subarray(label * this.width, (label + 1) * this.width);
  }

  /** From the first label to this one. */
  pathTo(last: number): readonly number[] {
    const path: number[] = [];
    for (let label = last; label !== -1; label = this.parents[label]!) path.push(label);
    return path.reverse();
  }

  private isNowhereLarger(label: number, vector: Float64Array, slack: number): boolean {
    const at = label * this.width;
    if (this.vectors[at]! > vector[0]! + slack) return false;
    for (let i = 1; i < this.width; i++) if (this.vectors[at + i]! > vector[i]!) return false;
    return true;
  }

  private isNowhereSmaller(label: number, vector: Float64Array): boolean {
    const at = label * this.width;
    for (let i = 0; i < this.width; i++) if (this.vectors[at + i]! < vector[i]!) return false;
    return true;
  }

  private grow(): void {
    const double = <T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    const room = this.nodes.length * 2;
    this.vectors = double(this.vectors, new Float64Array(room * this.width));
    this.nodes = double(this.nodes, new Float64Array(room));
    this.parents = double(this.parents, new Int32Array(room));
    this.factors = double(this.factors, new Int32Array(room));
    this.doubled = double(this.doubled, new Int32Array(room));
    this.depths = double(this.depths, new Int32Array(room));
    this.dead = double(this.dead, new Uint8Array(room));
    this.siblings = double(this.siblings, new Int32Array(room));
  }
}

/** Labels of finished searches by width: most searches are short, and making their arrays would take a good part of them. */
const IDLE = new Map<number, Labels[]>();

/** Labels that are kept when they are not in use. */
const IDLE_LIMIT = 4096;

/** No labels yet; to be given back when the search is over. */
export function takeLabels(width: number): Labels {
  return IDLE.get(width)?.pop() ?? new Labels(width);
}

export function giveBack(labels: Labels): void {
  if (labels.nodes.length > IDLE_LIMIT) return;
  labels.clear();
  const idle = IDLE.get(labels.width) ?? [];
  IDLE.set(labels.width, idle);
  idle.push(labels);
}

/** Labels by bound, then the deeper one, then the younger one; while it dives, by depth first. */
export class LabelQueue {
  private labels: number[] = [];
  private bounds: number[] = [];
  private dives = false;
  private readonly depthOf: (label: number) => number;

  constructor(depthOf: (label: number) => number) {
    this.depthOf = depthOf;
  }

  /** From now on the deepest label comes first. */
  divesNow(): void {
    const { labels, bounds } = this;
    this.labels = [];
    this.bounds = [];
    this.dives = true;
    for (const [i, label] of labels.entries()) this.push(label, bounds[i]!);
  }

  get size(): number {
    return this.labels.length;
  }

  push(label: number, bound: number): void {
    let at = this.labels.length;
    this.labels.push(label);
    this.bounds.push(bound);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(label, bound, this.labels[parent]!, this.bounds[parent]!)) break;
      this.labels[at] = this.labels[parent]!;
      this.bounds[at] = this.bounds[parent]!;
      at = parent;
    }
    this.labels[at] = label;
    this.bounds[at] = bound;
  }

  /** The first label; the queue must not be empty. */
  pop(): number {
    const top = this.labels[0]!;
    const label = this.labels.pop()!;
    const bound = this.bounds.pop()!;
    if (this.labels.length > 0) this.sink(label, bound);
    return top;
  }

  private sink(label: number, bound: number): void {
    const { labels, bounds } = this;
    let at = 0;
    for (let child = 1; child < labels.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < labels.length && this.isBefore(labels[right]!, bounds[right]!, labels[child]!, bounds[child]!)) {
        child = right;
      }
      if (!this.isBefore(labels[child]!, bounds[child]!, label, bound)) break;
      labels[at] = labels[child]!;
      bounds[at] = bounds[child]!;
      at = child;
    }
    labels[at] = label;
    bounds[at] = bound;
  }

  private isBefore(a: number, aBound: number, b: number, bBound: number): boolean {
    const deeper = this.depthOf(a) - this.depthOf(b);
    if (this.dives && deeper !== 0) return deeper > 0;
    if (aBound !== bBound) return aBound < bBound;
    return deeper !== 0 ? deeper > 0 : a > b;
  }
}
