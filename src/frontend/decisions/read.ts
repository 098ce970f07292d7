/** Files of decisions (contract: `--decisions`): a schedule that was written before, or the same fields by hand. */
import type {
  Decisions,
  MappingDecision,
  RecordedChoices,
  StackDecision,
  StackMembers,
  TileTypeDecision,
} from "../../ir/decisions.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import { check, valueAt } from "../yaml/schema.js";
import { type Path, parseYaml, type YamlDocument } from "../yaml/yaml-document.js";
import {
  type DecisionFields,
  type MappingFields,
  type RecordedFields,
  type StackFields,
  scheduleSchema,
  statedSchema,
  type TileTypeFields,
} from "./schema.js";

export interface DecisionsFile {
  readonly decisions: Decisions;
  /** Of a schedule: what it was made with. */
  readonly choices: RecordedChoices;
  /** Warnings; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads decisions. Whether they can be met is known only with a network and an accelerator and is not checked here.
 *
 * @param text - YAML or JSON; of a `schedule.json` the results are passed over
 * @param file - the file as the user named it
 * @throws DiagnosticError with every mistake that was found, each with its line and column
 */
export function readDecisions(text: string, file: string): DecisionsFile {
  const document = parseYaml(text, file, "decisions: a list 'stacks' as in schedule.json");
  const isSchedule = valueAt(document.value, ["format"]) === "kerf/schedule";
  const { value, diagnostics } = check<DecisionFields & { readonly options?: RecordedFields | undefined }>(
    document,
    isSchedule ? scheduleSchema : statedSchema,
  );
  if (value === undefined) throw new DiagnosticError([...document.warnings, ...diagnostics]);
  const stacks = value.stacks.map((stack, index) => stackDecision(document, ["stacks", index], stack));
  return { decisions: { stacks }, choices: recordedChoices(value.options), diagnostics: document.warnings };
}

function recordedChoices(fields: RecordedFields = {}): RecordedChoices {
  const { costModel, loopLimit, seed, bind, between, pipelineCopies, steadyState } = fields;
  return {
    ...(costModel !== undefined && { costModel }),
    ...(loopLimit !== undefined && { loopLimit }),
    ...(seed !== undefined && { seed }),
    ...(bind !== undefined && { bind }),
    ...(between !== undefined && { between }),
    ...(pipelineCopies !== undefined && { pipelineCopies }),
    ...(steadyState !== undefined && { steadyState }),
  };
}

function stackDecision(document: YamlDocument, path: Path, fields: StackFields): StackDecision {
  const { tile, overlap, order, tileTypes = [] } = fields;
  const members = membersOf(fields);
  return {
    ...(members !== undefined && { members }),
    ...(tile !== undefined && { tile: typeof tile === "string" ? tileOf(tile) : tile }),
    ...(overlap !== undefined && { overlap }),
    ...(order !== undefined && { order }),
    tileTypes: tileTypes.map((type, index) => tileTypeDecision(document, [...path, "tileTypes", index], type)),
    where: document.placeOf(path),
  };
}

/** A stack of an input alone has no layers: it is known by its input. */
function membersOf({ layers, inputs = [], first, last }: StackFields): StackMembers | undefined {
  if (first !== undefined && last !== undefined) return { first, last };
  return layers?.length === 0 ? inputs.map(({ id }) => id) : layers;
}

/** The schema lets nothing but `full` and `<W>x<H>` pass. */
function tileOf(text: string): NonNullable<StackDecision["tile"]> {
  const [width, height] = text.split("x").map(Number);
  return text === "full" ? text : { width: width!, height: height! };
}

function tileTypeDecision(document: YamlDocument, path: Path, fields: TileTypeFields): TileTypeDecision {
  const { id, width, height, firstAt, layers = [] } = fields;
  return {
    match: {
      ...(id !== undefined && { id }),
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
      ...(firstAt !== undefined && { firstAt }),
    },
    layers: layers.map((layer, index) => mappingDecision(document, [...path, "layers", index], layer)),
    where: document.placeOf(path),
  };
}

function mappingDecision(document: YamlDocument, path: Path, fields: MappingFields): MappingDecision {
  const { layer, loops, boundaries, levels, spatial } = fields;
  return {
    layer,
    ...(loops !== undefined && { loops }),
    ...(boundaries !== undefined && { boundaries }),
    ...(levels !== undefined && { levels }),
    ...(spatial !== undefined && { spatial }),
    where: document.placeOf(path),
  };
}
