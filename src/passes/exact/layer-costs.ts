/**
 * What a layer costs on a tile type, by the homes of all that it touches (EM §2–3). Figures come in steps, each dearer to find out than
 * the one before and no lower: what its data crosses at least, a bound of the mapper, a mapping.
 */
import type { Memory } from "../../ir/accelerator.js";
import type { CostModel, MappingProblem } from "../../ir/cost-model.js";
import { iterations } from "../../ir/network.js";

/** Homes of all that one layer touches on a tile type. */
export interface LayerHomes {
  readonly inputs: readonly Memory[];
  readonly output: Memory;
  readonly weights?: Memory;
}

/** A layer on a tile type with the mappings of its problems; its energy with what the machine draws while it runs. */
export interface LayerAnswer {
  readonly energy: number;
  /** Bits that its blocks take, by memory. */
  readonly occupancy: Readonly<Record<string, number>>;
  /** Bits that partial sums take in the home of the output, beyond its results. */
  readonly sumBits: number;
}

/** Bits that are taken in each memory of the machine, in its order. */
export type TakenBits = Float64Array;

/** Answers of the mapper to one layer with one set of homes, whichever stack or tile size asked. */
export interface SharedAnswers {
  bound: number | undefined;
  /** By the room that is left. */
  readonly answers: Map<string, SolvedLayer>;
}

interface SolvedLayer extends Omit<LayerAnswer, "sumBits"> {
  /** Whether partial sums are ever in the home of the output. */
  readonly leavesSums: boolean;
  /** How hard the problems were that had to be solved for it. */
  readonly asked: number;
}

/** What a layer is made of, at whatever homes; about each of them all is asked for at most once. */
export interface LayerSource {
  readonly costModel: CostModel;
  /** pJ that everything that it touches costs at least. */
  touched(homes: LayerHomes): number;
  problems(homes: LayerHomes): readonly MappingProblem[];
  /** @param code - of the homes */
  shared(code: number | string): SharedAnswers;
  /** Bits of the new part of the output, and the memory on chip that is its home, where it is one. */
  output(homes: LayerHomes): { readonly newBits: number; readonly home: string | undefined };
  /** Position of a memory in the machine. */
  memoryIndex(id: string): number;
  /** Told how hard the problems were that had to be solved. */
  onAsked(size: number): void;
}

/** An answer, and the room for which it was found. */
interface KnownAnswer {
  /** Bits per memory of the problems. */
  readonly available: readonly number[];
  readonly answer: LayerAnswer;
  readonly occupancy: readonly number[];
}

/** Answers that are compared with new room: where many parts live together, the room is ever another. */
const KEPT_ANSWERS = 32;

export class LayerAtHomes {
  readonly #source: LayerSource;
  readonly #code: number | string;
  readonly #homes: LayerHomes;
  #touched: number | undefined;
  #bound: number | undefined;
  #problems: readonly MappingProblem[] | undefined;
  #memories: readonly Memory[] = [];
  /** Positions of the problems' memories in the machine. */
  #indices: readonly number[] = [];
  /** Bits of these that are left, while an answer is looked up. */
  #left: number[] = [];
  readonly #known: KnownAnswer[] = [];

  /** @param code - of the homes: equal where they are equal */
  constructor(source: LayerSource, code: number | string, homes: LayerHomes) {
    this.#source = source;
    this.#code = code;
    this.#homes = homes;
  }

  /** Everything that the layer touches crosses the ports of its homes once. */
  get touched(): number {
    this.#touched ??= this.#source.touched(this.#homes);
    return this.#touched;
  }

  /** No less than this can it cost with all room to itself. */
  get bound(): number {
    this.#bound ??= Math.max(this.#mapperBound(), this.touched);
    return this.#bound;
  }

  #mapperBound(): number {
    const shared = this.#source.shared(this.#code);
    shared.bound ??= this.problems.reduce((sum, problem) => sum + this.#source.costModel.boundLayer(problem), 0);
    return shared.bound;
  }

  /** One per phase. */
  get problems(): readonly MappingProblem[] {
    if (this.#problems === undefined) {
      this.#problems = this.#source.problems(this.#homes);
      this.#memories = this.#problems[0]?.hierarchy.memories ?? [];
      this.#indices = this.#memories.map(({ id }) => this.#source.memoryIndex(id));
      this.#left = this.#memories.map(() => 0);
    }
    return this.#problems;
  }

  /** The layer in the room that is left. */
  answer(taken: TakenBits): LayerAnswer {
    const { problems } = this;
    const available = this.#left;
    for (let i = 0; i < available.length; i++)
      available[i] = Math.max(0, this.#memories[i]!.size - taken[this.#indices[i]!]!);
    for (const known of this.#known) if (covers(known, available)) return known.answer;
    return this.#learn(problems, available.slice());
  }

  #learn(problems: readonly MappingProblem[], available: readonly number[]): LayerAnswer {
    const answer = this.#cheapest(problems, available);
    const occupancy = this.#memories.map(({ id }) => answer.occupancy[id] ?? 0);
    this.#known.push({ available, answer, occupancy });
    if (this.#known.length > KEPT_ANSWERS) this.#known.splice(KEPT_ANSWERS / 2, 1); // the first were found with most room
    return answer;
  }

  /** Bits by which partial sums of the output are larger than its results, where its home must have room for them. */
  get sumBits(): number {
    const [problem] = this.problems;
    const { newBits, home } = this.#source.output(this.#homes);
    const wide = problem?.operands[0]?.bits ?? 0; // the output is the first operand
    const final = problem?.finalOutputBits ?? 0;
    return home === undefined || wide <= final ? 0 : (newBits / final) * (wide - final);
  }

  /** Partial sums come into the home of the output only where it has room for them; else the results alone. */
  #cheapest(problems: readonly MappingProblem[], available: readonly number[]): LayerAnswer {
    const free = this.#solve(problems, available, false);
    const { sumBits } = this;
    if (!free.leavesSums || sumBits === 0) return { ...free, sumBits: 0 };
    const { home } = this.#source.output(this.#homes);
    const left = available.map((bits, i) => (this.#memories[i]!.id === home ? bits - sumBits : bits));
    const finished = { ...this.#solve(problems, available, true), sumBits: 0 };
    if (left.some((bits) => bits < 0)) return finished;
    const wide = this.#solve(problems, left, false);
    if (finished.energy <= wide.energy) return finished;
    return { ...wide, occupancy: { ...wide.occupancy, [home!]: (wide.occupancy[home!] ?? 0) + sumBits }, sumBits };
  }

  /** Asks the mapper, unless somebody else has; the time that counts is the same. */
  #solve(problems: readonly MappingProblem[], available: readonly number[], finishesBelowHome: boolean): SolvedLayer {
    const { answers } = this.#source.shared(this.#code);
    const key = `${available.join(" ")}${finishesBelowHome ? " finished" : ""}`;
    const asked = finishesBelowHome ? problems.map((problem) => ({ ...problem, finishesBelowHome })) : problems;
    const known = answers.get(key) ?? solved(asked, this.#record(available), this.#source.costModel);
    answers.set(key, known);
    this.#source.onAsked(known.asked);
    return known;
  }

  #record(available: readonly number[]): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#memories.map(({ id }, i) => [id, available[i]!]));
  }
}

function solved(
  problems: readonly MappingProblem[],
  available: Readonly<Record<string, number>>,
  costModel: CostModel,
): SolvedLayer {
  let [energy, asked, leavesSums] = [0, 0, false];
  const occupancy: Record<string, number> = {};
  for (const problem of problems) {
    asked += hardness(problem);
    const price = costModel.priceLayer({ ...problem, available });
    if (price === undefined) return { energy: Number.POSITIVE_INFINITY, occupancy: {}, leavesSums: false, asked };
    energy += price.energy;
    leavesSums ||= price.leavesSums;
    for (const [id, bits] of Object.entries(price.occupancy)) occupancy[id] = Math.max(occupancy[id] ?? 0, bits);
  }
  return { energy, occupancy, leavesSums, asked };
}

/** How hard a problem is for the mapper, roughly: digits of its iterations, squared. */
const hardness = ({ loops }: MappingProblem): number => Math.log2(iterations(loops)) ** 2;

/** An answer that was found with at least as much room, and takes no more than there is now; or none was found with more. */
function covers(known: KnownAnswer, available: readonly number[]): boolean {
  for (let i = 0; i < available.length; i++) {
    if (known.available[i]! < available[i]! || known.occupancy[i]! > available[i]!) return false;
  }
  return true;
}
