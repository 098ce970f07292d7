/** The values of `--bind`, as text and as numbers. */
import { MAX_EXTENT } from "../frontend/onnx/symbols.js";
import { badOption, bindingOutOfRange, boundTwice } from "../ir/diagnostics/command.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";

/**
 * `N=1,H=224` as a map. A backslash before a comma, an equals sign or a backslash makes it part of a name; the last `=` that is not
 * part of one ends the name.
 *
 * @throws DiagnosticError when an item is not a name and a whole number from 1 to 2^31, or two items disagree about a name
 */
export function parseBindings(text: string): ReadonlyMap<string, number> {
  const bindings = new Map<string, number>();
  const problems: Diagnostic[] = [];
  for (const item of splitAt(text, ",")) {
    const binding = parseBinding(item);
    if (binding === undefined) throw new DiagnosticError([badSyntax(item)]);
    const { symbol, digits } = binding;
    const value = Number(digits);
    const before = bindings.get(symbol);
    if (value < 1 || value > MAX_EXTENT) problems.push(bindingOutOfRange(symbol, digits));
    else if (before !== undefined && before !== value) problems.push(boundTwice(symbol, before, value));
    bindings.set(symbol, value);
  }
  if (problems.length > 0) throw new DiagnosticError(problems);
  return bindings;
}

function parseBinding(item: string): { readonly symbol: string; readonly digits: string } | undefined {
  const parts = splitAt(item, "=");
  const symbol = nameOf(parts.slice(0, -1).join("="));
  const digits = parts.at(-1)!; // a split text has parts
  return symbol !== "" && /^\d+$/.test(digits) ? { symbol, digits } : undefined;
}

const badSyntax = (item: string): Diagnostic =>
  badOption(
    "--bind",
    item,
    "<symbol>=<whole number>[,…]",
    "for example N=1,H=224; a comma or an equals sign in a symbol is written '\\,' or '\\='",
  );

/** Splits at each `separator` that no backslash makes part of a name. */
function splitAt(text: string, separator: "," | "="): readonly string[] {
  const parts = [""];
  for (const [token] of text.matchAll(/\\[\\,=]|[\s\S]/g)) {
    if (token === separator) parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts;
}

const nameOf = (name: string): string => name.replace(/\\([\\,=])/g, "$1");
