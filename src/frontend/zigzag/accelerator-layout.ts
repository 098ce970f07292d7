/** Layouts as they are written in an accelerator file: `C/16 H W C%16`, outermost first. */
import { LAYOUT_AXES, type Layout, type LayoutAxis, type LayoutTerm } from "../../ir/layout.js";

/** A layout, or what is wrong with the text. */
export interface LayoutResult {
  readonly layout?: Layout;
  readonly fault?: string;
}

/** An axis, or `/` for its blocks or `%` for what is within one, and the size of a block. */
const TERM = /^([A-Z]+)(?:([/%])([1-9]\d{0,8}))?$/;

/** @returns the first mistake where there is one */
export function parseLayout(text: string): LayoutResult {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return { fault: "it names no axis" };
  const parsed = words.map(parseTerm);
  const wrong = parsed.find((term) => typeof term === "string");
  if (wrong !== undefined) return { fault: wrong };
  const layout = parsed.filter((term) => typeof term !== "string");
  const fault = [...new Set(layout.map(({ axis }) => axis))].map((axis) => axisFault(axis, layout)).find(Boolean);
  return fault === undefined ? { layout } : { fault };
}

function parseTerm(word: string): LayoutTerm | string {
  const [, name, sign, block] = TERM.exec(word) ?? [];
  if (name === undefined) return `'${word}' is neither an axis nor one with a block ('C', 'C/16', 'C%16')`;
  const axis = LAYOUT_AXES.find((known) => known === name);
  if (axis === undefined) return `'${name}' is none of the axes ${LAYOUT_AXES.join(", ")}`;
  if (sign === undefined) return { axis, part: "whole" };
  return { axis, part: sign === "/" ? "blocks" : "within", block: Number(block) };
}

/** An axis stands alone, or as blocks and, further inside, the elements within one. */
function axisFault(axis: LayoutAxis, layout: Layout): string | undefined {
  const [first, second, ...more] = layout.filter((term) => term.axis === axis);
  if (first === undefined || (first.part === "whole" && second === undefined)) return undefined;
  if (first.part === "whole" || more.length > 0) return `'${axis}' stands there more than once`;
  const { block } = first;
  if (first.part === "within")
    return `'${axis}%${block}' needs '${axis}/${block}' before it: blocks lie outside of what is within them`;
  if (second === undefined || second.part !== "within" || second.block !== block)
    return `'${axis}/${block}' needs '${axis}%${block}' after it`;
  return undefined;
}
