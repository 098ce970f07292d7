/** Fields of a workload file: ZigZag's, and those of the published depth-first workloads. */
import { z } from "zod";

const positive = z.int().min(1);
const dim = z.string().regex(/^[A-Z][A-Z0-9]*$/, "a loop in capitals: B, K, C, OY, …");
const operand = z.string().regex(/^[A-Z][A-Z0-9]*$/, "an operand in capitals: O, W, I, X, Y");

const common = {
  id: z.int(),
  name: z.string().min(1).nullish(),
  loop_dims: z.array(dim).min(1),
  loop_sizes: z.array(positive),
};

/** A feature map that comes from outside. */
export const inputSchema = z.strictObject({
  ...common,
  operator_type: z.literal("Input"),
  operand_precision: z.strictObject({ O: positive, O_final: positive.optional() }),
});

export const layerSchema = z.strictObject({
  ...common,
  operator_type: z.string().min(1),
  equation: z.string(),
  dimension_relations: z.array(z.string()).nullish(),
  operand_precision: z.record(
    z.string().regex(/^([A-Z][A-Z0-9]*|O_final)$/, "an operand: O, O_final, W, I"),
    z.int().min(0),
  ),
  operand_source: z.record(operand, z.union([z.int(), z.array(z.int())])).nullish(),
  constant_operands: z.array(operand).nullish(),
  operand_source_dimension_mapping: z.record(operand, z.record(dim, dim)).nullish(),
  pr_loop_dims: z.array(dim).nullish(),
  pr_loop_sizes: z.array(positive).nullish(),
  padding: z.array(z.tuple([z.int().min(0), z.int().min(0)])).nullish(),
});

export type InputFields = z.infer<typeof inputSchema>;
export type LayerFields = z.infer<typeof layerSchema>;
