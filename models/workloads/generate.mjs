/** Writes every workload beside this script. */
import { writeFileSync } from "node:fs";
import { workloads } from "./networks.mjs";
import { printWorkload } from "./workload.mjs";

for (const [name, workload] of Object.entries(workloads)) {
  writeFileSync(new URL(`${name}.workload.yaml`, import.meta.url), printWorkload(workload));
}
