/** Networks and machines of the published studies, which the package carries. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readAccelerator } from "../frontend/zigzag/accelerator.js";
import { readMapping } from "../frontend/zigzag/mapping.js";
import { readWorkload } from "../frontend/zigzag/workload.js";
import type { Accelerator } from "../ir/accelerator.js";
import type { Network } from "../ir/network.js";
import { findArchitecture } from "./architectures.js";
import { isFile, readText } from "./files.js";

const WORKLOADS = fileURLToPath(new URL("../../models/workloads/", import.meta.url));
const CHIPS = fileURLToPath(new URL("../../architectures/chips/", import.meta.url));

/** A network of the published case studies. */
export function studyNetwork(name: string): Network {
  const file = `${name}.workload.yaml`;
  return readWorkload(readText(join(WORKLOADS, file)), file).network;
}

/**
 * A built-in accelerator, a chip of the validation studies, or a file of the user. Mappings that the published set makes by hand
 * for one network come before the accelerator's own rule.
 *
 * @throws DiagnosticError when there is no such accelerator, or the file does not hold
 */
export function studyAccelerator(name: string, network: string): Accelerator {
  const chip = join(CHIPS, `${name}.yaml`);
  const { text, file } = isFile(chip) ? { text: readText(chip), file: `${name}.yaml` } : findArchitecture(name);
  const { accelerator } = readAccelerator(text, file);
  const family = accelerator.name.replace(/-df$/, "");
  const byHand = join(WORKLOADS, `${family}.${network}.mapping.yaml`);
  if (!isFile(byHand)) return accelerator;
  const { dataflows } = readMapping(readText(byHand), byHand);
  return { ...accelerator, dataflows: [...dataflows, ...accelerator.dataflows] };
}
