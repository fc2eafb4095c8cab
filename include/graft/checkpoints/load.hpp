/// \file
/// Fills a model from files. Every tensor is accounted for: missing, unexpected and misshapen ones are one error that
/// names them all, before anything is changed.
#pragma once

#include <graft/backend/meta.hpp>
#include <graft/checkpoints/files.hpp>
#include <graft/peft/method.hpp>

namespace graft {

/// Calls f(path, parameter) for the parameters that the base model brought, not for those a method added.
template <class L, class F>
constexpr void visit_base(L& layer, F&& f, const Path& path) {
  if constexpr (BaseLayer<std::remove_const_t<L>>) std::remove_const_t<L>::visit(layer, f, path);
  else if constexpr (requires { layer.base; }) visit_base(layer.base, f, path);
  else std::remove_const_t<L>::adapted::visit(layer, f, path);  // a layer that is its base, and more
}

/// Whether p(site, layer) holds for a layer of the type, which is asked about on `meta`, so that nothing is allocated.
template <class Model, class P>
constexpr bool any_layer(const P& p) {
  bool any = false;
  const typename Model::template on<planned_on<typename Model::backend>> model;
  std::remove_cvref_t<decltype(model)>::each_site(model, [&](auto site, const Path&, const auto& layer) { any = any || p(site, layer); });
  return any;
}

/// The shape a parameter has in files: vectors have one extent.
template <class P>
std::vector<Index> shape_in_files(const P&) {
  if constexpr (requires { P::extents; }) return {P::extents.begin(), P::extents.end()};
  else return P::rows == 1 ? std::vector<Index>{P::columns} : std::vector<Index>{P::rows, P::columns};
}

/// One member's part of a parameter (peft/bank.hpp): members lie one behind the other. Where there is one, the whole.
template <class Model, class P>
std::vector<Index> member_shape(const P& p) {
  auto shape = shape_in_files(p);
  if (Model::members > 1) shape[0] /= Model::members;
  return shape;
}
template <class Model, class P>
NamedTensor member_tensor(const std::string& name, const P& p, Index member) {
  const auto all = p.read();
  const auto part = std::span(all).subspan(member * all.size() / Model::members, all.size() / Model::members);
  return {name, member_shape<Model>(p), {part.begin(), part.end()}};
}
template <class Model, class P>
void assign_member(P& p, std::vector<float> values, Index member) {
  if constexpr (Model::members > 1) {
    auto all = p.read();
    std::copy(values.begin(), values.end(), all.begin() + static_cast<std::ptrdiff_t>(member * values.size()));
    values = std::move(all);
  }
  p.assign(values);
}
template <class Model>
void check_member(Index member, const char* what) {
  if (member >= Model::members) fail(what, ": there is no adapter ", member, "; the model has ", Model::members, " (counted from 0)");
}

/// "model.layers.0.mlp.up_proj.weight [1536, 576]"
inline std::string described(const std::string& name, const std::vector<Index>& shape) {
  std::string text = name + " [";
  for (Index i = 0; i < shape.size(); ++i) text += (i != 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

/// Gathers complaints and raises them as one error; long lists are cut.
class Complaints {
 public:
  void add(std::string complaint) {
    if (++count_ <= most) text_ += "\n  " + std::move(complaint);
  }
  /// A tensor that ought to have this shape. found: null if it is not there
  void expect(const StoredTensor* found, const std::string& name, const std::vector<Index>& wanted) {
    if (found == nullptr) add("missing: " + described(name, wanted));
    else if (found->shape != wanted) add(misshapen(name, *found, wanted));
  }
  static std::string misshapen(const std::string& name, const StoredTensor& found, const std::vector<Index>& wanted) {
    return "misshapen: " + described(name, found.shape) + ", the model has " + described("", wanted);
  }
  [[nodiscard]] bool any() const { return count_ > 0; }
  void raise_if_any(const std::string& source, const char* advice) const {
    if (count_ == 0) return;
    fail(source, " does not fit the model:", text_, count_ > most ? "\n  … and " + std::to_string(count_ - most) + " more" : "", "\n", advice);
  }

 private:
  static constexpr Index most = 20;
  std::string text_;
  Index count_ = 0;
};

/// Complains of every size that a file states otherwise than the config struct.
template <class C>
void check_config(const StatedConfig& stated, Complaints& complaints) {
  const auto same = [&complaints](const char* what, auto in_file, auto in_type) {
    const auto difference = static_cast<double>(in_file) - static_cast<double>(in_type);
    if (difference > 1e-6 * static_cast<double>(in_type) || -difference > 1e-6 * static_cast<double>(in_type))
      complaints.add(std::string(what) + ": " + std::to_string(in_file) + " in the file, " + std::to_string(in_type) + " in the type");
  };
  same("vocabulary", stated.vocabulary, C::vocabulary);
  same("width", stated.width, C::width);
  same("blocks", stated.blocks, C::blocks);
  same("query heads", stated.heads, C::heads);
  same("key/value heads", stated.groups, C::groups);
  same("head width", stated.head_width, C::head_width);
  same("feed-forward width", stated.feed_forward, C::feed_forward);
  if constexpr (requires { C::rope_base; }) {
    same("rotary base", stated.rope_base, C::rope_base);
    same("rotary factor", stated.rope_factor, C::rope_factor);
    same("rotary low frequency factor", stated.rope_low, C::rope_low);
    same("rotary high frequency factor", stated.rope_high, C::rope_high);
    same("original positions", stated.rope_original, C::rope_original);
    same("turned columns of a head", stated.rotary_width, C::rotary_width);
    same("beginning of the rotary ramp", stated.rope_ramp_begin, C::rope_ramp_begin);
    same("end of the rotary ramp", stated.rope_ramp_end, C::rope_ramp_end);
    same("rotary amplitude", stated.rope_amplitude, C::rope_amplitude);
    same("short rotary divisors", stated.rope_short.size(), C::rope_short.size());
    same("long rotary divisors", stated.rope_long.size(), C::rope_long.size());
    for (Index j = 0; j < std::min<Index>(stated.rope_short.size(), C::rope_short.size()); ++j) same("a short rotary divisor", stated.rope_short[j], C::rope_short[j]);
    for (Index j = 0; j < std::min<Index>(stated.rope_long.size(), C::rope_long.size()); ++j) same("a long rotary divisor", stated.rope_long[j], C::rope_long[j]);
    same("window", stated.window, C::window);
    same("blocks to one without a window", stated.full_every, C::full_every);
    same("blocks to one without rotary positions", stated.no_rope_every, C::no_rope_every);
    same("norms of heads (1: yes)", int{stated.head_norm}, int{C::head_norm});
  }
  if constexpr (requires { C::local_rope_base; }) {
    same("rotary base of windows", stated.local_rope_base, C::local_rope_base);
    same("scale of attention", stated.attention_scale, C::attention_scale);
    same("cap of attention's scores", stated.attention_cap, C::attention_cap);
    same("cap of logits", stated.logit_cap, C::logit_cap);
  }
  if constexpr (requires { C::positions; }) same("positions", stated.positions, C::positions);
  same("norm epsilon", stated.norm_epsilon, C::norm_epsilon);
  if constexpr (requires { C::scaled_head; }) same("scaled input of the head (1: yes)", int{stated.scaled_head}, int{C::scaled_head});
  if constexpr (requires { C::tied_head; }) same("tied head (1: yes)", int{stated.tied_head}, int{C::tied_head});
  if constexpr (requires { C::token_types; }) same("token types", stated.token_types, C::token_types);
  if constexpr (requires { C::encoder_blocks; }) {
    same("encoder blocks", stated.encoder_blocks, C::encoder_blocks);
    same("buckets of distances", stated.buckets, C::buckets);
    same("farthest distance", stated.farthest, C::farthest);
    same("gated feed-forward (1: yes)", int{stated.gated}, int{C::gated});
  }
  if constexpr (requires { C::qkv_bias; }) same("query/key/value bias (1: yes)", int{stated.qkv_bias}, int{C::qkv_bias});
}

/// Fills the base weights of `model`; what a method adds keeps its values, and so does a trained head of a classifier that the file
/// lacks, as one does that was trained for something else.
template <class Model>
void load_base(Model& model, const ModelFiles& files) {
  using C = typename Model::config;
  Complaints complaints;
  check_config<C>(files.config(), complaints);
  if constexpr (requires { Model::new_heads; })
    if (files.config().classes != C::classes && files.find(std::string(Model::head_name()) + ".weight") != nullptr)
      complaints.add("classes: " + std::to_string(files.config().classes) + " in the file, " + std::to_string(C::classes) + " in the type");
  constexpr bool tied = requires { requires C::tied_head; };
  std::set<std::string> used;
  // A head untied by a method starts from the embedding, as the file has no other.
  const auto name_in_file = [&files](const Path& path) {
    std::string name = path.str();
    return tied && name == "lm_head.weight" && files.find(name) == nullptr ? Model::embedding_name() : name;
  };
  const auto each = [&](auto&& f) {
    Model::each_site(model, [&]<class S>(S, const Path& path, auto& layer) {
      visit_base(layer, [&](const Path& at, auto& p) {
        const std::string name = name_in_file(at);
        constexpr bool may_be_new = requires { Model::new_heads; } && (std::is_same_v<S, Head> || std::is_same_v<S, Pooler>) && std::remove_cvref_t<decltype(p)>::trainable;
        if (!may_be_new || files.find(name) != nullptr) f(name, p);
      }, path);
    });
  };
  each([&](const std::string& name, auto& p) {
    used.insert(files.file_name(name));
    complaints.expect(files.find(name), files.file_name(name), shape_in_files(p));
  });
  const auto harmless = [](const std::string& name) {
    for (const char* buffer : {"rotary_emb.inv_freq", "coder.embed_tokens.weight", ".attn.bias", ".attn.masked_bias", "embeddings.position_ids"})
      if (name.ends_with(buffer)) return true;
    // Heads of models that the file was also made for.
    if constexpr (requires { Model::heads_elsewhere; })
      for (const char* head : Model::heads_elsewhere)
        if (name.starts_with(head)) return true;
    return name == "rope_freqs.weight" || (tied && name == "lm_head.weight");
  };
  for (const auto& [name, tensor] : files.tensors())
    if (!used.contains(name) && !harmless(name)) complaints.add("unexpected: " + described(name, tensor.shape));
  complaints.raise_if_any(files.path().string(), "Choose the architecture struct that matches the file (graft_add_model in CMake makes one from a config.json).");
  each([&](const std::string& name, auto& p) {
    using P = std::remove_cvref_t<decltype(p)>;
    if constexpr (FrozenParameter<P> && P::rows > 1 && file_type<typename P::storage> != ElementType::Other)
      if (files.find(name)->type == file_type<typename P::storage>) return p.assign_rows(files.read_bytes(name));  // as it is, not rounded anew
    p.assign(files.read(name));
  });
}

/// A model from a GGUF file or a Hugging Face folder; what the method adds is initialised from `seed`.
template <class Model>
Model load(const std::filesystem::path& path, std::uint64_t seed = 0) {
  const ModelFiles files(path);
  Model model;
  if constexpr (requires { Model::new_heads; }) {  // layers that the file may lack
    Initializer draw{.key = {seed, 2U << 20U}, .deviation = 0.02F};
    model.head.initialize(draw);
    model.pooler.initialize(draw);
  }
  load_base(model, files);
  model.initialize(Initializer{.key = {seed, 1U << 20U}, .base = false});
  return model;
}

}  // namespace graft
