/**
 * Runs the loops of a mapping one by one, with a buffer for every instance of every memory (EM §6, oracle 1). It knows the accelerator
 * and the mapping, nothing of how the model counts: everything here is a set of elements, a sum in a buffer, or a transfer that is made.
 */
import type { Direction, Hierarchy, Memory, Port } from "../../../../src/ir/accelerator.js";
import type { MappingProblem, OperandShape } from "../../../../src/ir/cost-model.js";
import type { Loop } from "../../../../src/ir/network.js";

export interface RunnableMapping {
  /** Innermost first. */
  readonly loops: readonly Loop[];
  readonly spatial: MappingProblem["unrolling"];
  /** Per operand: loops at or below each level. */
  readonly boundaries: Readonly<Record<string, readonly number[]>>;
}

/** What one upper instance does over the whole run, in cycles. */
interface Traffic {
  paced: number;
  /** As `paced`, each transfer without one cycle. */
  latched: number;
  upper: number;
  lower: number;
  /** Longest transfer, and per block (by its first element) the latest one. */
  longest: number;
  readonly latest: Map<number, number>;
}

/** A cut of an operand: transfers down and up, by upper instance. */
interface CutTraffic {
  readonly down: Map<string, Traffic>;
  readonly up: Map<string, Traffic>;
}

export interface OperandRun {
  readonly name: string;
  /** Per level, in accesses of the full port width. */
  readonly accesses: Readonly<Record<Direction, number>>[];
  /** Per level below the home: bits of the largest block that was ever held. */
  readonly blockBits: readonly number[];
  /** The array's cut first. */
  readonly cuts: readonly CutTraffic[];
}

export interface Run {
  readonly steps: number;
  readonly operands: readonly OperandRun[];
}

/** @throws Error when data is missing where it is used, or a sum comes out wrong */
export function simulate(problem: MappingProblem, mapping: RunnableMapping): Run {
  const array = new ArrayRun(problem, mapping);
  const operands = problem.operands.flatMap((shape, index) => {
    if (shape.bits === 0) return [];
    return [index === 0 ? new OutputRun(array, shape).run() : new InputRun(array, shape).run()];
  });
  return { steps: array.steps, operands };
}

/** Which index of which dim every unit works on at every step. */
class ArrayRun {
  readonly problem: MappingProblem;
  readonly mapping: RunnableMapping;
  readonly steps: number;
  /** Per unit: its digit of every spatial entry. */
  readonly units: readonly (readonly number[])[];

  constructor(problem: MappingProblem, mapping: RunnableMapping) {
    this.problem = problem;
    this.mapping = mapping;
    this.steps = mapping.loops.reduce((product, { size }) => product * size, 1);
    this.units = mapping.spatial.reduce<readonly (readonly number[])[]>(
      (units, { size }) => units.flatMap((unit) => Array.from({ length: size }, (_, digit) => [...unit, digit])),
      [[]],
    );
  }

  /** Index of every dim, or `undefined` where the unit idles. */
  indices(step: number, unit: readonly number[]): ReadonlyMap<string, number> | undefined {
    const place = new Map(this.problem.loops.map(({ dim }) => [dim, 0]));
    const width = new Map(this.problem.loops.map(({ dim }) => [dim, 1]));
    this.mapping.spatial.forEach(({ dim, size }, i) => {
      place.set(dim, place.get(dim)! + unit[i]! * width.get(dim)!);
      width.set(dim, width.get(dim)! * size);
    });
    let rest = step;
    for (const { dim, size } of this.mapping.loops) {
      place.set(dim, place.get(dim)! + (rest % size) * width.get(dim)!);
      width.set(dim, width.get(dim)! * size);
      rest = Math.floor(rest / size);
    }
    return this.problem.loops.every(({ dim, size }) => place.get(dim)! < size) ? place : undefined;
  }
}

const PADDED = -1;
const IDLE = -2;

/** What every operand has: its elements, its chain of memories, and who sits under whom. */
abstract class OperandState {
  readonly array: ArrayRun;
  readonly shape: OperandShape;
  readonly chain: readonly Memory[];
  /** Per level: steps for which a block stays. */
  readonly stay: readonly number[];
  readonly accesses: Record<Direction, number>[];
  readonly cuts: CutTraffic[];
  readonly largest: number[];
  /** Per unit, and per level: the instance that serves it; the array's first. */
  readonly instances: readonly (readonly string[])[];
  /** Element that a unit touches at a step, at `step · units + unit`. */
  private readonly elements: Int32Array;

  constructor(array: ArrayRun, shape: OperandShape) {
    this.array = array;
    this.shape = shape;
    this.chain = chainOf(array.problem.hierarchy, shape.memoryOperand);
    this.stay = this.chain.map((_, level) => this.stepsInBlock(level));
    this.accesses = this.chain.map(() => ({ tl: 0, fl: 0, th: 0, fh: 0 }));
    this.cuts = this.chain.map(() => ({ down: new Map(), up: new Map() }));
    this.largest = this.chain.map(() => 0);
    this.instances = array.units.map((unit) => [
      unit.join(),
      ...this.chain.map((_, level) => this.instanceOf(unit, level)),
    ]);
    this.elements = new Int32Array(array.steps * array.units.length);
    for (let step = 0; step < array.steps; step++) {
      array.units.forEach((unit, u) => {
        this.elements[step * array.units.length + u] = this.touched(array.indices(step, unit));
      });
    }
  }

  element(step: number, unit: number): number {
    return this.elements[step * this.array.units.length + unit]!;
  }

  /** Names the instance by the digits along array dims that neither it nor a memory under it serves. */
  private instanceOf(unit: readonly number[], level: number): string {
    const served = this.chain.slice(0, level + 1).flatMap((memory) => memory.served);
    return unit.filter((_, i) => !served.includes(this.array.mapping.spatial[i]!.arrayDim)).join();
  }

  /** Loops below the boundary, and those directly above it that do not index the operand. */
  private stepsInBlock(level: number): number {
    const { loops, boundaries } = this.array.mapping;
    let steps = 1;
    for (const [i, { dim, size }] of loops.entries()) {
      if (i >= boundaries[this.shape.name]![level]! && size > 1 && this.isIndexedBy(dim)) break;
      steps *= size;
    }
    return steps;
  }

  private isIndexedBy(dim: string): boolean {
    const { relevant, windows } = this.shape;
    return relevant.includes(dim) || windows.some(({ out, tap }) => out === dim || tap === dim);
  }

  private touched(indices: ReadonlyMap<string, number> | undefined): number {
    if (indices === undefined) return IDLE;
    let element = 0;
    for (const { dim, size } of this.array.problem.loops) {
      const inWindow = this.shape.windows.some(({ out, tap }) => out === dim || tap === dim);
      if (this.shape.relevant.includes(dim) && !inWindow) element = element * size + indices.get(dim)!;
    }
    for (const { out, tap, stride, dilation, clip } of this.shape.windows) {
      const position = stride * (indices.get(out) ?? 0) + dilation * (indices.get(tap) ?? 0) + (clip?.shift ?? 0);
      if (clip !== undefined && (position < 0 || position >= clip.extent)) return PADDED;
      element = element * 1000 + position;
    }
    return element;
  }

  /** Elements that every instance of a level touches in the block that starts at a step; instances without any are left out. */
  blocks(level: number, start: number): Map<string, Set<number>> {
    const length = level < 0 ? 1 : this.stay[level]!;
    const sets = new Map<string, Set<number>>();
    this.instances.forEach((names, unit) => {
      const name = names[level + 1]!;
      for (let step = start; step < start + length; step++) {
        const element = this.element(step, unit);
        if (element < 0) continue;
        const set = sets.get(name) ?? new Set();
        sets.set(name, set.add(element));
      }
    });
    if (level >= 0) for (const { size } of sets.values()) this.largest[level] = Math.max(this.largest[level]!, size);
    return sets;
  }

  /** Instances of a level under each instance of the next one. */
  groups(level: number): Map<string, string[]> {
    const groups = new Map<string, string[]>();
    for (const names of this.instances) {
      const upper = names[level + 2]!;
      const group = groups.get(upper) ?? [];
      if (!group.includes(names[level + 1]!)) group.push(names[level + 1]!);
      groups.set(upper, group);
    }
    return groups;
  }

  /** Counts words at a level and returns the cycles of its port. */
  access(level: number, direction: Direction, elements: number, width: number): number {
    if (elements === 0) return 0;
    const { granularity, bandwidth } = portOf(this.chain[level]!, this.shape.memoryOperand, direction);
    const amount = elements * (this.shape.whole ?? 1) * width;
    const granules = Math.ceil(amount / granularity);
    this.accesses[level]![direction] += granules * (granularity / bandwidth);
    return Math.ceil((granularity > bandwidth ? granules * granularity : amount) / bandwidth);
  }

  /** Remembers a transfer over the cut above a level. */
  log(level: number, way: "up" | "down", instance: string, first: number, upper: number, lower: number): void {
    const cut = this.cuts[level + 1]![way];
    const traffic = cut.get(instance) ?? { paced: 0, latched: 0, upper: 0, lower: 0, longest: 0, latest: new Map() };
    const pace = Math.max(upper, lower);
    traffic.paced += pace;
    traffic.latched += pace - 1;
    traffic.upper += upper;
    traffic.lower += lower;
    traffic.longest = Math.max(traffic.longest, pace);
    traffic.latest.set(first, pace);
    cut.set(instance, traffic);
  }

  result(widths: readonly number[]): OperandRun {
    const blockBits = this.largest.slice(0, -1).map((size, m) => size * (this.shape.whole ?? 1) * widths[m]!);
    return { name: this.shape.name, accesses: this.accesses, blockBits, cuts: this.cuts };
  }
}

class InputRun extends OperandState {
  private readonly contents: Map<string, Set<number>>[] = this.chain.map(() => new Map());

  run(): OperandRun {
    const home = this.chain.length - 1;
    for (let step = 0; step < this.array.steps; step++) {
      for (let level = home - 1; level >= 0; level--) {
        if (step % this.stay[level]! === 0) this.refill(level, step);
      }
      this.refill(-1, step);
    }
    return this.result(this.chain.map(() => this.shape.bits));
  }

  /** New blocks for all instances of a level; level −1 are the units. */
  private refill(level: number, step: number): void {
    const { bits } = this.shape;
    const blocks = this.blocks(level, step);
    for (const [upper, lowers] of this.groups(level)) {
      const sent = new Set<number>();
      let received = 0;
      for (const lower of lowers) {
        const block = blocks.get(lower) ?? new Set();
        for (const element of block) sent.add(element);
        if (level >= 0) received = Math.max(received, this.access(level, "fh", block.size, bits));
      }
      if (sent.size === 0) continue;
      this.checkHeld(level + 1, upper, sent);
      const cycles = this.access(level + 1, "tl", sent.size, bits);
      this.log(level, "down", upper, Math.min(...sent), cycles, received);
    }
    if (level >= 0) this.contents[level] = blocks;
  }

  private checkHeld(level: number, instance: string, elements: ReadonlySet<number>): void {
    if (level === this.chain.length - 1) return;
    const held = this.contents[level]!.get(instance);
    for (const element of elements) {
      if (!held?.has(element)) throw new Error(`${this.shape.name}: level ${level} does not hold ${element}`);
    }
  }
}

class OutputRun extends OperandState {
  /** Terms in each sum, per level and instance; what is not in the map has not been started. */
  private readonly sums: Map<string, Map<number, number>>[] = this.chain.map(() => new Map());
  private readonly held: Map<string, Set<number>>[] = this.chain.map(() => new Map());
  private readonly isPartial: boolean[] = this.chain.map(() => false);
  /** Per level and element: the instances that ever work on it; where there are several, none of them knows the whole sum. */
  private readonly owners: readonly Map<number, Set<string>>[] = this.chain.map((_, level) => this.ownersAt(level));
  private readonly terms = this.array.problem.loops.reduce(
    (product, { dim, size }) => (this.shape.relevant.includes(dim) ? product : product * size),
    1,
  );

  run(): OperandRun {
    const home = this.chain.length - 1;
    for (let step = 0; step < this.array.steps; step++) {
      for (let level = home - 1; level >= 0; level--) {
        if (step % this.stay[level]! === 0) this.open(level, step);
      }
      this.compute(step);
      for (let level = 0; level < home; level++) {
        if ((step + 1) % this.stay[level]! === 0) this.drain(level);
      }
    }
    this.checkSums();
    const { bits } = this.shape;
    return this.result(this.isPartial.map((partial) => (partial ? bits : this.array.problem.finalOutputBits)));
  }

  private ownersAt(level: number): Map<number, Set<string>> {
    const owners = new Map<number, Set<string>>();
    for (let step = 0; step < this.array.steps; step++) {
      this.instances.forEach((names, unit) => {
        const element = this.element(step, unit);
        owners.set(element, (owners.get(element) ?? new Set()).add(names[level + 1]!));
      });
    }
    return owners;
  }

  /** Old sums come down, each to the first instance that works on it; the others start from nothing. */
  private open(level: number, step: number): void {
    const blocks = this.blocks(level, step);
    this.held[level] = blocks;
    this.sums[level] = new Map([...blocks.keys()].map((name) => [name, new Map()]));
    for (const [upper, lowers] of this.groups(level)) {
      const old = this.sums[level + 1]!.get(upper) ?? new Map<number, number>();
      const sent = new Set<number>();
      let received = 0;
      for (const lower of lowers) {
        const mine = [...(blocks.get(lower) ?? [])].filter((element) => old.has(element) && !sent.has(element));
        for (const element of mine) {
          sent.add(element);
          this.sums[level]!.get(lower)!.set(element, old.get(element)!);
        }
        received = Math.max(received, this.move(level, "fh", mine.length, false));
      }
      if (sent.size === 0) continue;
      const cycles = this.move(level + 1, "tl", sent.size, false);
      this.log(level, "down", upper, Math.min(...sent), cycles, received);
    }
  }

  /** Units add up what they have in common; level 0 reads the old sum, if there is one, and writes the new one. */
  private compute(step: number): void {
    for (const [instance, units] of this.groups(-1)) {
      const added = new Map<number, number>();
      this.instances.forEach((names, unit) => {
        const element = this.element(step, unit);
        if (units.includes(names[0]!) && element >= 0) added.set(element, (added.get(element) ?? 0) + 1);
      });
      if (added.size === 0) continue;
      const sums = this.sums[0]!.get(instance) ?? new Map<number, number>();
      this.sums[0]!.set(instance, sums);
      const old = [...added.keys()].filter((element) => sums.has(element));
      const first = Math.min(...added.keys());
      if (old.length > 0) this.log(-1, "down", instance, first, this.move(0, "tl", old.length, false), 0);
      for (const [element, terms] of added) this.add(0, instance, element, (sums.get(element) ?? 0) + terms);
      const complete = this.areComplete(0, new Map([...added.keys()].map((element) => [element, sums.get(element)!])));
      this.log(-1, "up", instance, first, this.move(0, "fl", added.size, complete), 0);
    }
  }

  /** Blocks go up; replicas of a sum are added on the way. */
  private drain(level: number): void {
    for (const [upper, lowers] of this.groups(level)) {
      const added = new Map<number, number>();
      let sent = 0;
      for (const lower of lowers) {
        const sums = this.sums[level]!.get(lower) ?? new Map<number, number>();
        for (const [element, terms] of sums) added.set(element, (added.get(element) ?? 0) + terms);
        const complete = this.areComplete(level, sums);
        sent = Math.max(sent, this.move(level, "th", sums.size, complete));
      }
      if (added.size === 0) continue;
      for (const [element, terms] of added) this.add(level + 1, upper, element, terms);
      const complete = this.areComplete(level + 1, added);
      const cycles = this.move(level + 1, "fl", added.size, complete);
      this.log(level, "up", upper, Math.min(...added.keys()), cycles, sent);
    }
  }

  private add(level: number, instance: string, element: number, terms: number): void {
    const isHome = level === this.chain.length - 1;
    if (!isHome && !this.held[level]!.get(instance)?.has(element)) {
      throw new Error(`${this.shape.name}: level ${level} has no room for ${element}`);
    }
    const sums = this.sums[level]!.get(instance) ?? new Map<number, number>();
    this.sums[level]!.set(instance, sums.set(element, terms));
  }

  /** Counts an access of finished or of partial sums. */
  private move(level: number, direction: Direction, elements: number, complete: boolean): number {
    if (elements > 0 && !complete) this.isPartial[level] = true;
    return this.access(level, direction, elements, complete ? this.array.problem.finalOutputBits : this.shape.bits);
  }

  /** A transfer has one width. */
  private areComplete(level: number, sums: ReadonlyMap<number, number>): boolean {
    const isComplete = ([element, terms]: readonly [number, number]) =>
      terms === this.terms && this.owners[level]!.get(element)!.size === 1;
    const complete = [...sums].filter(isComplete).length;
    if (complete !== 0 && complete !== sums.size) throw new Error("a transfer of finished and of partial sums");
    return complete > 0;
  }

  /** At the end the homes hold every term once. */
  private checkSums(): void {
    const totals = new Map<number, number>();
    for (const sums of this.sums.at(-1)!.values()) {
      for (const [element, terms] of sums) totals.set(element, (totals.get(element) ?? 0) + terms);
    }
    for (const [element, terms] of totals) {
      if (terms !== this.terms) throw new Error(`sum ${element} has ${terms} of ${this.terms} terms`);
    }
  }
}

const chainOf = ({ memories }: Hierarchy, operand: string): readonly Memory[] =>
  memories.filter((memory) => memory.operands.some((held) => held.operand === operand));

function portOf({ id, ports }: Memory, operand: string, direction: Direction): Port {
  const port = ports.find(({ services }) => services.some((s) => s.operand === operand && s.direction === direction));
  if (port === undefined) throw new Error(`memory '${id}' has no port`);
  return port;
}
