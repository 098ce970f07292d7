/**
 * Fields of an accelerator file, in the two generations of the ZigZag schema, and the optional fields that we add to it.
 * Units: bit, bit/cycle, pJ per access, cycles, MHz, mm², pJ/cycle.
 */
import { z } from "zod";
import { PADDED_MACS } from "../../ir/accelerator.js";

const positive = z.int().min(1);
/** Range of what is no whole number: sums over all instances stay finite, and quotients are numbers that one can work with. */
const MOST = 1e12;
const LEAST = 1e-6;
const amount = z.number().min(LEAST).max(MOST);
const quantity = z.number().min(0).max(MOST);
const cost = quantity.nullish();
const staticEnergy = quantity.optional();

/** Array dimensions are `D1`, `D2`, …: their numbers are their canonical order (SL-Q27). */
const arrayDim = z.string().regex(/^D[1-9]\d?$/, "an array dimension: D1, D2, …");
const memoryOperand = z.enum(["O", "I1", "I2"]);
const portName = z.string().regex(/^(r|w|rw)_port_[1-9]\d*$/, "a port name: r_port_1, w_port_1, rw_port_1, …");

const common = {
  size: positive,
  r_cost: cost,
  w_cost: cost,
  area: quantity.nullish(),
  latency: z.int().min(0).optional(),
  mem_type: z.string().optional(),
  auto_cost_extraction: z.boolean().optional(),
  operands: z.array(memoryOperand).min(1),
  served_dimensions: z.array(arrayDim),
  static_energy: staticEnergy,
  burst: positive.optional(),
  layout: z.string().optional(),
};

/** Present generation: each port lists what it serves. */
export const memorySchema = z.strictObject({
  ...common,
  ports: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        type: z.enum(["read", "write", "read_write"]),
        bandwidth_min: positive.optional(),
        bandwidth_max: positive,
        allocation: z.array(z.string().regex(/^\s*(O|I1|I2)\s*,\s*(fh|tl|fl|th)\s*$/, "'<O|I1|I2>, <fh|tl|fl|th>'")),
      }),
    )
    .min(1),
});

const portsOfOperand = z.strictObject({
  fh: portName.optional(),
  tl: portName.optional(),
  fl: portName.optional(),
  th: portName.optional(),
});

/** Earlier generation: ports are counted, and each operand lists its ports. */
export const countedPortsMemorySchema = z.strictObject({
  ...common,
  r_bw: positive,
  w_bw: positive,
  r_port: z.int().min(0),
  w_port: z.int().min(0),
  rw_port: z.int().min(0),
  min_r_granularity: positive.nullish(),
  min_w_granularity: positive.nullish(),
  ports: z.array(portsOfOperand),
});

/** Fields that only the earlier generation of a memory has. */
export const COUNTED_PORTS_FIELDS = ["r_bw", "w_bw", "r_port", "w_port", "rw_port"];

/**
 * `input_precision`, the area of a unit (a placeholder in the published set) and the fields of in-memory computing are read and not
 * used; `area` is that of the whole array.
 */
export const arraySchema = z.strictObject({
  input_precision: z.array(positive).optional(),
  unit_energy: quantity.optional(),
  multiplier_energy: quantity.optional(),
  unit_area: quantity.optional(),
  multiplier_area: quantity.optional(),
  area: amount.optional(),
  dimensions: z.array(arrayDim).min(1),
  sizes: z.array(positive),
  is_imc: z.boolean().optional(),
  imc_type: z.unknown().optional(),
  adc_resolution: z.unknown().optional(),
  bit_serial_precision: z.unknown().optional(),
});

const memoryName = z.string().regex(/^[A-Za-z_][\w.-]*$/, "a name that starts with a letter");

/** Energy in pJ per operation of one lane. */
const vectorUnit = z.strictObject({
  lanes: positive,
  operations_per_cycle: amount,
  unit_energy: quantity,
});

/** Top of the file. Memories, array and dataflows are checked one by one, so that one mistake hides no other. */
export const acceleratorSchema = z.strictObject({
  name: z.string().min(1),
  memories: z.record(memoryName, z.unknown()),
  operational_array: z.unknown().optional(),
  multipliers: z.unknown().optional(),
  dataflows: z.unknown().optional(),
  vector_unit: vectorUnit.optional(),
  static_energy: staticEnergy,
  clock: amount.optional(),
  padded_macs: z.enum(PADDED_MACS).optional(),
});

export type MemoryFields = z.infer<typeof memorySchema>;
export type CountedPortsMemoryFields = z.infer<typeof countedPortsMemorySchema>;
export type ArrayFields = z.infer<typeof arraySchema>;
export type AcceleratorFields = z.infer<typeof acceleratorSchema>;
