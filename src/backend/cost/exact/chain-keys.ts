/** Keys of the memories that one operand sees: parts of a machine differ in the chains of other operands, which it does not see. */
import { chain, type Hierarchy, type Memory, type MemoryOperand } from "../../../ir/accelerator.js";

interface ChainKeys {
  /** Equal for equal arrays and memories, as far as the operand sees them. */
  readonly content: number;
  /** Equal where these also have the same places among all memories and ports. */
  readonly placed: string;
}

const KEYS = new WeakMap<Hierarchy, Map<MemoryOperand, ChainKeys>>();

/** By content; machines have few chains. */
const CONTENTS = new Map<string, number>();

export function chainKeys(hierarchy: Hierarchy, operand: MemoryOperand): ChainKeys {
  const chains = KEYS.get(hierarchy) ?? new Map<MemoryOperand, ChainKeys>();
  KEYS.set(hierarchy, chains);
  const known = chains.get(operand) ?? keysOf(hierarchy, operand);
  chains.set(operand, known);
  return known;
}

function keysOf(hierarchy: Hierarchy, operand: MemoryOperand): ChainKeys {
  const { array, memories } = hierarchy;
  const own = chain(hierarchy, operand);
  const seen = JSON.stringify([array, ...own.map((memory) => seenBy(memory, operand))]);
  const content = CONTENTS.get(seen) ?? CONTENTS.size;
  CONTENTS.set(seen, content);
  const places = own.map((memory) => {
    const index = memories.indexOf(memory);
    return `${index} ${memories.slice(0, index).reduce((sum, { ports }) => sum + ports.length, 0)}`;
  });
  return { content, placed: `${content}: ${places.join(", ")}` };
}

const seenBy = ({ id, size, readEnergy, writeEnergy, served, ports, burst, layout }: Memory, own: MemoryOperand) => ({
  ...{ id, size, readEnergy, writeEnergy, served, burst, layout },
  ports: ports.map(({ type, bandwidth, granularity, services }) => ({
    ...{ type, bandwidth, granularity },
    directions: services.filter(({ operand }) => operand === own).map(({ direction }) => direction),
  })),
});
