/// \file
/// The names of graft, for headers that only mention them.
#pragma once

#include <cstddef>

namespace graft {

namespace backend {
struct reference;
struct eigen_cpu;
struct xsimd_cpu;
template <class Of>
struct meta;
}  // namespace backend
using backend::eigen_cpu;
using backend::meta;
using backend::reference;
using backend::xsimd_cpu;

enum class Gradient : bool;
struct F32;
struct Bf16;
struct Int8;
struct Nf4;
struct Nf4DoubleQuant;
struct Q4_1;
struct Q8_0;
struct Trainable;
template <class B, std::size_t Columns, Gradient G, class E>
struct Var;
template <class B>
class Workspace;
template <class B>
class Tape;
template <class B>
class Inference;
template <std::size_t Rank, class... Options>
struct LoRA;
template <class... Ms>
struct Methods;
struct FullFineTuning;
struct BitFit;
struct CheckpointBlocks;
struct SmolLM2_135M;
struct AdamW;
class Tokenizer;
class ModelFiles;

}  // namespace graft
