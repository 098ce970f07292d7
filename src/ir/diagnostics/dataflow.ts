/** Diagnostics of dataflows: how layers are unrolled on an array. */
import type { Accelerator } from "../accelerator.js";
import { type Diagnostic, listNames } from "../diagnostics.js";
import type { Layer } from "../network.js";

/** No dataflow of the accelerator fits these layers; reported once for all of them, with an entry to copy. */
export function noDataflow(accelerator: Accelerator, layers: readonly Layer[]): Diagnostic {
  const ops = [...new Set(layers.map(({ op }) => op))];
  const example = accelerator.array.dims
    .slice(0, 2)
    .map(({ name, size }, i) => `${name}: ['${i === 0 ? "K" : "C"}, ${size}']`);
  return {
    code: "no-dataflow",
    severity: "error",
    message: `accelerator '${accelerator.name}' has no dataflow for ${listNames(ops)} (${layers.length} layers)`,
    where: accelerator.loc,
    hint:
      "add an entry to 'dataflows:' of the accelerator file or give --mapping <file.yaml>, for example " +
      `- {name: default, spatial_mapping: {${example.join(", ")}}, memory_operand_links: {O: O, W: I2, I: I1}}`,
  };
}
