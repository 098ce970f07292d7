/** Fields of a file of decisions: those of `schedule.json` that decide something. */
import { z } from "zod";
import { OVERLAP_MODES, TILE_ORDERS } from "../../ir/facts.js";

const positive = z.int().min(1);
const count = z.int().min(0);
const name = z.string().min(1);

const loop = z.strictObject({ dim: name, size: positive });
const unroll = z.strictObject({ dim: name, size: z.number().positive(), arrayDim: name });
const size = z.strictObject({ width: positive, height: positive });
const place = z.strictObject({ x: count, y: count });

/** What a file that is written by hand may say of the tile. */
const tile = z.union([z.literal("full"), z.string().regex(/^[1-9]\d{0,8}x[1-9]\d{0,8}$/, "<W>x<H>"), size], {
  error: "full, <W>x<H>, or width and height",
});

type Shape = <T extends z.core.$ZodShape>(fields: T) => z.ZodObject<T>;

/**
 * @param object - how an object treats fields that it does not know
 * @param describesInputs - whether `inputs` may stand beside layers, whose inputs they are then
 */
function fileSchema(object: Shape, describesInputs: boolean) {
  const mapping = object({
    layer: name,
    loops: z.array(loop).optional(),
    boundaries: z.record(name, z.array(count)).optional(),
    levels: z.record(name, z.array(name)).optional(),
    spatial: z.array(unroll).optional(),
  }).refine(({ loops, boundaries }) => loops !== undefined || boundaries === undefined, {
    error: "'loops' beside 'boundaries', which count them",
    path: ["boundaries"],
  });
  const tileType = object({
    id: name.optional(),
    width: positive.optional(),
    height: positive.optional(),
    firstAt: place.optional(),
    layers: z.array(mapping).optional(),
  });
  const stack = object({
    layers: z.array(name).optional(),
    inputs: z.array(object({ id: name })).optional(),
    first: name.optional(),
    last: name.optional(),
    tile: tile.optional(),
    overlap: z.enum(OVERLAP_MODES).optional(),
    order: z.enum(TILE_ORDERS).optional(),
    tileTypes: z.array(tileType).optional(),
  })
    .refine(({ first, last }) => (first === undefined) === (last === undefined), {
      error: "'first' and 'last' together",
      path: ["first"],
    })
    .refine(({ layers, first }) => layers === undefined || first === undefined, {
      error: "'layers', or 'first' and 'last'",
      path: ["layers"],
    })
    .refine(({ layers = [] }) => new Set(layers).size === layers.length, {
      error: "every layer once",
      path: ["layers"],
    })
    .refine(({ layers, inputs = [] }) => layers?.length !== 0 || inputs.length > 0, {
      error: "at least one layer, or 'inputs' beside an empty list",
      path: ["layers"],
    })
    .refine(({ layers, inputs }) => describesInputs || inputs === undefined || layers?.length === 0, {
      error: "'inputs' beside an empty list of 'layers' only: a stack with layers is known by them",
      path: ["inputs"],
    });
  return object({ stacks: z.array(stack) });
}

/** Written by hand: a field that decides nothing is a mistake. */
export const statedSchema = fileSchema(z.strictObject, false);

/** What a schedule was made with; options that decide nothing are passed over. */
const recorded = z.object({
  costModel: z.enum(["exact", "defines"]).optional(),
  loopLimit: z.union([positive, z.literal("none")], { error: "a positive whole number, or none" }).optional(),
  seed: count.optional(),
  bind: z.string().optional(),
  between: z.enum(["searched", "top"]).optional(),
  pipelineCopies: z.boolean().optional(),
  steadyState: z.boolean().optional(),
});

/** A schedule of the version that we write: results and what describes it are passed over. */
export const scheduleSchema = fileSchema(z.object, true).extend({
  version: z.literal(1),
  options: recorded.optional(),
});

export type DecisionFields = z.infer<typeof statedSchema>;
export type RecordedFields = z.infer<typeof recorded>;
export type StackFields = DecisionFields["stacks"][number];
export type TileTypeFields = NonNullable<StackFields["tileTypes"]>[number];
export type MappingFields = NonNullable<TileTypeFields["layers"]>[number];
