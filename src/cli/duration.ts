/** Times on the command line. */
import type { OptionSpec } from "../passes/options.js";

const UNITS: Readonly<Record<string, number>> = { ms: 1, "": 1000, s: 1000, min: 60_000, m: 60_000, h: 3_600_000 };

/** `90`, `90s`, `1.5min`, `2h` as milliseconds; a number alone counts seconds. */
export const duration: OptionSpec<number> = {
  help: "for example 90s, 15min or 2h",
  syntax: "a number with ms, s, min or h; seconds without a unit",
  fallback: Number.POSITIVE_INFINITY,
  parse(text) {
    const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text) ?? [];
    const factor = UNITS[unit];
    return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
  },
  print: (milliseconds) => `${milliseconds}ms`,
};
