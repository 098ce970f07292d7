/** Ports of one memory, from either generation of the schema, in the order that decides the published sums (SL §1.3). */
import type { Direction, MemoryOperand, Port, PortService } from "../../ir/accelerator.js";
import {
  directionNotServed,
  directionServedTwice,
  granularityAboveBandwidth,
  operandNotHeld,
  portAgainstDirection,
  portsPerOperand,
  repeatedName,
  unknownPort,
} from "../../ir/diagnostics/accelerator.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { bits, bitsPerCycle } from "../../ir/units.js";
import type { Path, YamlDocument } from "../yaml/yaml-document.js";
import type { CountedPortsMemoryFields, MemoryFields } from "./accelerator-schema.js";

/** Order of the movements of one operand on a port. */
const DIRECTIONS: readonly Direction[] = ["fh", "tl", "fl", "th"];
const TYPES: readonly Port["type"][] = ["read", "write", "read-write"];

/** Something found in a file together with where it stands. */
interface Allocation extends PortService {
  readonly port: string;
  readonly place: Location;
}

interface BarePort {
  readonly name: string;
  readonly type: Port["type"];
  readonly bandwidth: number;
  readonly granularity: number;
  readonly place: Location;
}

export interface PortsResult {
  readonly ports: readonly Port[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Ports of a memory whose ports list what they serve. */
export function allocatedPorts(document: YamlDocument, path: Path, memory: MemoryFields): PortsResult {
  const ports = memory.ports.map((port, index) => ({
    name: port.name,
    type: port.type === "read_write" ? ("read-write" as const) : port.type,
    bandwidth: port.bandwidth_max,
    granularity: port.bandwidth_min ?? port.bandwidth_max,
    place: document.placeOf([...path, "ports", index, "name"]),
  }));
  const allocations = memory.ports.flatMap((port, index) =>
    port.allocation.map((text, entry) => {
      const [operand, direction] = text.split(",").map((part) => part.trim());
      const place = document.placeOf([...path, "ports", index, "allocation", entry]);
      return { port: port.name, operand: operand as MemoryOperand, direction: direction as Direction, place }; // the schema admits no other text
    }),
  );
  return assemble(document, path, memory.operands, ports, allocations);
}

/**
 * Ports of a memory that counts its ports and lists them per operand. A read-write port has the bandwidth and granularity of
 * reads in both directions (DF §2.3).
 */
export function countedPorts(document: YamlDocument, path: Path, memory: CountedPortsMemoryFields): PortsResult {
  const read = { bandwidth: memory.r_bw, granularity: memory.min_r_granularity ?? memory.r_bw };
  const write = { bandwidth: memory.w_bw, granularity: memory.min_w_granularity ?? memory.w_bw };
  const numbered = (count: number, prefix: string, type: Port["type"], width: typeof read, field: string) =>
    Array.from({ length: Math.min(count, MOST_PORTS) }, (_, index) => ({
      name: `${prefix}_port_${index + 1}`,
      type,
      ...width,
      place: document.placeOf([...path, field]),
    }));
  const ports = [
    ...numbered(memory.r_port, "r", "read", read, "min_r_granularity"),
    ...numbered(memory.w_port, "w", "write", write, "min_w_granularity"),
    ...numbered(memory.rw_port, "rw", "read-write", read, "min_r_granularity"),
  ];
  const allocations = memory.ports.flatMap((entry, index) =>
    DIRECTIONS.flatMap((direction) => {
      const port = entry[direction];
      const operand = memory.operands[index];
      if (port === undefined || operand === undefined) return [];
      return [{ port, operand, direction, place: document.placeOf([...path, "ports", index, direction]) }];
    }),
  );
  const result = assemble(document, path, memory.operands, ports, allocations);
  if (memory.ports.length === memory.operands.length) return result;
  const place = document.placeOf([...path, "ports"]);
  const mismatch = portsPerOperand(place, String(path.at(-1)), memory.operands.length, memory.ports.length);
  return { ports: [], diagnostics: [mismatch] };
}

/** No real memory has more; a count beyond it is met by ports that nothing is allocated to. */
const MOST_PORTS = 64;

function assemble(
  document: YamlDocument,
  path: Path,
  operands: readonly MemoryOperand[],
  bare: readonly BarePort[],
  allocations: readonly Allocation[],
): PortsResult {
  const memory = String(path.at(-1));
  const names = bare.map(({ name }) => name);
  const diagnostics = [
    ...bare.flatMap((port, index) =>
      names.indexOf(port.name) < index ? [repeatedName(port.place, port.name, "port")] : [],
    ),
    ...bare.filter(tooCoarse).map((port) => granularityAboveBandwidth(port.place, port.granularity, port.bandwidth)),
    ...allocations.flatMap((allocation, index) =>
      allocationFaults(allocation, allocations.slice(0, index), memory, operands, bare),
    ),
    ...operands.flatMap((operand) =>
      neededDirections(operand)
        .filter((direction) => !allocations.some((a) => a.operand === operand && a.direction === direction))
        .map((direction) => directionNotServed(document.placeOf([...path, "ports"]), memory, operand, direction)),
    ),
  ];
  if (diagnostics.length > 0) return { ports: [], diagnostics };
  const ports = TYPES.flatMap((type) => bare.filter((port) => port.type === type)).map(
    ({ name, type, bandwidth, granularity }) => ({
      name,
      type,
      bandwidth: bitsPerCycle(bandwidth),
      granularity: bits(granularity),
      services: servicesOf(name, operands, allocations),
    }),
  );
  return { ports, diagnostics: [] };
}

const tooCoarse = ({ granularity, bandwidth }: BarePort): boolean => granularity > bandwidth;

function allocationFaults(
  { port, operand, direction, place }: Allocation,
  earlier: readonly Allocation[],
  memory: string,
  operands: readonly MemoryOperand[],
  ports: readonly BarePort[],
): readonly Diagnostic[] {
  const type = ports.find(({ name }) => name === port)?.type;
  if (type === undefined)
    return [
      unknownPort(
        place,
        port,
        ports.map(({ name }) => name),
      ),
    ];
  if (!operands.includes(operand)) return [operandNotHeld(place, operand, memory, operands)];
  const wrongWay = type === (direction === "fh" || direction === "fl" ? "read" : "write");
  if (wrongWay) return [portAgainstDirection(place, port, type, direction)];
  const again = earlier.some((other) => other.operand === operand && other.direction === direction);
  return again ? [directionServedTwice(place, operand, direction)] : [];
}

/** Inputs only travel down; partial sums travel both ways. */
const neededDirections = (operand: MemoryOperand): readonly Direction[] =>
  operand === "O" ? DIRECTIONS : ["fh", "tl"];

const servicesOf = (
  port: string,
  operands: readonly MemoryOperand[],
  allocations: readonly Allocation[],
): readonly PortService[] =>
  operands.flatMap((operand) =>
    DIRECTIONS.filter((direction) =>
      allocations.some((a) => a.port === port && a.operand === operand && a.direction === direction),
    ).map((direction) => ({ operand, direction })),
  );
