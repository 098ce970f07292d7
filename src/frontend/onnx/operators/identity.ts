/** Operators that pass their input on: no data moves. */
import { DATA_TYPE } from "../data-type.js";
import { inputOf, type OperatorDefinition } from "../operator.js";

/** Dropout does nothing at inference; its mask is the second output. */
export const identity: OperatorDefinition = {
  opTypes: ["Identity", "Dropout"],
  infer(node) {
    const { shape, elements } = inputOf(node, 0);
    return [
      { shape, elements },
      { shape, type: DATA_TYPE.bool },
    ];
  },
  lower: () => ({ view: 0 }),
};
