/** Diagnostics of pipelines and of the options of passes. */
import { type Diagnostic, suggest } from "../diagnostics.js";
import { fieldError as error } from "./make.js";

export const pipelineSyntax = (text: string, position: number, expected: string): Diagnostic => {
  const found = position < text.length ? `'${text.slice(position, position + 12)}'` : "the end of the text";
  return error(
    "pipeline-syntax",
    `expected ${expected} at character ${position + 1}, found ${found}`,
    "--pipeline",
    "write passes as name{option=value option=value}, separated by commas; quote a value that has spaces or braces",
  );
};

export const unknownPass = (name: string, known: readonly string[]): Diagnostic =>
  error("unknown-pass", `there is no pass '${name}'`, "--pipeline", suggest(name, known));

export const unknownPassOption = (pass: string, option: string, known: readonly string[]): Diagnostic =>
  error(
    "unknown-pass-option",
    `pass '${pass}' has no option '${option}'`,
    "--pipeline",
    known.length === 0 ? "it takes no options" : suggest(option, known),
  );

export const badPassOption = (pass: string, option: string, found: string, expected: string): Diagnostic =>
  error(
    "bad-option-value",
    `option '${option}' of '${pass}' is '${found}', expected ${expected}`,
    "--pipeline",
    `kerf passes ${pass} lists its options`,
  );

export const duplicatePassOption = (pass: string, option: string): Diagnostic =>
  error("duplicate-pass-option", `option '${option}' of '${pass}' is given twice`, "--pipeline", "give it once");

export const missingFact = (pass: string, fact: string, providers: readonly string[]): Diagnostic =>
  error(
    "missing-fact",
    `${pass} needs '${fact}', which no earlier pass provides`,
    "--pipeline",
    providers.length === 0 ? "" : `add ${providers.join(" or ")} before it`,
  );

export const emptyPipeline = (): Diagnostic =>
  error("empty-pipeline", "the pipeline has no pass", "--pipeline", "leave the option out to run the default pipeline");
