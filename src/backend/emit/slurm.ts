/** A job array for Slurm that runs the shards of a sweep. */

export interface SlurmJob {
  /** Number of shards. */
  readonly shards: number;
  /** Arguments of `kerf explore` that state the sweep, without those of shards and results. */
  readonly sweep: readonly string[];
  /** Begin of the names of result files. */
  readonly results: string;
  /** Points of the whole sweep. */
  readonly points: number;
}

/** A script for `sbatch`; its head says how to run, repeat and merge. */
export function slurmScript({ shards, sweep, results, points }: SlurmJob): string {
  const command = sweep.map(quoted).join(" ");
  return `#!/bin/bash
#SBATCH --job-name=kerf-explore
#SBATCH --array=1-${shards}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --output=${results.replaceAll(/[^\w./-]/g, "_")}.%a-of-${shards}.log
#
# A sweep of ${points} points in ${shards} shards. Paths are relative to the folder that this is submitted from.
#
#   run      sbatch <this file>
#   repeat   sbatch <this file>           finished points are kept, lost ones are computed again
#            sbatch --array=3,7 <this file>                                    only these shards
#   merge    kerf explore ${command} --shards ${shards} \\
#              --merge ${quoted(`${results}.`)}*-of-${shards}.ndjson --out ${quoted(`${results}.ndjson`)}
#
# KERF is the command to run (default: kerf). Other schedulers: set SHARD to the number of the task, from 1.
set -euo pipefail
shard="\${SLURM_ARRAY_TASK_ID:-\${SHARD:?no SLURM_ARRAY_TASK_ID: submit this file with sbatch, or set SHARD}}"
exec \${KERF:-kerf} explore ${command} \\
  --shard "$shard/${shards}" --jobs "\${SLURM_CPUS_PER_TASK:-1}" --quiet \\
  --resume --out ${quoted(results)}."$shard"-of-${shards}.ndjson
`;
}

/** As one word of bash, on one line. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = word.replaceAll(/[\\']/g, "\\$&").replaceAll(/\p{Cc}/gu, (control) => `\\u${hex(control)}`);
  return `$'${escaped}'`;
}

const hex = (character: string): string => (character.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
