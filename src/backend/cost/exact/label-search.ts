/**
 * Best-first search over (loops placed, cuts made per operand). Of two partial mappings at one place the one that has used no less of
 * anything is dropped.
 */
import { Children, cutOffsets } from "./children.js";
import type { Copies } from "./figures.js";
import { Judge } from "./judge.js";
import { giveBack, LabelQueue, type Labels, takeLabels } from "./labels.js";
import { levelAt, type Nodes, nodesOf } from "./nodes.js";
import {
  countsEnergy,
  ENERGY,
  type FoundOrder,
  PARTIAL,
  type SearchOutcome,
  type SearchSetting,
  timesAt,
  vectorWidth,
} from "./search-setting.js";

/** Part of the rounding of energies that labels at one place may differ by: a mapping has far fewer than 64 cuts. */
const LABEL_ROUNDING = 1 / 64;

export class LabelSearch {
  private readonly setting: SearchSetting;
  private readonly nodes: Nodes;
  private readonly children: Children;
  private readonly judge: Judge;
  private readonly labels: Labels;
  private readonly queue: LabelQueue;
  private readonly kept: Float64Array;
  private readonly goalNode: number;
  private parent = -1;
  /** Best complete mapping so far, and its value in the unit of the bounds. */
  private incumbent = -1;
  private ceiling = Number.POSITIVE_INFINITY;

  constructor(setting: SearchSetting) {
    this.setting = setting;
    this.nodes = nodesOf(setting.tables);
    this.goalNode = this.nodes.count - 1;
    this.children = new Children(setting, this.nodes, (vector, depth) => this.emit(vector, depth));
    this.judge = new Judge(setting);
    this.labels = takeLabels(vectorWidth(setting));
    this.queue = new LabelQueue((label) => this.labels.depths[label]!);
    this.kept = new Float64Array(this.labels.width);
  }

  /** To be called once. */
  run(): SearchOutcome {
    const outcome = this.search();
    giveBack(this.labels);
    return outcome;
  }

  private search(): SearchOutcome {
    const { limit } = this.setting;
    this.emit(this.startVector(), 0);
    let expanded = 0;
    while (this.queue.size > 0) {
      const label = this.queue.pop();
      if (this.labels.dead[label] === 1) continue;
      if (this.labels.nodes[label] === this.goalNode) return this.outcome(label, expanded, expanded <= limit);
      if (expanded === limit) this.queue.divesNow();
      if (expanded >= limit && (this.incumbent !== -1 || expanded >= 2 * limit)) {
        return this.outcome(this.incumbent, expanded, false);
      }
      expanded++;
      this.parent = label;
      this.children.of(this.labels.nodes[label]!, this.labels.vectorOf(label), this.labels.doubled[label]!);
    }
    return this.outcome(-1, expanded, true);
  }

  /** @param label - complete mapping; −1: none was found */
  private outcome(label: number, expanded: number, isComplete: boolean): SearchOutcome {
    if (label === -1) return { best: undefined, value: Number.POSITIVE_INFINITY, expanded, isComplete };
    const value = this.judge.valueOf(this.labels.vectorOf(label));
    return { best: this.orderOf(label), value, expanded, isComplete };
  }

  private startVector(): Float64Array {
    const { tables, energy, times, goal } = this.setting;
    const vector = new Float64Array(this.labels.width);
    if (countsEnergy(goal)) vector[ENERGY] = energy.start;
    const isPartial = tables.operands.some(({ array, cuts }) => array.leavesPartial && cuts.length > 0);
    vector[PARTIAL] = isPartial ? 1 : 0;
    times.criteria.forEach(({ start }, k) => {
      vector[timesAt(this.setting) + k] = start;
    });
    return vector;
  }

  /** Adds the child as a label, if it can lead to a mapping within the limits and better than one known. */
  private emit(vector: Float64Array, depth: number): void {
    const { children, judge, labels, kept, nodes } = this;
    const { levels, reached } = children;
    let node = reached * nodes.perState;
    for (let o = 0; o < levels.length; o++) node += levels[o]! * nodes.radix[o]!;
    const bound = judge.boundOf(vector, node, reached, levels);
    if (bound > this.ceiling || bound === Number.POSITIVE_INFINITY) return;
    if (!judge.isRoomAhead(vector, reached, levels)) return;
    kept.set(vector);
    judge.forgetWhatIsDone(kept, levels);
    const labelDepth = this.parent === -1 ? 0 : labels.depths[this.parent]! + 1 + depth;
    const slack = this.setting.rounding * LABEL_ROUNDING;
    const label = labels.add(node, kept, slack, this.parent, children.factor, children.doubled, labelDepth);
    if (label === -1) return;
    this.queue.push(label, bound);
    if (node === this.goalNode && bound < this.ceiling) {
      this.ceiling = bound;
      this.incumbent = label;
    }
  }

  private orderOf(goal: number): FoundOrder {
    const { held } = this.nodes;
    const factors: number[] = [];
    const positions: number[][] = held.map(() => []);
    for (const label of this.labels.pathTo(goal)) {
      const code = this.labels.nodes[label]! % this.nodes.perState;
      positions.forEach((own, o) => {
        while (own.length < levelAt(this.nodes, code, o)) own.push(factors.length);
      });
      if (this.labels.factors[label]! >= 0) factors.push(this.labels.factors[label]!);
    }
    const doubled = this.labels.doubled[goal]!;
    const offsets = cutOffsets(this.nodes);
    const copies = held.map((cuts, o) =>
      Array.from({ length: cuts }, (_, m): Copies => (((doubled >> (offsets[o]! + m)) & 1) === 1 ? 2 : 1)),
    );
    return { factors, positions, copies };
  }
}
