/** Diagnostics of dataflows: how layers are unrolled on an array. */
import type { Accelerator, Unroll } from "../accelerator.js";
import { type Diagnostic, listNames } from "../diagnostics.js";
import type { Layer } from "../network.js";
import { diagnostic } from "./make.js";

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

/** Layers whose dataflow unrolls loops that they do not have; reported once per dataflow and operator. */
export const unrollingUnused = (
  accelerator: Accelerator,
  dataflow: string,
  layers: readonly Layer[],
  { unused, isAll }: { readonly unused: readonly Unroll[]; readonly isAll: boolean },
): Diagnostic =>
  diagnostic(
    "info",
    "unrolling-unused",
    accelerator.loc,
    `dataflow '${dataflow}' unrolls ${unused.map(printUnroll).join(" and ")}, ${
      unused.length === 1 ? "a loop" : "loops"
    } that ${layers.length === 1 ? "the layer" : `${layers.length} layers`} ${listNames(layers.map(({ id }) => id))} (${listNames(
      [...new Set(layers.map(({ op }) => op))],
    )}) ${layers.length === 1 ? "does" : "do"} not have: ${
      isAll ? "one unit of the array works on them" : "these dims of the array idle on them"
    }`,
    `add a dataflow named after the operator, over loops that it has: ${layers[0]!.loops.map(({ dim }) => dim).join(", ")}`, // there is one
  );

/** Layers whose sums would have to be added above the memory that they are written to, which nothing does. */
export const reductionNotUnrolled = (
  accelerator: Accelerator,
  layers: readonly string[],
  unrolls: readonly Unroll[],
): Diagnostic =>
  diagnostic(
    "info",
    "unrolling-dropped",
    accelerator.loc,
    `the unrolling of ${unrolls.map(printUnroll).join(" and ")} is left out for ${someTilesOf(layers)}: no memory up to the home of the output serves ${
      unrolls.length === 1 ? "this dim" : "these dims"
    } of the array, so nothing would add up the partial sums of its units, which idle`,
    "give a memory of the outputs this dim of the array as a served dimension, or unroll another loop over it",
  );

/** Layers whose smallest blocks under the whole unrolling are larger than a memory that they have to pass. */
export const unrollingReduced = (
  accelerator: Accelerator,
  layers: readonly string[],
  unrolls: readonly Unroll[],
): Diagnostic =>
  diagnostic(
    "info",
    "unrolling-reduced",
    accelerator.loc,
    `${someTilesOf(layers)}: the unrolling of ${unrolls.map(printUnroll).join(" and ")} is halved until what all units work on fits the memories below the homes; the other units idle`,
    "add a dataflow named after the operator with a smaller unrolling, or enlarge the memories next to the array",
  );

const someTilesOf = (layers: readonly string[]): string =>
  `${layers.length === 1 ? "layer" : `${layers.length} layers,`} ${listNames(layers)}, on some tiles at least`;

const printUnroll = ({ arrayDim, dim, size }: Unroll): string => `${dim} by ${size} over ${arrayDim}`;
