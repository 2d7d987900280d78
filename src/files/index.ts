/** File formats as bytes: `.npy`, safetensors, half floats. Nothing here touches a disk. @module */
export { fromNpy, toNpy } from "./npy.ts";
export { decodeSafetensors, encodeSafetensors, type SafetensorsContents } from "./safetensors.ts";
export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half.ts";
