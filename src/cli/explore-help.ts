/** Examples at the end of `kerf explore --help`; a test plans each of them. */
export const EXPLORE_EXAMPLES = `
Examples:
  36 tile sizes in three overlap modes, one line per point, in two workers:
    kerf explore models/fsrcnn.onnx --arch meta-prototype-df --cost-model defines \\
      --tiles 1,4,16,60,240,960x1,4,18,72,270,540 --jobs 2 --out fsrcnn.ndjson
  the same command after a crash or a shutdown:
    … --out fsrcnn.ndjson --resume
  ways to form stacks, and sizes of a memory, on two machines:
    kerf explore models/mobilenet-v2.onnx --arch meta-prototype-df,tpu-like-df --stacks auto --stacks per-layer
    kerf explore models/fsrcnn.onnx --arch meta-prototype-df --vary memories.sram_64KB.size=262144,524288,1048576
  the front of energy and latency within a time, without a look at what bounds exclude:
    kerf explore models/fsrcnn.onnx --arch tpu-like --limit 'latency<=2e7' --front energy,latency --frontier --out front.ndjson
  on a cluster: write the job array, submit it, merge the results:
    kerf explore models/fsrcnn.onnx --arch tpu-like --tiles all --shards 64 --emit slurm --out sweep.sh
    sbatch sweep.sh
    kerf explore --merge sweep.*-of-64.ndjson --out sweep.ndjson
`;
