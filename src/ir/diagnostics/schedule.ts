/** Diagnostics of scheduling decisions. */
import type { Diagnostic } from "../diagnostics.js";

/** A tile larger than the stack's output is clamped. */
export const tileClamped = (stack: string, asked: string, used: string): Diagnostic => ({
  code: "tile-clamped",
  severity: "info",
  message: `tile ${asked} is larger than the output of stack ${stack}; ${used} is used`,
  where: { field: "--tile" },
  hint: "",
});
