/** Word accesses and energy of one operand, level by level (SL §7). */
import type { Direction } from "../../../ir/accelerator.js";
import type { Accesses } from "../../../ir/cost-model.js";
import { accessEnergy, isRead, type OperandModel, portOf } from "./layer-model.js";
import type { Movement } from "./movement.js";
import type { OperandSpatial } from "./spatial.js";
import type { WordsPolicy } from "./words.js";

/** Words and energies (pJ) of one operand per memory level. */
export interface OperandEnergy {
  readonly words: readonly Accesses[];
  readonly energies: readonly Accesses[];
  readonly levels: readonly number[];
}

export function operandEnergy(
  operand: OperandModel,
  movements: readonly Movement[],
  spatial: OperandSpatial,
  policy: WordsPolicy,
): OperandEnergy {
  const words = movements.map((movement, m): Accesses => {
    const count = (direction: Direction) => directionWords(operand, m, direction, movement, spatial, policy);
    return { tl: count("tl"), fl: count("fl"), th: count("th"), fh: count("fh") };
  });
  const energies = words.map((accesses, m): Accesses => {
    const level = operand.levels[m]!;
    const energy = (direction: Direction) => accessEnergy(level, direction) * accesses[direction];
    return { tl: energy("tl"), fl: energy("fl"), th: energy("th"), fh: energy("fh") };
  });
  return { words, energies, levels: energies.map(levelEnergy) };
}

/** The order of this sum decides ties of the published search. */
const levelEnergy = ({ tl, fl, th, fh }: Accesses): number => th + tl + (fh + fl);

function directionWords(
  operand: OperandModel,
  m: number,
  direction: Direction,
  movement: Movement,
  spatial: OperandSpatial,
  policy: WordsPolicy,
): number {
  const { amount, width, visits } = movement[direction];
  if (amount === 0) return 0;
  const port = portOf(operand.levels[m]!, direction);
  const instances = spatial.unitCount[m + 1]!;
  if (direction === "th" || direction === "fh") return policy.highSide(amount, width, visits, instances, port);
  return policy.lowSide(amount, width, visits, instances, port, partnerBandwidth(operand, m, direction, spatial));
}

/** Bits per cycle of the instances below level `m` that hold distinct data, at their other end of the transfer. */
export function partnerBandwidth(
  operand: OperandModel,
  m: number,
  direction: Direction,
  { unitUnique }: OperandSpatial,
): number | undefined {
  const below = operand.levels[m - 1];
  if (below === undefined) return undefined;
  return portOf(below, isRead(direction) ? "fh" : "th").bandwidth * (unitUnique[m]! / unitUnique[m + 1]!);
}

/** Running sum over operands in layer order, levels innermost first: the order is part of the published numbers. */
export function memoryEnergy(operands: readonly OperandEnergy[]): number {
  let energy = 0;
  for (const { levels } of operands) for (const level of levels) energy += level;
  return energy;
}
