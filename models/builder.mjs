/**
 * Builds ONNX models whose weights have a shape but no payload: every weight is a `ConstantOfShape` node over a tiny shape
 * initializer. Such a file is a few kilobytes, passes the checker, and runs. Nothing here depends on time, place or iteration
 * order of a hash, so the same network gives the same bytes.
 */
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

const IR_VERSION = 8;
const OPSET_VERSION = 13;

/**
 * A feature map in the graph under construction; extents in elements, `N C H W` (`N C` behind a flatten).
 * @typedef {{ readonly name: string, readonly dims: readonly number[] }} Value
 *
 * A square window, the same along both axes. `pad` is the border in elements on each side, or `same` for `auto_pad=SAME_UPPER`.
 * @typedef {{ kernel: number, stride?: number, pad?: number | "same" }} Window
 *
 * @typedef {Window & { channels: number, groups?: number, bias?: boolean }} Convolution
 */

/** One graph, grown node by node; every method but the last two adds an operator and returns the feature map that it makes. */
export class GraphBuilder {
  /** @type {import("onnx-proto").onnx.INodeProto[]} */
  #nodes = [];
  /** @type {Map<string, import("onnx-proto").onnx.ITensorProto>} */
  #initializers = new Map();
  /** @type {import("onnx-proto").onnx.IValueInfoProto[]} */
  #inputs = [];
  #name;

  /** @param {string} name - of the graph */
  constructor(name) {
    this.#name = name;
  }

  /**
   * @param {string} name
   * @param {readonly number[]} dims
   * @returns {Value}
   */
  input(name, dims) {
    this.#inputs.push(valueInfo({ name, dims }));
    return { name, dims };
  }

  /**
   * Convolution whose weights average their window: a constant map stays constant, so a runtime's answer can be foretold.
   * @param {string} name
   * @param {Value} x
   * @param {Convolution} options
   */
  conv(name, x, { channels, groups = 1, bias = false, ...window }) {
    const [batch, depth, height, width] = featureMap(x);
    const fanIn = depth / groups;
    const inputs = [x.name, this.#weight(`${name}.weight`, [channels, fanIn, window.kernel, window.kernel])];
    if (bias) inputs.push(this.#constant(`${name}.bias`, [channels], 0));
    const attributes = [...(groups === 1 ? [] : [intAttribute("group", groups)]), ...windowAttributes(window)];
    const dims = [batch, channels, outputExtent(height, window), outputExtent(width, window)];
    return this.#node("Conv", name, inputs, dims, attributes);
  }

  /**
   * @param {string} name
   * @param {Value} x
   */
  batchNorm(name, x) {
    const channels = [featureMap(x)[1]];
    const scale = this.#constant(`${name}.scale`, channels, 1);
    const bias = this.#constant(`${name}.bias`, channels, 0);
    const mean = this.#constant(`${name}.mean`, channels, 0);
    const variance = this.#constant(`${name}.variance`, channels, 1);
    return this.#node("BatchNormalization", name, [x.name, scale, bias, mean, variance], x.dims);
  }

  /**
   * @param {string} name
   * @param {Value} x
   */
  relu(name, x) {
    return this.#node("Relu", name, [x.name], x.dims);
  }

  /**
   * Relu that saturates at six.
   * @param {string} name
   * @param {Value} x
   */
  relu6(name, x) {
    const bounds = [this.#scalar("zero", 0), this.#scalar("six", 6)];
    return this.#node("Clip", name, [x.name, ...bounds], x.dims);
  }

  /**
   * Parametric Relu with one slope per channel.
   * @param {string} name
   * @param {Value} x
   */
  prelu(name, x) {
    const slope = this.#constant(`${name}.slope`, [featureMap(x)[1], 1, 1], 0.25);
    return this.#node("PRelu", name, [x.name, slope], x.dims);
  }

  /**
   * @param {string} name
   * @param {Value} x
   * @param {Value} y
   */
  add(name, x, y) {
    if (x.dims.join() !== y.dims.join()) throw new RangeError(`${name}: cannot add ${x.dims} and ${y.dims}`);
    return this.#node("Add", name, [x.name, y.name], x.dims);
  }

  /**
   * @param {string} name
   * @param {Value} x
   * @param {Window} window
   */
  maxPool(name, x, window) {
    const [batch, channels, height, width] = featureMap(x);
    const dims = [batch, channels, outputExtent(height, window), outputExtent(width, window)];
    return this.#node("MaxPool", name, [x.name], dims, windowAttributes(window));
  }

  /**
   * @param {string} name
   * @param {Value} x
   */
  globalAveragePool(name, x) {
    const [batch, channels] = featureMap(x);
    return this.#node("GlobalAveragePool", name, [x.name], [batch, channels, 1, 1]);
  }

  /**
   * @param {string} name
   * @param {Value} x
   */
  flatten(name, x) {
    const [batch, ...rest] = featureMap(x);
    return this.#node("Flatten", name, [x.name], [batch, product(rest)], [intAttribute("axis", 1)]);
  }

  /**
   * Fully connected layer with bias on a flattened map.
   * @param {string} name
   * @param {Value} x
   * @param {number} channels - of the output
   */
  gemm(name, x, channels) {
    const [batch = 0, depth = 0] = x.dims;
    const weight = this.#weight(`${name}.weight`, [channels, depth]);
    const bias = this.#constant(`${name}.bias`, [channels], 0);
    return this.#node("Gemm", name, [x.name, weight, bias], [batch, channels], [intAttribute("transB", 1)]);
  }

  /**
   * The finished model.
   * @param {Value} output - what the graph returns
   * @returns {Uint8Array} an ONNX file
   */
  build(output) {
    const graph = {
      name: this.#name,
      node: this.#nodes,
      initializer: [...this.#initializers.values()],
      input: this.#inputs,
      output: [valueInfo(output)],
    };
    const opsetImport = [{ domain: "", version: OPSET_VERSION }];
    return onnx.ModelProto.encode({ irVersion: IR_VERSION, producerName: "kerf", graph, opsetImport }).finish();
  }

  /**
   * @param {string} opType
   * @param {string} name - of the node and of the value that it makes
   * @param {string[]} input
   * @param {readonly number[]} dims - of its output
   * @param {import("onnx-proto").onnx.IAttributeProto[]} attribute
   * @returns {Value}
   */
  #node(opType, name, input, dims, attribute = []) {
    this.#nodes.push({ opType, name, input, output: [name], attribute });
    return { name, dims };
  }

  /**
   * @param {string} name
   * @param {readonly number[]} dims - output channels first
   */
  #weight(name, dims) {
    return this.#constant(name, dims, 1 / product(dims.slice(1)));
  }

  /**
   * @param {string} name
   * @param {readonly number[]} dims
   * @param {number} value - of every element
   */
  #constant(name, dims, value) {
    const t = { dims: [1], dataType: DataType.FLOAT, rawData: floatBytes(value) };
    const attribute = [{ name: "value", type: AttributeType.TENSOR, t }];
    return this.#node("ConstantOfShape", name, [this.#shape(dims)], dims, attribute).name;
  }

  /**
   * Shape initializer, shared by all constants of that shape.
   * @param {readonly number[]} dims
   */
  #shape(dims) {
    const name = `shape.${dims.join("x")}`;
    this.#initializers.set(name, { name, dims: [dims.length], dataType: DataType.INT64, int64Data: [...dims] });
    return name;
  }

  /**
   * @param {string} name
   * @param {number} value
   */
  #scalar(name, value) {
    this.#initializers.set(name, { name, dims: [], dataType: DataType.FLOAT, rawData: floatBytes(value) });
    return name;
  }
}

/**
 * Extent of a windowed operator's output along one axis; ONNX rounds down.
 * @param {number} extent - of the input
 * @param {Window} window
 */
function outputExtent(extent, { kernel, stride = 1, pad = 0 }) {
  if (pad === "same") return Math.ceil(extent / stride);
  return Math.floor((extent + 2 * pad - kernel) / stride) + 1;
}

/** @param {Window} window */
function windowAttributes({ kernel, stride = 1, pad = 0 }) {
  const border =
    pad === "same" ? stringAttribute("auto_pad", "SAME_UPPER") : intsAttribute("pads", [pad, pad, pad, pad]);
  return [intsAttribute("kernel_shape", [kernel, kernel]), intsAttribute("strides", [stride, stride]), border];
}

/**
 * @param {Value} value
 * @returns {readonly [number, number, number, number]}
 */
function featureMap({ name, dims }) {
  const [batch, channels, height, width] = dims;
  if (batch === undefined || channels === undefined || height === undefined || width === undefined)
    throw new RangeError(`'${name}' is no feature map: it has the dims ${dims}`);
  return [batch, channels, height, width];
}

/** @param {Value} value */
function valueInfo({ name, dims }) {
  const shape = { dim: dims.map((dimValue) => ({ dimValue })) };
  return { name, type: { tensorType: { elemType: DataType.FLOAT, shape } } };
}

/**
 * @param {string} name
 * @param {number} i
 */
const intAttribute = (name, i) => ({ name, type: AttributeType.INT, i });

/**
 * @param {string} name
 * @param {number[]} ints
 */
const intsAttribute = (name, ints) => ({ name, type: AttributeType.INTS, ints });

/**
 * @param {string} name
 * @param {string} text
 */
const stringAttribute = (name, text) => ({ name, type: AttributeType.STRING, s: new TextEncoder().encode(text) });

/**
 * Little-endian on every machine, as ONNX stores raw data.
 * @param {number} value
 */
function floatBytes(value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return bytes;
}

/** @param {readonly number[]} factors */
const product = (factors) => factors.reduce((result, factor) => result * factor, 1);
