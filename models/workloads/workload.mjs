/**
 * Networks as layer lists in the ZigZag schema, with the superset fields of depth-first workloads. No convolution is padded: every
 * map is as large as its readers need, back from the network's output (DF §1.4).
 */

/**
 * @typedef {"conv" | "depthwise" | "pool" | "add"} Kind
 * @typedef {{
 *   kind: Kind;
 *   channels: number;
 *   kernel?: number;
 *   stride?: number;
 *   direct?: boolean;
 *   from?: readonly number[];
 * }} Layer `channels`: of the output. `direct`: a 1×1 convolution whose equation has no window. `from`: producers, by default the
 *   layer before; -1 is the network's input
 * @typedef {{ width: number; height: number }} Size
 * @typedef {{ title: string; input: { channels: number }; output: Size; layers: readonly Layer[] }} Workload
 */

/** @param {Omit<Layer, "kind">} layer @returns {Layer} */
export const conv = (layer) => ({ kind: "conv", ...layer });
/** @param {Omit<Layer, "kind">} layer @returns {Layer} */
export const depthwise = (layer) => ({ kind: "depthwise", ...layer });
/** @param {Omit<Layer, "kind">} layer @returns {Layer} */
export const pool = (layer) => ({ kind: "pool", ...layer });
/** @param {Omit<Layer, "kind">} layer @returns {Layer} */
export const add = (layer) => ({ kind: "add", ...layer });

/**
 * The YAML text of a workload: a comment, the input, then one entry per layer.
 *
 * @param {Workload} workload
 */
export function printWorkload(workload) {
  const sizes = mapSizes(workload);
  const { width, height } = sizeOf(sizes, -1);
  const input = [
    "- { id: -1, name: input, operator_type: Input,",
    `    loop_dims: [B, K, OY, OX], loop_sizes: [1, ${workload.input.channels}, ${height}, ${width}], operand_precision: { O: 8 } }`,
  ];
  const layers = workload.layers.flatMap((layer, id) => printLayer(workload, layer, id, sizeOf(sizes, id)));
  return `${[`# ${workload.title}`, "# Written by models/workloads/generate.mjs.", ...input, ...layers].join("\n")}\n`;
}

/**
 * Extent of every feature map, by id: what its readers need, the largest of them where they differ.
 *
 * @param {Workload} workload
 */
function mapSizes({ layers, output }) {
  /** @type {Map<number, Size>} */
  const sizes = new Map([[layers.length - 1, output]]);
  for (const [id, layer] of [...layers.entries()].reverse()) {
    const own = sizeOf(sizes, id);
    const { kernel = 1, stride = 1 } = layer;
    const needed = { width: (own.width - 1) * stride + kernel, height: (own.height - 1) * stride + kernel };
    for (const producer of producersOf(layer, id)) {
      const known = sizes.get(producer) ?? { width: 0, height: 0 };
      const largest = {
        width: Math.max(known.width, needed.width),
        height: Math.max(known.height, needed.height),
      };
      sizes.set(producer, largest);
    }
  }
  return sizes;
}

/** @param {Layer} layer @param {number} id */
const producersOf = ({ from }, id) => from ?? [id - 1];

/** @param {ReadonlyMap<number, Size>} sizes @param {number} id @returns {Size} */
function sizeOf(sizes, id) {
  const size = sizes.get(id);
  if (size === undefined) throw new Error(`nothing reads layer ${id}`);
  return size;
}

/** @param {Workload} workload @param {Layer} layer @param {number} id @param {Size} size */
function printLayer({ layers, input }, layer, id, { width, height }) {
  const producers = producersOf(layer, id);
  const channels = layers[producers[0] ?? -1]?.channels ?? input.channels;
  const { operator, loops, equation, operands } = SHAPES[layer.kind](layer, channels);
  const all = [["B", 1], ...loops.before, ["OY", height], ["OX", width], ...loops.after];
  const hasWindow = layer.kind !== "add" && !layer.direct;
  const { stride = 1 } = layer;
  const relations = hasWindow ? `ix=${stride}*ox+1*fx, iy=${stride}*oy+1*fy` : "";
  const sources = operands.map((operand, index) => `${operand}: [${producers[index]}]`);
  const renamed = operands.map((operand, index) => {
    const depth = `${layer.kind === "conv" ? "C" : "G"}: ${channelLoop(layers[producers[index] ?? -1])}`;
    return `${operand}: { ${hasWindow ? "IX: OX, IY: OY" : "OX: OX, OY: OY"}, ${depth} }`;
  });
  const bits = [
    ...(layer.kind === "add" ? [] : [`W: ${layer.kind === "pool" ? 0 : 8}`]),
    ...operands.map((o) => `${o}: 8`),
  ];
  return [
    `- { id: ${id}, name: layer${id}, operator_type: ${operator},`,
    `    loop_dims: [${all.map(([dim]) => dim).join(", ")}], loop_sizes: [${all.map(([, size]) => size).join(", ")}],`,
    `    equation: "${equation}", dimension_relations: [${relations}],`,
    `    operand_precision: { O: 16, O_final: 8, ${bits.join(", ")} }, operand_source: { ${sources.join(", ")} },`,
    `    operand_source_dimension_mapping: { ${renamed.join(", ")} } }`,
  ];
}

/**
 * Operator, loops around those of the map, equation and operands with a producer. A pool's taps are a weight of no bits.
 *
 * @type {Record<Kind, (layer: Layer, depth: number) => {
 *   operator: string;
 *   loops: { before: [string, number][]; after: [string, number][] };
 *   equation: string;
 *   operands: string[];
 * }>}
 */
const SHAPES = {
  conv: ({ channels, kernel = 1, direct }, depth) => ({
    operator: "Conv",
    loops: {
      before: [
        ["K", channels],
        ["C", depth],
      ],
      after: direct
        ? []
        : [
            ["FY", kernel],
            ["FX", kernel],
          ],
    },
    equation: direct ? "O[b][k][oy][ox]+=W[k][c]*I[b][c][oy][ox]" : "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
    operands: ["I"],
  }),
  depthwise: ({ channels, kernel = 1 }) => ({
    operator: "DepthwiseConv",
    loops: {
      before: [["G", channels]],
      after: [
        ["FY", kernel],
        ["FX", kernel],
      ],
    },
    equation: "O[b][g][oy][ox]+=W[g][fy][fx]*I[b][g][iy][ix]",
    operands: ["I"],
  }),
  pool: ({ channels, kernel = 1 }) => ({
    operator: "Pooling",
    loops: {
      before: [["G", channels]],
      after: [
        ["FX", kernel],
        ["FY", kernel],
      ],
    },
    equation: "O[b][g][oy][ox]+=W[fx][fy]*I[b][g][iy][ix]",
    operands: ["I"],
  }),
  add: ({ channels }) => ({
    operator: "Add",
    loops: { before: [["G", channels]], after: [] },
    equation: "O[b][g][oy][ox]=X[b][g][oy][ox]+Y[b][g][oy][ox]",
    operands: ["X", "Y"],
  }),
};

/** Loop along which a producer's channels run. @param {Layer | undefined} producer */
const channelLoop = (producer) => (producer === undefined || producer.kind === "conv" ? "K" : "G");
