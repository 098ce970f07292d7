/** The optional fields of an accelerator file that are none of ZigZag's; what is absent from the file stays absent. */
import type { Accelerator, Memory, Port } from "../../ir/accelerator.js";
import { burstAgainstGranularity, wrongLayout } from "../../ir/diagnostics/accelerator.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import { megahertz, picojoulesPerCycle, type SquareMillimetres, squareMillimetres } from "../../ir/physical-units.js";
import { bits, picojoules } from "../../ir/units.js";
import type { Path, YamlDocument } from "../yaml/yaml-document.js";
import { type LayoutResult, parseLayout } from "./accelerator-layout.js";
import type { AcceleratorFields, CountedPortsMemoryFields, MemoryFields } from "./accelerator-schema.js";

type AcceleratorFacts = Pick<Accelerator, "vectorUnit" | "staticEnergy" | "clock" | "paddedMacs">;
type MemoryFacts = Pick<Memory, "staticEnergy" | "area" | "burst" | "layout">;

/** Facts of the whole accelerator. */
export const acceleratorFacts = (fields: AcceleratorFields): AcceleratorFacts => ({
  ...(fields.vector_unit !== undefined && {
    vectorUnit: {
      lanes: fields.vector_unit.lanes,
      operationsPerCycle: fields.vector_unit.operations_per_cycle,
      operationEnergy: picojoules(fields.vector_unit.unit_energy),
    },
  }),
  ...statedStaticEnergy(fields.static_energy),
  ...(fields.clock !== undefined && { clock: megahertz(fields.clock) }),
  ...(fields.padded_macs !== undefined && { paddedMacs: fields.padded_macs }),
});

/**
 * Facts of one memory.
 *
 * @param ports - its ports, none where they are wrong
 */
export function memoryFacts(
  document: YamlDocument,
  path: Path,
  fields: MemoryFields | CountedPortsMemoryFields,
  ports: readonly Port[],
): { readonly facts: MemoryFacts; readonly diagnostics: readonly Diagnostic[] } {
  const { burst } = fields;
  const read: LayoutResult = fields.layout === undefined ? {} : parseLayout(fields.layout);
  const facts = {
    ...statedStaticEnergy(fields.static_energy),
    ...statedArea(fields.area),
    ...(burst !== undefined && { burst: bits(burst) }),
    ...(read.layout !== undefined && { layout: read.layout }),
  };
  const broken = ports.find(({ granularity }) => burst !== undefined && burst % granularity !== 0);
  const place = (field: string) => document.placeOf([...path, field]);
  const diagnostics = [
    ...(burst !== undefined && broken !== undefined
      ? [burstAgainstGranularity(place("burst"), burst, broken.name, broken.granularity)]
      : []),
    ...(read.fault === undefined ? [] : [wrongLayout(place("layout"), read.fault)]),
  ];
  return { facts, diagnostics };
}

/** ZigZag's files give an area of 0 to memories whose area they do not know. */
export const statedArea = (area: number | null | undefined): { readonly area?: SquareMillimetres } =>
  area === undefined || area === null || area === 0 ? {} : { area: squareMillimetres(area) };

const statedStaticEnergy = (energy: number | undefined): Pick<Memory, "staticEnergy"> =>
  energy === undefined ? {} : { staticEnergy: picojoulesPerCycle(energy) };
