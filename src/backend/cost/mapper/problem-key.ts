/** Content keys of mapping problems (SL §11.7). */
import type { Hierarchy, Memory, OperationalArray, Unroll } from "../../../ir/accelerator.js";
import type { MappingProblem, OperandShape } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";

/** Small numbers for equal contents; an object that was seen before is not looked at again. */
class ContentIds<T extends object> {
  private readonly byObject = new WeakMap<T, number>();
  private readonly byContent = new Map<string, number>();
  private readonly describe: (object: T) => string;

  constructor(describe: (object: T) => string) {
    this.describe = describe;
  }

  of(object: T): number {
    const known = this.byObject.get(object);
    if (known !== undefined) return known;
    const content = this.describe(object);
    const id = this.byContent.get(content) ?? this.byContent.size;
    this.byContent.set(content, id);
    this.byObject.set(object, id);
    return id;
  }
}

/** Makes keys that are equal exactly when problems are; what problems share costs a look-up. */
export function problemKeys(): (problem: MappingProblem) => string {
  const arrays = new ContentIds<OperationalArray>(JSON.stringify);
  const memories = new ContentIds<Memory>(JSON.stringify);
  const hierarchies = new ContentIds<Hierarchy>(
    (hierarchy) =>
      `${arrays.of(hierarchy.array)}: ${hierarchy.memories.map((memory) => memories.of(memory)).join(" ")}`,
  );
  const loopLists = new ContentIds<readonly Loop[]>(JSON.stringify);
  const unrolls = new ContentIds<Unroll>(({ arrayDim, dim, size }) => JSON.stringify([arrayDim, dim, size]));
  const operandLists = new ContentIds<readonly OperandShape[]>(JSON.stringify);
  return ({ hierarchy, loops, operands, finalOutputBits, unrolling }) => {
    const ids = [hierarchies.of(hierarchy), loopLists.of(loops), operandLists.of(operands), finalOutputBits];
    return `${ids.join(" ")}: ${unrolling.map((entry) => unrolls.of(entry)).join(" ")}`;
  };
}
