/** How many inputs operators of ONNX take at most, in any operator set: what stands behind them would be ignored. */

const BY_COUNT: readonly (readonly string[])[] = [
  [],
  [
    ["AveragePool", "Cast", "DepthToSpace", "Elu", "Flatten", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid"],
    ["Identity", "LRN", "LeakyRelu", "LogSoftmax", "LpPool", "MaxPool", "Relu", "Selu", "Shape", "Sigmoid", "Size"],
    ["Softmax", "Softplus", "SpaceToDepth", "Tanh", "Transpose"],
  ].flat(),
  ["Gather", "GatherElements", "GatherND", "MatMul", "PRelu", "Reshape", "Squeeze", "Unsqueeze"],
  ["Conv", "ConvTranspose", "Gemm", "InstanceNormalization", "LayerNormalization"],
  ["ConvInteger", "MatMulInteger"],
  ["BatchNormalization"],
  ["GRU", "RNN"],
  [],
  ["LSTM", "QLinearMatMul"],
  ["QLinearConv"],
];

const MOST: ReadonlyMap<string, number> = new Map(
  BY_COUNT.flatMap((opTypes, count) => opTypes.map((opType) => [opType, count] as const)),
);

/** `undefined` for operators that take any number, or of which that is not checked. */
export const mostInputs = (opType: string): number | undefined => MOST.get(opType);
