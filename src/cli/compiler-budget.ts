/**
 * Half of the processor time of a sweep that lasts seconds went into machine code of functions that ran for milliseconds. A function
 * has to run six times as long as usual before it is worth that here; what runs for minutes does not notice.
 */
import { setFlagsFromString } from "node:v8";

/** Bytecodes, in bytes, that a function runs through before V8 optimises it. */
const BUDGET = 800_000;

setFlagsFromString(`--interrupt-budget=${BUDGET}`);
