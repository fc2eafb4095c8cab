/// \file
/// Fills a model from files. Every tensor is accounted for: missing, unexpected and misshapen ones are one error that
/// names them all, before anything is changed.
#pragma once

#include <graft/checkpoints/base/files.hpp>
#include <graft/models/parts/shared_base.hpp>

#include <functional>

namespace graft {

/// The shape a parameter has in files: vectors have one extent.
template <class P>
std::vector<Index> shape_in_files(const P&) {
  return {P::extents.begin(), P::extents.end()};
}

/// One member's part of a parameter (peft/low_rank/bank.hpp): members lie one behind the other. Where there is one, the
/// whole.
template <class Model, class P>
std::vector<Index> member_shape(const P& p) {
  auto shape = shape_in_files(p);
  shape[0] /= P::members;
  return shape;
}
/// One member's share of a parameter, under this name.
template <class Model, class P>
NamedTensor member_tensor(const std::string& name, const P& p, Index member) {
  const auto all = p.read();
  constexpr Index size = P::size / P::members;
  const auto part = std::span(all).subspan(P::members == 1 ? 0 : member * size, size);
  return {name, member_shape<Model>(p), {part.begin(), part.end()}};
}
/// Gives one member's share of a parameter these values.
template <class Model, class P>
void assign_member(P& p, std::vector<float> values, Index member) {
  if constexpr (P::members > 1) {
    auto all = p.read();
    std::copy(values.begin(), values.end(), all.begin() + static_cast<std::ptrdiff_t>(member * values.size()));
    values = std::move(all);
  }
  p.assign(values);
}
/// \throws Error where there is no such member.
template <class Model>
void check_member(Index member, const char* what) {
  if (member >= Model::members)
    fail(what, ": there is no adapter ", member, "; the model has ", Model::members, " (counted from 0)");
}

/// Gathers complaints and raises them as one error; long lists are cut.
class Complaints {
 public:
  /// One more.
  void add(std::string complaint) {
    if (++count_ <= most) text_ += "\n  " + std::move(complaint);
  }
  /// A tensor that ought to have this shape. found: null if it is not there
  void expect(const StoredTensor* found, const std::string& name, const std::vector<Index>& wanted) {
    if (found == nullptr) add("missing: " + described(name, wanted));
    else if (found->shape != wanted) add(misshapen(name, *found, wanted));
    else if (found->type == ElementType::Other)
      add("unreadable: " + name + " has elements of type " + found->type_name.substr(0, 40));
  }
  /// The complaint about a tensor of other extents than wanted.
  static std::string misshapen(const std::string& name, const StoredTensor& found, const std::vector<Index>& wanted) {
    return "misshapen: " + described(name, found.shape) + ", the model has " + described("", wanted);
  }
  /// Whether there are any.
  [[nodiscard]] bool any() const { return count_ > 0; }
  /// \throws Error that lists the first of them, if there are any.
  void raise_if_any(const std::string& source, const char* advice) const {
    if (count_ == 0) return;
    fail(source, " does not fit the model:", text_,
         count_ > most ? "\n  … and " + std::to_string(count_ - most) + " more" : "", "\n", advice);
  }

 private:
  static constexpr Index most = 20;
  std::string text_;
  Index count_ = 0;
};

/// What a type says of its models, as their files state it; `otherwise`: what a type of this family does not say.
template <class Model>
[[nodiscard]] StatedConfig stated_config_of(StatedConfig otherwise = {}) {
  using C = typename Model::config;
  StatedConfig c = std::move(otherwise);
  constexpr std::string_view task = Model::task_type;
  if (c.family.empty()) {
    c.family = Model::family::template model_type<C>;
    constexpr std::string_view names[] = {"CAUSAL_LM", "SEQ_2_SEQ_LM",      "SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS",
                                          "",          "FEATURE_EXTRACTION"};
    for (Index i = 0; i < std::size(names); ++i)
      if (task == names[i]) c.architecture = task_endings[i].second;
  }
  c.vocabulary = C::vocabulary, c.width = C::width, c.blocks = C::blocks, c.heads = C::heads, c.groups = C::groups,
  c.head_width = C::head_width, c.feed_forward = C::feed_forward, c.norm_epsilon = C::norm_epsilon;
  c.rope_base = C::rope_base, c.rope_factor = C::rope_factor, c.rope_low = C::rope_low, c.rope_high = C::rope_high,
  c.rope_original = C::rope_original, c.rotary_width = C::rotary_width, c.local_rope_base = C::local_rope_base;
  c.rope_ramp_begin = C::rope_ramp_begin, c.rope_ramp_end = C::rope_ramp_end, c.rope_amplitude = C::rope_amplitude;
  c.rope_short = {C::rope_short.begin(), C::rope_short.end()}, c.rope_long = {C::rope_long.begin(), C::rope_long.end()};
  c.window = C::window, c.full_every = C::full_every, c.no_rope_every = C::no_rope_every, c.head_norm = C::head_norm;
  c.attention_scale = C::attention_scale, c.attention_cap = C::attention_cap, c.logit_cap = C::logit_cap;
  c.positions = C::positions, c.token_types = C::token_types;
  c.tied_head = C::tied_head, c.scaled_head = C::scaled_head;
  if constexpr (Model::new_heads) c.classes = C::classes;
  c.encoder_blocks = C::encoder_blocks, c.buckets = C::buckets, c.farthest = C::farthest, c.gated = C::gated;
  c.qkv_bias = C::qkv_bias, c.output_bias = C::output_bias, c.mlp_bias = C::mlp_bias;
  return c;
}

/// Complains of every size that a file states otherwise than the type.
void check_config(const StatedConfig& in_file, const StatedConfig& in_type, Complaints& complaints);

/// What a model has otherwise than the base's files.
struct LoadOptions {
  bool resized_vocabulary = false;  ///< more tokens, for an adapter that brings all rows of the embedding and the head
  bool new_head = false;            ///< a head that begins anew: it tells apart other classes, though perhaps as many
  /// Frozen weights that the file has as the model reads them are views of it, not copies: opened in no time, and one
  /// memory for all programs that do so. The file must not be written while the model lives.
  bool mapped = false;
};

/// Fills a parameter from a tensor of the files. `mapped`: as a view of them, where they have it as the backend reads
/// it; `exact`: as it is quantised there, not rounded anew. Rows that the file lacks are zero.
template <class B, class P>
void read_parameter(P& p, const ModelFiles& files, const std::string& name, bool mapped, bool exact) {
  if constexpr (FrozenParameter<P>) {
    using S = typename P::storage;
    if constexpr (constexpr Index alignment = row_alignment(S{}, B{});
                  file_type<S> != ElementType::Other && alignment != 0)
      if (const auto* tensor = files.find(name);
          mapped && tensor->type == file_type<S> && reinterpret_cast<std::uintptr_t>(tensor->data) % alignment == 0)
        if (auto view = files.view(name, P::bytes()); !view.bytes.empty())
          return p.borrow(view.bytes, std::move(view.owner));
    if constexpr (P::rows > 1 && QuantizedStorage<S> && file_type<S> != ElementType::Other)
      if (exact && files.find(name)->type == file_type<S>) return p.assign_rows(files.read_bytes(name));
  }
  auto values = files.read(name);
  values.resize(P::size);
  p.assign(values);
}

/// Fills the base weights of `model`; what a method adds keeps its values, and so does a trained head of a classifier
/// that the file lacks, as one does that was trained for something else.
template <class Model>
void load_base(Model& model, const ModelFiles& files, const LoadOptions& options = {}) {
  using C = typename Model::config;
  using B = typename Model::backend;
  using Stored = typename Model::storage;
  if (options.mapped && (file_type<Stored> == ElementType::Other || row_alignment(Stored{}, B{}) == 0))
    fail("the backend ", B::name, " keeps weights of the storage ", Stored::name,
         " otherwise than files do: they can be loaded there, and not mapped");
  Complaints complaints;
  StatedConfig stated = files.config();
  const bool grown = options.resized_vocabulary && stated.vocabulary < C::vocabulary;
  if (grown) stated.vocabulary = C::vocabulary;
  check_config(stated, stated_config_of<Model>(stated), complaints);
  // A trained head of other classes begins anew.
  bool new_head = options.new_head;
  if constexpr (Model::new_heads) {
    const auto* const head = files.find(std::string(Model::head_name()) + ".weight");
    const bool other = head != nullptr && !head->shape.empty() && head->shape[0] != decltype(model.head)::out;
    if (other && !new_head && trainable_parameters(model.head) == 0)
      complaints.add("classes: " + std::to_string(head->shape[0]) + " in the file, " +
                     std::to_string(decltype(model.head)::out) + " in the type");
    new_head = new_head || other;
  }
  constexpr bool tied = C::tied_head;
  std::set<std::string> used;
  // A head untied by a method starts from the embedding, as the file has no other.
  const auto name_in_file = [&files](const Path& path) {
    std::string name = path.str();
    return tied && name == "lm_head.weight" && files.find(name) == nullptr ? Model::embedding_name() : name;
  };
  std::vector<std::function<void()>> reservations, readings;
  Model::each_site(model, [&]<class S>(S, const Path& path, auto& layer) {
    visit_base(
        layer,
        [&]<class P>(const Path& at, P& p) {
          const std::string name = name_in_file(at);
          constexpr bool may_be_new = Model::new_heads && (std::is_same_v<S, Head> || std::is_same_v<S, Pooler>);
          if (may_be_new && (P::trainable || options.new_head) &&
              (files.find(name) == nullptr || (new_head && std::is_same_v<S, Head>)))
            return;
          used.insert(files.file_name(name));
          auto shape = shape_in_files(p);
          if (grown && shape[0] == C::vocabulary) shape[0] = files.config().vocabulary;
          complaints.expect(files.find(name), files.file_name(name), shape);
          if constexpr (!P::trainable)
            if (!options.mapped) reservations.push_back([&p] { p.reserve(); });
          readings.push_back([&p, &files, name, mapped = options.mapped && !grown, exact = !grown] {
            read_parameter<B>(p, files, name, mapped, exact);
          });
        },
        path);
  });
  const auto harmless = [](const std::string& name) {
    for (const char* buffer : {"rotary_emb.inv_freq", "coder.embed_tokens.weight", ".attn.bias", ".attn.masked_bias",
                               "embeddings.position_ids"})
      if (name.ends_with(buffer)) return true;
    // Heads of models that the file was also made for.
    for (const char* head : Model::heads_elsewhere)
      for (const auto& begins : {std::string(head), Model::family::root + std::string(".") + head})
        if (name.starts_with(begins)) return true;
    return name == "rope_freqs.weight" || (tied && name == "lm_head.weight");
  };
  for (const auto& [name, tensor] : files.tensors())
    if (!used.contains(name) && !harmless(name)) complaints.add("unexpected: " + described(name, tensor.shape));
  complaints.raise_if_any(
      files.path().string(),
      "Choose the architecture struct that matches the file (graft_add_model in CMake makes one from a config.json).");
  for (const auto* steps : {&reservations, &readings})
    for (const auto& step : *steps) step();
}

/// A model from a GGUF file or a Hugging Face folder; what the method adds is initialised from `seed`.
/// \tparam Model   an architecture, a method, a backend and policies
/// \param path    the file or folder
/// \param seed    of what files do not hold
/// \param options whether weights stand in the mapped file
/// \throws Error  that lists every tensor that is missing, of another shape, or left over
template <class Model>
Model load(const std::filesystem::path& path, std::uint64_t seed = 0, const LoadOptions& options = {}) {
  static_assert(!Model::shares_base,
                "graft: a model with the policy SharedBase is made over a base that is loaded already: `Model "
                "model(base)`, base of the type Model::base");
  const ModelFiles files(path);
  Model model;
  if constexpr (Model::new_heads) {  // layers that the file may lack
    Initializer draw{.key = {seed, 2U << 20U}, .deviation = 0.02F};
    model.head.initialize(draw);
    if constexpr (Model::pools) model.pooler.initialize(draw);
  }
  load_base(model, files, options);
  initialize_method(model, seed);
  return model;
}

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE void check_config(const StatedConfig& in_file, const StatedConfig& in_type, Complaints& complaints) {
  const auto same = [&](const char* what, const auto& of) {
    const auto file = static_cast<double>(of(in_file)), type = static_cast<double>(of(in_type));
    if (std::abs(file - type) > 1e-6 * std::abs(type))
      complaints.add(std::string(what) + ": " + Json(file).dump() + " in the file, " + Json(type).dump() +
                     " in the type");
  };
  constexpr std::pair<const char*, Index StatedConfig::*> sizes[] = {
      {"vocabulary", &StatedConfig::vocabulary},
      {"width", &StatedConfig::width},
      {"blocks", &StatedConfig::blocks},
      {"query heads", &StatedConfig::heads},
      {"key/value heads", &StatedConfig::groups},
      {"head width", &StatedConfig::head_width},
      {"feed-forward width", &StatedConfig::feed_forward},
      {"positions", &StatedConfig::positions},
      {"token types", &StatedConfig::token_types},
      {"encoder blocks", &StatedConfig::encoder_blocks},
      {"buckets of distances", &StatedConfig::buckets},
      {"farthest distance", &StatedConfig::farthest},
      {"original positions", &StatedConfig::rope_original},
      {"turned columns of a head", &StatedConfig::rotary_width},
      {"window", &StatedConfig::window},
      {"blocks to one without a window", &StatedConfig::full_every},
      {"blocks to one without rotary positions", &StatedConfig::no_rope_every}};
  constexpr std::pair<const char*, double StatedConfig::*> numbers[] = {
      {"norm epsilon", &StatedConfig::norm_epsilon},
      {"rotary base", &StatedConfig::rope_base},
      {"rotary factor", &StatedConfig::rope_factor},
      {"rotary low frequency factor", &StatedConfig::rope_low},
      {"rotary high frequency factor", &StatedConfig::rope_high},
      {"beginning of the rotary ramp", &StatedConfig::rope_ramp_begin},
      {"end of the rotary ramp", &StatedConfig::rope_ramp_end},
      {"rotary amplitude", &StatedConfig::rope_amplitude},
      {"rotary base of windows", &StatedConfig::local_rope_base},
      {"scale of attention", &StatedConfig::attention_scale},
      {"cap of attention's scores", &StatedConfig::attention_cap},
      {"cap of logits", &StatedConfig::logit_cap}};
  constexpr std::pair<const char*, bool StatedConfig::*> flags[] = {
      {"norms of heads (1: yes)", &StatedConfig::head_norm},
      {"scaled input of the head (1: yes)", &StatedConfig::scaled_head},
      {"tied head (1: yes)", &StatedConfig::tied_head},
      {"gated feed-forward (1: yes)", &StatedConfig::gated},
      {"query/key/value bias (1: yes)", &StatedConfig::qkv_bias}};
  for (const auto& [what, member] : sizes) same(what, [m = member](const auto& c) { return c.*m; });
  for (const auto& [what, member] : numbers) same(what, [m = member](const auto& c) { return c.*m; });
  for (const auto& [what, member] : flags) same(what, [m = member](const auto& c) { return c.*m; });
  for (const auto& [what, member] : {std::pair{"short rotary divisor", &StatedConfig::rope_short},
                                     {"long rotary divisor", &StatedConfig::rope_long}}) {
    same((std::string(what) + "s").c_str(), [m = member](const auto& c) { return (c.*m).size(); });
    for (Index j = 0; j < std::min((in_file.*member).size(), (in_type.*member).size()); ++j)
      same(what, [m = member, j](const auto& c) { return (c.*m)[j]; });
  }
}
#endif

}  // namespace graft
