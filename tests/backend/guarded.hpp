// A device, as far as a host can play one: its memory is out of reach but for its kernels, which are those of
// `reference`, and for explicit copies. It derives from nothing that has loops over memory.
#pragma once

#include <graft/backend/kernels.hpp>
#include <graft/backend/reference.hpp>

#include <map>

#include <sys/mman.h>

struct guarded : graft::backend::composed {
  static constexpr const char* name = "guarded";
  static constexpr bool executes = true;
  template <class T>
  using pointer = T*;

  inline static std::map<std::byte*, graft::Index> blocks;
  inline static int open = 0;

  static void protect(int access) {
    for (const auto& [data, bytes] : blocks) ::mprotect(data, bytes, access);
  }
  // Lives while a kernel or a copy runs.
  struct Opened {
    Opened() {
      if (open++ == 0) protect(PROT_READ | PROT_WRITE);
    }
    ~Opened() {
      if (--open == 0) protect(PROT_NONE);
    }
    Opened(const Opened&) = delete;
  };

  static std::byte* allocate(graft::Index bytes) {
    const graft::Index pages = (bytes + 4095) / 4096 * 4096;
    auto* const data = static_cast<std::byte*>(::mmap(nullptr, pages, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    blocks[data] = pages;
    return data;
  }
  static void release(std::byte* data, graft::Index) noexcept {
    ::munmap(data, blocks.at(data));
    blocks.erase(data);
  }
  static void upload(void* to, const void* from, graft::Index bytes) {
    const Opened now;
    std::memcpy(to, from, bytes);
  }
  static void download(void* to, const void* from, graft::Index bytes) {
    const Opened now;
    std::memcpy(to, from, bytes);
  }
  static void wait() {}
  template <class Use, class E>
  static E* scratch(graft::Index count) {
    static graft::Buffer<guarded> memory;
    if (memory.bytes() < count * sizeof(E)) memory = graft::Buffer<guarded>(count * sizeof(E));
    return memory.template as<E>();
  }
};

// Every kernel of the list: `reference`'s, with the memory open while it runs.
template <class First, class... Rest>
constexpr bool ends_guarded = ends_guarded<Rest...>;
template <class Last>
constexpr bool ends_guarded<Last> = std::is_same_v<Last, guarded>;
template <class A>
auto on_host(A given) {
  if constexpr (std::is_same_v<A, guarded>) return graft::reference{};
  else return given;
}
// clang-format off
#define KERNEL(name)                 \
  template <class... A>              \
  requires ends_guarded<A...>        \
  void name(A... given) {            \
    const guarded::Opened now;       \
    name(on_host(given)...);         \
  }
// kernels/attention.hpp
KERNEL(attention)
KERNEL(attention_inputs)
KERNEL(relative_attention)
KERNEL(relative_attention_inputs)
KERNEL(rotary_table)
KERNEL(rotary)
// kernels/losses.hpp
KERNEL(cross_entropy)
KERNEL(cross_entropy_input)
KERNEL(sum_up)
KERNEL(span_loss)
KERNEL(span_loss_input)
KERNEL(squared_error)
KERNEL(squared_error_input)
KERNEL(gram_error)
KERNEL(gram_error_input)
// kernels/norms.hpp
KERNEL(rms_norm)
KERNEL(rms_norm_input)
KERNEL(rms_norm_weight)
KERNEL(layer_norm)
KERNEL(layer_norm_input)
KERNEL(layer_norm_weight)
// kernels/pointwise.hpp
KERNEL(fill)
KERNEL(copy)
KERNEL(scale)
KERNEL(scale_by)
KERNEL(multiply)
KERNEL(pointwise)
KERNEL(pointwise_input)
KERNEL(silu)
KERNEL(silu_input)
KERNEL(gelu)
KERNEL(gelu_input)
KERNEL(gelu_tanh)
KERNEL(gelu_tanh_input)
#if !defined(WITHOUT_SWIGLU)
KERNEL(swiglu)
#endif
KERNEL(swiglu_inputs)
KERNEL(dropout)
// kernels/products.hpp
KERNEL(matmul)
KERNEL(matmul_input)
KERNEL(matmul_weight)
KERNEL(add_bias)
KERNEL(add_bias_weight)
KERNEL(member_product)
KERNEL(member_product_input)
KERNEL(member_product_weight)
KERNEL(keep_members)
KERNEL(members_side_by_side)
KERNEL(add_members_apart)
KERNEL(pack)
KERNEL(lookup_frozen)
KERNEL(matmul_frozen)
KERNEL(matmul_frozen_input)
// kernels/rows.hpp
KERNEL(gather)
KERNEL(place_rows)
KERNEL(scatter_add)
KERNEL(spread_rows)
KERNEL(gather_spread)
KERNEL(copy_columns)
KERNEL(permute_columns)
KERNEL(unpermute_columns)
KERNEL(rows_behind)
KERNEL(rows_behind_prefix)
KERNEL(scale_columns)
KERNEL(scale_columns_weight)
KERNEL(fold)
KERNEL(unfold)
KERNEL(split_ids)
KERNEL(rename_ids)
KERNEL(count_up)
KERNEL(largest_of_rows)
KERNEL(edge_mask)
KERNEL(place_entries)
KERNEL(gather_entries)
KERNEL(gather_columns)
KERNEL(scatter_add_columns)
KERNEL(replace_columns)
KERNEL(take_columns)
KERNEL(gather_from)
KERNEL(scatter_add_from)
KERNEL(inverse_row_norms)
// kernels/updates.hpp
KERNEL(add_squares)
KERNEL(all_finite)
KERNEL(clip_scales)
KERNEL(adamw)
KERNEL(adamw8bit)
KERNEL(precondition_rows)
// kernels/weights.hpp
KERNEL(multiply_blocks)
KERNEL(multiply_blocks_weight)
KERNEL(reflect)
KERNEL(reflect_weight)
KERNEL(skew)
KERNEL(skew_input)
KERNEL(skew_part)
KERNEL(unit_diagonals)
KERNEL(unit_lower)
KERNEL(unit_lower_input)
KERNEL(signed_identity)
KERNEL(inverse_of_sum)
KERNEL(inverse_of_sum_input)
KERNEL(product_of_blocks)
KERNEL(kronecker)
KERNEL(kronecker_left)
KERNEL(kronecker_right)
KERNEL(scaled_bases)
KERNEL(scaled_bases_inputs)
KERNEL(spectrum)
KERNEL(spectrum_input)
KERNEL(fourier_matrix)
KERNEL(lstm)
KERNEL(lstm_inputs)
// clang-format on
#undef KERNEL

template <class S>
constexpr graft::Index packed_bytes(graft::Index out, graft::Index in, S storage, guarded) {
  return packed_bytes(out, in, storage, graft::reference{});
}
template <class S>
constexpr graft::Index row_alignment(S, guarded) {
  return 0;  // what a host or a file has is not where kernels read
}
