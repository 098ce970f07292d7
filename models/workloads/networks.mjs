/** The five networks of the DeFiNES case studies (HPCA 2023; DF §1.5), by file name. */
import { add, conv, depthwise, pool } from "./workload.mjs";

/** @typedef {import("./workload.mjs").Layer} Layer */

const fsrcnn = {
  title: "FSRCNN (Dong et al., ECCV 2016) with an output of 960×540, as scheduled in the DeFiNES case studies.",
  input: { channels: 1 },
  output: { width: 960, height: 540 },
  layers: [
    conv({ channels: 56, kernel: 5 }),
    conv({ channels: 12, direct: true }),
    conv({ channels: 12, kernel: 3 }),
    conv({ channels: 12, kernel: 3 }),
    conv({ channels: 12, kernel: 3 }),
    conv({ channels: 12, kernel: 3 }),
    conv({ channels: 56, direct: true }),
    conv({ channels: 16, kernel: 3 }),
  ],
};

const mccnn = {
  title:
    "MC-CNN (Žbontar and LeCun, JMLR 2016), fast architecture, one image, as scheduled in the DeFiNES case studies.",
  input: { channels: 1 },
  output: { width: 376, height: 1242 },
  layers: Array.from({ length: 4 }, () => conv({ channels: 64, kernel: 3 })),
};

const dmcnnvd = {
  title: "DMCNN-VD (Syu et al., 2018), as scheduled in the DeFiNES case studies.",
  input: { channels: 3 },
  output: { width: 768, height: 512 },
  layers: [...Array.from({ length: 19 }, () => conv({ channels: 64, kernel: 3 })), conv({ channels: 3, kernel: 3 })],
};

/** Output channels and stride of the depthwise-separable blocks. */
const MOBILENET_BLOCKS = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1]),
  [1024, 2],
  [1024, 1],
];

/** @param {number} channels @param {number} index */
const mobilenetDepth = (channels, index) => MOBILENET_BLOCKS[index - 1]?.[0] ?? channels;

const mobilenetv1 = {
  title: "MobileNet V1 (Howard et al., 2017), as scheduled in the DeFiNES case studies.",
  input: { channels: 3 },
  output: { width: 1, height: 1 },
  layers: [
    conv({ channels: 32, kernel: 3, stride: 2 }),
    ...MOBILENET_BLOCKS.flatMap(([channels = 0, stride = 1], index) => [
      depthwise({ channels: mobilenetDepth(32, index), kernel: 3, stride }),
      conv({ channels, kernel: 1 }),
    ]),
    pool({ channels: 1024, kernel: 7 }),
    conv({ channels: 1000, kernel: 1 }),
  ],
};

/** Channels and first stride of the stages; each has two blocks of two convolutions and an addition. */
const RESNET_STAGES = [
  { channels: 64, stride: 1 },
  { channels: 128, stride: 2 },
  { channels: 256, stride: 2 },
  { channels: 512, stride: 2 },
];

/** The published ResNet-18 adds the map before a stride as it is: there is no projection (DF §1.5). @returns {Layer[]} */
function resnetBlocks() {
  const layers = [];
  let last = 1; // the pooling layer
  for (const { channels, stride } of RESNET_STAGES) {
    for (const first of [stride, 1]) {
      layers.push(conv({ channels, kernel: 3, stride: first }), conv({ channels, kernel: 3 }));
      layers.push(add({ channels, from: [last, last + 2] }));
      last += 3;
    }
  }
  return layers;
}

const resnet18 = {
  title: "ResNet-18 (He et al., CVPR 2016) without projections, as scheduled in the DeFiNES case studies.",
  input: { channels: 3 },
  output: { width: 1, height: 1 },
  layers: [
    conv({ channels: 64, kernel: 7, stride: 2 }),
    pool({ channels: 64, kernel: 3, stride: 2 }),
    ...resnetBlocks(),
    pool({ channels: 512, kernel: 7 }),
    conv({ channels: 1000, kernel: 1 }),
  ],
};

/** @type {Readonly<Record<string, import("./workload.mjs").Workload>>} */
export const workloads = { dmcnnvd, fsrcnn, mccnn, mobilenetv1, resnet18 };
