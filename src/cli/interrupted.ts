/** A command that the user stopped, after it printed what it knew: exit code 130. */
import type { Diagnostic } from "../ir/diagnostics.js";

export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}
