/** YAML text with the place of every value, so that a mistake is reported where it stands. Browser-safe. */
import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  visit,
  type YAMLError,
} from "yaml";
import {
  duplicateKey,
  reservedKey,
  yamlAliases,
  yamlEmpty,
  yamlSyntax,
  yamlTag,
  yamlTooDeep,
} from "../../ir/diagnostics/yaml.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";

/** Keys and indices from the top of a document to a value. */
export type Path = readonly PropertyKey[];

/** One document; `value` holds plain objects, arrays and scalars without cycles. */
export interface YamlDocument {
  readonly value: unknown;
  /** Duplicate keys and ignored tags. */
  readonly warnings: readonly Diagnostic[];
  /** Place of the value at `path`, or of the nearest value above it that the text has. */
  placeOf(path: Path): Location;
  /** Place of the key that `path` ends with. */
  placeOfKey(path: Path): Location;
}

/** Deep enough for every field of the format; the composer recurses, so that unbounded nesting would exhaust the stack. */
const DEEPEST = 32;
/** Expansions of aliases in one document. */
const MOST_ALIASES = 1000;
/** Merge keys as the loader of the published tools knows them; nothing is printed. */
const OPTIONS = { merge: true, prettyErrors: false, logLevel: "error" } as const;
const RESERVED = ["__proto__", "constructor", "prototype"];

/**
 * Reads one YAML document. Duplicate keys are resolved in favour of the last, as the loader of the published tools does.
 *
 * @param file - the file as the user named it
 * @param expected - what the file should hold, for the message about an empty one
 * @throws DiagnosticError for anything that is not one YAML document of bounded depth and expansion
 */
export function parseYaml(text: string, file: string, expected: string): YamlDocument {
  const lines = new LineCounter();
  const at = (offset: number): Location => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const document = compose(text, file, lines, at);
  const faults = document.errors.filter(({ code }) => code !== "DUPLICATE_KEY");
  const errors = [
    ...faults.map((fault) => yamlSyntax(at(fault.pos[0]), fault.message)),
    ...reservedKeys(document, at),
    ...badAliases(document, at),
  ];
  if (errors.length > 0) throw new DiagnosticError(errors);
  if (isEmpty(document)) throw new DiagnosticError([yamlEmpty({ file }, expected)]);
  const place = (path: Path, key: boolean): Location => {
    const field = path.map(String).join(".");
    return { ...at(offsetOf(document, path, key)), ...(field === "" ? {} : { field }) };
  };
  return {
    value: plainValue(document, file),
    warnings: [
      ...document.errors.filter((fault) => !faults.includes(fault)).map((fault) => duplicateAt(text, fault, at)),
      ...document.warnings.map(({ pos, message }) => yamlTag(at(pos[0]), message)),
    ],
    placeOf: (path) => place(path, false),
    placeOfKey: (path) => place(path, true),
  };
}

type Place = (offset: number) => Location;

/** The syntax tree is built without recursion; its depth is checked before the composer, which recurses, sees it. */
function compose(text: string, file: string, lines: LineCounter, at: Place): Document.Parsed {
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const tooDeep = offsetBelow(tokens, DEEPEST);
  if (tooDeep !== undefined) throw new DiagnosticError([yamlTooDeep(at(tooDeep), DEEPEST)]);
  const [first, second] = [...new Composer(OPTIONS).compose(tokens, true, text.length)];
  if (second !== undefined) throw new DiagnosticError([yamlSyntax(at(second.range[0]), "a second document starts")]);
  if (first === undefined) throw new DiagnosticError([yamlEmpty({ file }, "a document")]);
  return first;
}

/** Offset of a token that lies deeper than `limit` levels. */
function offsetBelow(tokens: readonly CST.Token[], limit: number): number | undefined {
  let level: readonly CST.Token[] = tokens;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return level[0]?.offset;
    level = level.flatMap(childTokens);
  }
  return undefined;
}

function childTokens(token: CST.Token): readonly CST.Token[] {
  if (token.type === "document") return token.value === undefined ? [] : [token.value];
  if (!("items" in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value]).filter((child) => child !== undefined && child !== null);
}

const isEmpty = ({ contents }: Document): boolean =>
  contents === null || (isScalar(contents) && contents.value === null && contents.source === "");

function reservedKeys(document: Document.Parsed, at: Place): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && RESERVED.includes(String(key.value)))
        found.push(reservedKey(at(key.range?.[0] ?? 0), String(key.value)));
    },
  });
  return found;
}

function duplicateAt(text: string, fault: YAMLError, at: Place): Diagnostic {
  const key = /^["']?([^"':\s]*)/.exec(text.slice(fault.pos[0]))?.[1] ?? "";
  return duplicateKey(at(fault.pos[0]), key);
}

/** An alias needs an anchor before it; inside its own anchor it has no finite value. */
function badAliases(document: Document.Parsed, at: Place): readonly Diagnostic[] {
  const aliases: { readonly alias: Alias; readonly above: readonly unknown[] }[] = [];
  visit(document, {
    Alias(_, alias, above) {
      aliases.push({ alias, above });
    },
  });
  const place = (alias: Alias) => at(alias.range?.[0] ?? 0);
  const excess = aliases[MOST_ALIASES]; // resolving one takes a walk through the document
  if (excess !== undefined) return [yamlAliases(place(excess.alias), `there are more than ${MOST_ALIASES}`)];
  return aliases.flatMap(({ alias, above }) => {
    const target = alias.resolve(document);
    if (target === undefined) return [yamlAliases(place(alias), `no anchor '${alias.source}' stands before this`)];
    return above.includes(target) ? [yamlAliases(place(alias), `'${alias.source}' stands inside its own anchor`)] : [];
  });
}

/** What fails here is the expansion of aliases and merge keys: the rest of the document is known to be sound. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (reason) {
    throw new DiagnosticError([yamlAliases({ file }, reason instanceof Error ? reason.message : String(reason))]);
  }
}

/** Walks down as far as the text goes; the last of several equal keys counts. */
function offsetOf(document: Document.Parsed, path: Path, key: boolean): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    const held: Node | null = (isAlias(node) ? node.resolve(document) : node) ?? null;
    const pair: Pair | undefined = isMap(held)
      ? held.items.findLast((item) => keyOf(item) === String(step))
      : undefined;
    const next: unknown = pair === undefined ? (isSeq(held) ? held.items[Number(step)] : undefined) : pair.value;
    if (pair === undefined && next === undefined) return offset;
    const nextNode = next as Node | null; // a parsed document holds nothing but nodes
    const wantsKey = key && index === path.length - 1;
    offset = rangeStart(wantsKey ? pair?.key : nextNode) ?? rangeStart(pair?.key) ?? offset;
    node = nextNode;
  }
  return offset;
}

const keyOf = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key));

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || isPair(node)) return undefined;
  return (node as Node).range?.[0]; // keys and values of a parsed document are nodes
}
