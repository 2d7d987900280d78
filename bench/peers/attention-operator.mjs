// The runtime's fused operator alone, in a graph of one node, on the layout that it wants: (B, S, H * D). Usage: THREADS
//
// The session has the settings of heed's own. Padding is left away: rows of a batch run one by one at their true lengths.

import { createRequire } from "node:module";
import { create, toBinary } from "@bufbuild/protobuf";
import { AttributeProto_AttributeType, ModelProtoSchema, TensorProto_DataType } from "onnx-buf";
import { answerAttention } from "./attention-peer.mjs";

process.env.ORT_DISABLE_TELEMETRY ??= "1";
const ort = createRequire(import.meta.url)("onnxruntime-node");
const threads = Number(process.argv[2]);

/** Name and type of an input or output; axes that are not numbers are names. */
function valueInfo(name, elemType, dims) {
  const dim = dims.map((n) => ({
    value: typeof n === "number" ? { case: "dimValue", value: BigInt(n) } : { case: "dimParam", value: n },
  }));
  return { name, type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } } };
}

function modelOf({ H, D, causal }) {
  const { FLOAT, INT32 } = TensorProto_DataType;
  const { INT, FLOAT: REAL } = AttributeProto_AttributeType;
  const int = (name, i) => ({ name, type: INT, i: BigInt(i) });
  const attribute = [int("num_heads", H), { name: "scale", type: REAL, f: 1 / Math.sqrt(D) }];
  const rows = (name) => valueInfo(name, FLOAT, ["B", "S", H * D]);
  const operands = ["query", "keys", "values"];
  const node = causal
    ? {
        opType: "GroupQueryAttention",
        input: [...operands, "", "", "last", "total"],
        output: ["context", "present_keys", "present_values"],
        attribute: [...attribute, int("kv_num_heads", H)],
      }
    : { opType: "MultiHeadAttention", input: operands, output: ["context"], attribute };
  const counts = causal ? [valueInfo("last", INT32, ["B"]), valueInfo("total", INT32, [])] : [];
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 10n,
      opsetImport: [
        { domain: "", version: 21n },
        { domain: "com.microsoft", version: 1n },
      ],
      graph: {
        name: "operator",
        node: [{ ...node, domain: "com.microsoft" }],
        input: [...operands.map(rows), ...counts],
        output: [rows("context")],
      },
    }),
  );
}

const version = createRequire(import.meta.url)("onnxruntime-node/package.json").version;

await answerAttention(
  async () => `the operator alone, onnxruntime ${version}, ${threads} threads`,
  async (problem, { query, keys, values }) => {
    const { pass, B, S, H, D, causal, lengths } = problem;
    if (pass === "backward") throw new Error("the runtime's operators have no gradient");
    const session = await ort.InferenceSession.create(modelOf(problem), {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      enableCpuMemArena: false,
      enableMemPattern: false,
      logSeverityLevel: 4,
      extra: { session: { "intra_op.allow_spinning": "0" } },
    });
    const runs = (lengths ?? [null]).map((length, b) => {
      const [from, dims] = length === null ? [0, [B, S, H * D]] : [b * S * H * D, [1, length, H * D]];
      const size = dims[0] * dims[1] * dims[2];
      const tensor = (x) => new ort.Tensor("float32", x.subarray(from, from + size), dims);
      const feeds = { query: tensor(query), keys: tensor(keys), values: tensor(values) };
      if (causal) {
        feeds.last = new ort.Tensor("int32", new Int32Array(dims[0]).fill(dims[1] - 1), [dims[0]]);
        feeds.total = new ort.Tensor("int32", Int32Array.of(dims[1]), []);
      }
      return { from, feeds };
    });
    return {
      run: async () => {
        const parts = [];
        for (const { feeds } of runs) parts.push(await session.run(feeds, ["context"]));
        return parts;
      },
      read: async (parts) => {
        const all = new Float32Array(B * S * H * D);
        parts.forEach(({ context }, i) => all.set(context.data, runs[i].from));
        return [all];
      },
      end: () => void session.release(),
    };
  },
);
