/** The built-in models by file name; every function takes the size of the maps and returns an ONNX file. */
import { dmcnnVd } from "./networks/dmcnn-vd.mjs";
import { fsrcnn } from "./networks/fsrcnn.mjs";
import { mcCnn } from "./networks/mc-cnn.mjs";
import { mobilenetV1 } from "./networks/mobilenet-v1.mjs";
import { mobilenetV2 } from "./networks/mobilenet-v2.mjs";
import { resnet18 } from "./networks/resnet18.mjs";

/** @type {Readonly<Record<string, () => Uint8Array>>} */
export const models = {
  "dmcnn-vd": dmcnnVd,
  fsrcnn,
  "fsrcnn-valid": () => fsrcnn({ padded: false }),
  "mc-cnn": mcCnn,
  "mobilenet-v1": mobilenetV1,
  "mobilenet-v2": mobilenetV2,
  resnet18,
};
