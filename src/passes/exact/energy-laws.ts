/** Accesses times their energies make up every energy (EM §5). A violation is a defect of ours. */
import type { Accelerator, Direction, Memory } from "../../ir/accelerator.js";
import type { Copy, CopyPhaseCost } from "../../ir/cost-model.js";
import type { LayerMapping } from "../../ir/facts.js";
import { iterations } from "../../ir/network.js";
import { requireEqual, sum } from "../depth-first/totals.js";

const READS: readonly Direction[] = ["tl", "th"];
const WRITES: readonly Direction[] = ["fl", "fh"];

type Machine = Pick<Accelerator, "array" | "memories">;

/**
 * @param where - tile type and stack, for the message
 * @throws Error naming layer, operand and memory with the accesses
 */
export function requireLayerEnergy(
  { layer, problem, result: { mapping, cost } }: LayerMapping,
  machine: Machine,
  where: string,
): void {
  const energies = Object.entries(mapping.levels).flatMap(([operand, memories]) =>
    memories.map((id, level) => {
      const counts = cost.accesses[operand]![level]!; // one entry per level of every operand
      const [read, write] = [sum(READS, (way) => counts[way]), sum(WRITES, (way) => counts[way])];
      const energy = accessEnergy(memoryOf(machine, id), read, write);
      const loops = problem.loops.map(({ dim, size }) => `${dim}${size}`).join(" ");
      const what = `energy of operand ${operand} of layer '${layer}' (${loops}) in memory '${id}' on ${where}`;
      requireEqual(`${what}, from ${read} reads and ${write} writes,`, energy, cost.energyByLevel[operand]![level]!);
      return energy;
    }),
  );
  const { energy, share } = problem.operation ?? { energy: machine.array.macEnergy, share: 1 };
  const operations = iterations(problem.loops) * share;
  requireEqual(
    `energy of ${operations} operations of layer '${layer}' on ${where}`,
    operations * energy,
    cost.macEnergy,
  );
  requireEqual(`memory energy of layer '${layer}' on ${where}`, sum(energies, each), cost.memoryEnergy);
  requireEqual(`energy of layer '${layer}' on ${where}`, cost.macEnergy + sum(energies, each), cost.energy);
}

/**
 * @param copies - of the phase, in the order of its costs
 * @throws Error naming the copy and its hop with the accesses
 */
export function requireCopyEnergy(
  { energy, copies: costs }: CopyPhaseCost,
  copies: readonly Copy[],
  machine: Machine,
  where: string,
): void {
  const energies = costs.flatMap(({ hops, energy: own }, i) => {
    const { kind, layer, bits } = copies[i]!; // one cost per copy
    const what = `energy of ${kind} of ${bits} bit for '${layer}' on ${where}`;
    const parts = hops.map(({ from, to, sent, received, sendEnergy, receiveEnergy }) => {
      const [send, receive] = [memoryOf(machine, from), memoryOf(machine, to)];
      requireEqual(`${what}, from ${sent} reads of memory '${from}',`, accessEnergy(send, sent, 0), sendEnergy);
      requireEqual(`${what}, from ${received} writes of '${to}',`, accessEnergy(receive, 0, received), receiveEnergy);
      return sendEnergy + receiveEnergy;
    });
    requireEqual(what, sum(parts, each), own);
    return parts;
  });
  requireEqual(`energy of the copies on ${where}`, sum(energies, each), energy);
}

const each = (energy: number): number => energy;

const accessEnergy = ({ readEnergy, writeEnergy }: Memory, reads: number, writes: number): number =>
  reads * readEnergy + writes * writeEnergy;

function memoryOf({ memories }: Machine, id: string): Memory {
  const found = memories.find((memory) => memory.id === id);
  if (found === undefined) throw new Error(`accesses of memory '${id}', which the accelerator does not have`);
  return found;
}
