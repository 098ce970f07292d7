/** Shape of `schedule.json`, version 1. The published JSON Schema (`schema/schedule-v1.json`) is generated from it. */
import { z } from "zod";
import { OVERLAP_MODES, TILE_ORDERS } from "../../ir/facts.js";

const count = z.number().int().nonnegative();
const positive = z.number().int().positive();
const quantity = z.number().nonnegative();
const name = z.string();

const loop = z.strictObject({ dim: name, size: positive });
const unroll = z.strictObject({ dim: name, size: z.number().positive(), arrayDim: name });
const accesses = z.strictObject({ read: quantity, write: quantity });
const energyByKind = z.strictObject({
  mac: quantity,
  memory: quantity,
  copy: quantity,
  static: quantity.optional().describe("drawn in every cycle; absent where the accelerator states none"),
});

const totalsSchema = z.strictObject({
  energyPj: quantity,
  latencyCycles: count,
  copyCycles: count.describe("part of latencyCycles that is spent in copy phases alone"),
  operations: count.describe("executed, recomputation included"),
  energyByKindPj: energyByKind.describe("adds up to energyPj"),
  energyByMemoryPj: z.record(name, z.record(name, quantity)).describe("memory → operand; adds up to memory + copy"),
  peakBits: z
    .record(name, quantity)
    .describe(
      "largest footprint in one instance of a memory: of one layer's operands; with 'exact' of all that lies there meanwhile, in the highest memory all weights and the maps that are still read",
    ),
  accesses: z.record(name, accesses).describe("accesses of the full port width"),
});

const port = z.strictObject({
  name,
  type: z.enum(["read", "write", "read-write"]),
  bandwidthBits: z.number().positive(),
  granularityBits: count,
});

const memory = z.strictObject({
  id: name,
  sizeBits: count,
  wordBits: z.number().positive().describe("full width of its widest port"),
  replicas: positive,
  ports: z.array(port),
});

const layer = z.strictObject({
  id: name,
  name,
  op: name,
  nodes: z.array(name).describe("nodes of the model that the layer stands for"),
  dims: z.record(name, positive),
  macs: count,
  computedMacs: count,
  elidedMacs: count.describe("declared by the model but needed by nobody"),
  recomputedMacs: count.describe(
    "executed beyond the declared ones: computed again, or on maps that grow for want of padding; computed = macs - elided + recomputed",
  ),
  weightBits: count,
  precision: z.strictObject({ operands: z.record(name, count), finalOutput: count }),
  operator: z.record(name, z.unknown()).describe("attributes of the operator as the model states them"),
  attributes: z.record(name, z.unknown()).describe("what passes attached, under namespaced keys"),
});

const copyEnd = z.strictObject({ memory: name, operand: name });

const load = z.strictObject({
  kind: z.enum(["stack-input", "output-to-input", "cache-read", "cache-write", "weights", "stack-output"]),
  layer: name.describe("layer or stack input whose data moves"),
  tensor: name,
  operand: name,
  bits: count,
  from: copyEnd,
  to: copyEnd,
  energyPj: quantity,
  cycles: count,
});

const copy = load.extend({
  before: name.optional().describe("layer or stack input before which its copy phase runs"),
  after: name.optional().describe("layer or stack input after which its copy phase runs"),
});

const tileLayer = z.strictObject({
  layer: name,
  computed: z.strictObject({ width: positive, height: positive }),
  dims: z.record(name, positive).describe("loop sizes on this tile"),
  levels: z.record(name, z.array(name)).describe("operand → memories, innermost first"),
  spatial: z.array(unroll),
  loops: z.array(loop).describe("temporal loops, innermost first"),
  boundaries: z.record(name, z.array(count)).describe("operand → number of loops at or below each of its levels"),
  doubleBuffered: z
    .record(name, z.array(z.boolean()))
    .optional()
    .describe("operand → whether a block of each level is refilled while another one is in use"),
  energyPj: quantity,
  macEnergyPj: quantity,
  energyByLevelPj: z.record(name, z.array(quantity)),
  accesses: z.record(name, z.array(z.strictObject({ tl: quantity, fl: quantity, th: quantity, fh: quantity }))),
  latencyCycles: count.describe("computation with stalls and initial loading"),
  computationCycles: count.describe("computation with stalls"),
  offloadedCycles: count.describe("latencyCycles and final off-loading"),
  idealCycles: count,
});

const tileType = z.strictObject({
  id: name,
  column: name.optional().describe("class of its columns; types are products of classes"),
  row: name.optional(),
  width: positive,
  height: positive,
  count: positive,
  firstAt: z.strictObject({ x: count, y: count }).describe("first output element of the first tile of this type"),
  weightsFromTop: z.boolean(),
  hCache: z.strictObject({ write: name.optional(), read: name.optional() }),
  vCache: z.strictObject({ write: name.optional(), read: name.optional() }),
  energyPj: quantity,
  latencyCycles: count,
  copyCycles: count,
  hiddenCopyCycles: count.optional().describe("part of copyCycles that runs beside layers of the tile"),
  layers: z.array(tileLayer),
  copies: z.array(copy),
});

const run = z.strictObject({ class: name, from: count, count: positive });

const buffer = z.strictObject({
  memory: name,
  node: name.describe("layer or stack input whose map, or layer whose weights, it holds"),
  role: z.enum(["column", "row", "weights", "map"]),
  ring: z.enum(["narrow", "wide"]).optional(),
  bits: count,
});

const stack = z.strictObject({
  id: name,
  layers: z.array(name),
  inputs: z.array(z.strictObject({ id: name, tensor: name })),
  tile: z.strictObject({ width: positive, height: positive }),
  overlap: z.enum(OVERLAP_MODES),
  order: z.enum(TILE_ORDERS),
  weightMemory: name.optional(),
  weightBits: count,
  alone: name.optional().describe("why the stack is costed outside of the depth-first model"),
  columns: z.array(run).optional().describe("columns of tiles by class, run-length"),
  rows: z.array(run).optional(),
  buffers: z.array(buffer).optional().describe("what the stack holds on chip from its first tile to its last"),
  loads: z.array(load).optional().describe("copies that run once, before the first tile"),
  hiddenBetweenTilesCycles: count.optional().describe("cycles of copies that run beside a layer of the tile before"),
  residentWeights: z.array(name).optional().describe("memories whose weights stay from one inference to the next"),
  totals: totalsSchema,
  tileTypes: z.array(tileType),
});

export const diagnosticSchema = z.strictObject({
  code: name,
  severity: z.enum(["error", "warning", "info"]),
  message: name,
  where: z.strictObject({
    file: name.optional(),
    line: positive.optional(),
    column: positive.optional(),
    node: name.optional(),
    field: name.optional(),
  }),
  hint: name,
});

export const coverageSchema = z.strictObject({
  node: name,
  opType: name,
  status: z.enum(["lowered", "folded", "view", "moved", "opaque", "refused"]),
  layer: name.optional(),
  reason: name.optional(),
});

export const scheduleSchema = z.strictObject({
  format: z.literal("kerf/schedule"),
  version: z.literal(1),
  generator: z.strictObject({ name: z.literal("kerf"), version: name }),
  options: z.record(name, z.unknown()),
  pipeline: name.describe("the passes that ran, with their options"),
  model: z.strictObject({ name, structureSha256: name }),
  accelerator: z.strictObject({
    name,
    sha256: name,
    description: z.record(name, z.unknown()),
    assumedNone: z
      .array(name)
      .optional()
      .describe("facts that the exact model would use and the accelerator does not state"),
  }),
  memories: z.array(memory),
  totals: totalsSchema.extend({
    macs: count.describe("of the network, as declared"),
    latencyMs: quantity.optional().describe("where the accelerator states a clock"),
    tops: quantity.optional().describe("tera-operations per second, of which a multiply-accumulate that runs is two"),
    topsPerWatt: quantity.optional(),
    areaMm2: quantity.optional().describe("where the accelerator states any"),
  }),
  layers: z.array(layer),
  stacks: z.array(stack),
  search: z.strictObject({
    space: name,
    evaluated: count,
    optimal: z.boolean(),
    bound: quantity.optional(),
    gap: quantity.optional(),
  }),
  coverage: z.array(coverageSchema),
  diagnostics: z.array(diagnosticSchema),
});

/** `schedule.json` as an object. Energies in pJ, times in cycles, sizes in bits. */
export type ScheduleDocument = z.infer<typeof scheduleSchema>;

/** The JSON Schema (2020-12) that the package ships. */
export const scheduleJsonSchema = (): object => ({
  ...z.toJSONSchema(scheduleSchema, { target: "draft-2020-12" }),
  $id: "kerf/schedule-v1",
  title: "Kerf schedule, version 1",
});
