// 12. A family of your own: blocks whose attention and feed-forward layers read one norm side by side, and add up
// (Chowdhery et al. 2022), which graft does not have.
// You will learn: that a family is its block, the names of its layers, and one description of its files; heads,
// methods, plans, trainers and adapters come with it.
// Read first: 05.   Run: 12_your_own_family
//     It trains a method on the family, and holds the description of its files against its type.
#include <graft/checkpoints/base/config_json.hpp>
#include <graft/checkpoints/base/config_struct.hpp>
#include <graft/checkpoints/base/module_list.hpp>
#include <graft/graft.hpp>
#include <graft/models/parts/family_defaults.hpp>

#include <cstdio>

using namespace graft;

// What a config of the family need not say.
struct ParallelDefaults : StackDefaults {
  static constexpr Index positions = 64;
  static constexpr bool tied_head = true;
};

// The block's layers as method M leaves them at block number I.
template <StackConfig C, Method M, class B, Storage S, Index I>
struct ParallelSites {
  template <Site Where, class L>
  using at = site_t<M, Place<Where, static_cast<std::ptrdiff_t>(I), C::blocks, S>, L>;

  using input_norm = at<InputNorm, LayerNorm<B, C::width>>;
  using query = at<Query, Linear<B, C::width, C::width>>;
  using key = at<Key, Linear<B, C::width, C::width>>;
  using value = at<Value, Linear<B, C::width, C::width>>;
  using output = at<Output, Linear<B, C::width, C::width>>;
  using up = at<Up, Linear<B, C::width, C::feed_forward>>;
  using down = at<Down, Linear<B, C::feed_forward, C::width>>;
  using all = SiteList<input_norm, query, key, value, output, up, down>;
};

// y = x + Output(attention(Query(n), Key(n), Value(n))) + Down(gelu(Up(n))),   n = InputNorm(x)
template <StackConfig C, Method M, class B, Storage S, Index I>
class ParallelBlock {
  using Sites = ParallelSites<C, M, B, S, I>;

 public:
  using backend = B;

  typename Sites::input_norm input_norm{C::norm_epsilon, {}, {}};
  typename Sites::query query;
  typename Sites::key key;
  typename Sites::value value;
  typename Sites::output output;
  typename Sites::up up;
  typename Sites::down down;

  template <class T, Gradient G, class Context>
  constexpr auto operator()(T& tape, Var<B, C::width, G> x, const Context& context, Index number,
                            Rows<B> rows = {}) const {
    using E = typename Context::element;
    const auto n = normed<E>(tape, input_norm, x);  // one product reads it for all four
    const auto [q, new_k, new_v, u] = apply(tape, n, context.how, query, key, value, up);
    const auto [k, v] = context.seen.visible(tape, number, new_k, new_v);
    const auto a = attention<C::heads, C::groups>(tape, q, k, v, context.seen.sequences);
    const auto seen = rows(tape, a), fed = rows(tape, gelu_tanh(tape, u));
    const auto h = apply_onto(tape, rows(tape, x), Given{seen}, context.how, output);
    return apply_onto(tape, h, Given{fed}, context.how, down);
  }

  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f, const Path& path) {
    f(InputNorm{}, Path{&path, "norm"}, self.input_norm);
    f(Query{}, Path{&path, "q"}, self.query);
    f(Key{}, Path{&path, "k"}, self.key);
    f(Value{}, Path{&path, "v"}, self.value);
    f(Output{}, Path{&path, "o"}, self.output);
    f(Up{}, Path{&path, "up"}, self.up);
    f(Down{}, Path{&path, "down"}, self.down);
  }
};

// What the family's blocks are, how its tokens know where they stand, and the names of all.
struct ParallelFamily : FamilyDefaults {
  static constexpr bool causal = true;
  template <class C>
  static constexpr const char* model_type = "parallel";
  static constexpr const char *root = "model", *token_embedding = "tokens", *position_embedding = "positions",
                              *blocks = "blocks", *final_norm = "norm", *head = "lm_head", *text_head = "score",
                              *token_head = "score";
  template <class C, class M, class B, class S, Index I>
  using Sites = typename ParallelSites<C, M, B, S, I>::all;
  template <class C, class M, class B, class S, Index I>
  using Block = ParallelBlock<C, M, B, S, I>;
  template <class B, class C>
  using Norm = LayerNorm<B, C::width>;
  template <class C, class T>
  static constexpr PositionsInEmbedding positions_of(T&, const PlacedBatch<typename T::backend>&) {
    return {};
  }
};
template <StackConfig C, Method M, class B, class... Policies>
using Parallel = CausalLM<ParallelFamily, C, M, B, Policies...>;

// Its files: what config.json says, and the modules that adapters' configs name.
static void read_parallel(ConfigJson& config) {
  StatedConfig& c = config.stated();
  c.vocabulary = config.size("vocab_size"), c.width = config.size("hidden_size"), c.blocks = config.size("num_layers");
  c.heads = c.groups = config.size("num_heads");
  c.feed_forward = config.option("intermediate_size", 4 * c.width);
  c.positions = config.option<Index>("max_positions", 64);
  config.expect("hidden_act", "gelu_new");
}
static void list_parallel_modules(ModuleList& all) {
  const StatedConfig& c = all.config();
  all.embedding("model.tokens", "TokenEmbedding", c.vocabulary);
  all.embedding("model.positions", "PositionEmbedding", c.positions);
  for (Index b = 0; b < c.blocks; ++b) {
    const auto block = static_cast<std::ptrdiff_t>(b);
    const std::string at = "model.blocks." + std::to_string(b) + ".";
    all.norm(at + "norm", "InputNorm", block, true);
    for (const auto& [name, site] : {std::pair{"q", "Query"}, {"k", "Key"}, {"v", "Value"}, {"o", "Output"}})
      all.linear(at + name, site, block, c.width, c.width, false);
    all.linear(at + "up", "Up", block, c.feed_forward, c.width, false);
    all.linear(at + "down", "Down", block, c.width, c.feed_forward, false);
  }
  all.norm("model.norm", "FinalNorm", -1, true);
  all.decoder_head("score");
}
constexpr FamilyDescription parallel{
    .name = "parallel",
    .type = "Parallel",
    .header = "parallel",
    .in_python = "Parallel",
    .read = read_parallel,
    .write = [](ConfigStruct& out, const StatedConfig& c) { out.sizes({{"positions", c.positions}}); },
    .list_modules = list_parallel_modules,
    .embedding = "model.tokens",
    .ties_head = true};

struct Tiny : ParallelDefaults {
  static constexpr Index vocabulary = 64, width = 32, blocks = 2, heads = 4, groups = 4, head_width = 8,
                         feed_forward = 64;
};

int main() {
  using Model = Parallel<Tiny, LoRA<4, On<Query, Value, Up>>, Cpu>;
  Model model;
  model.initialize({.key = {1, 0}, .deviation = 0.3F});
  Trainer trainer(model, AdamW{.learning_rate = 5e-2F});
  Batch batch;
  batch.append({1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4, 5, 6, 7});
  const double first = trainer.step(batch).loss;
  for (int i = 0; i < 60; ++i) trainer.step(batch);
  std::printf("%zu of %zu parameters trained, the loss falls: %s\n", Model::trainable_parameters, Model::parameters,
              trainer.step(batch).loss < 0.5 * first ? "yes" : "no");

  const Json json = {{"vocab_size", 64}, {"hidden_size", 32}, {"num_layers", 2}, {"num_heads", 4}};
  ConfigJson config(json, "config.json");
  parallel.read(config);
  config.stated().architecture = "ParallelForCausalLM";
  ModuleList list(config.stated());
  parallel.list_modules(list);
  Index found = 0, sites = 0;
  const auto modules = std::move(list).list();
  Model::each_site(model, [&]<class L>(auto site, const Path& path, const L&) {
    if constexpr (!is_absent<L>) {
      ++sites;
      for (const auto& m : modules) found += m.path == path.str() && m.site == decltype(site)::site ? 1 : 0;
    }
  });
  std::printf("%zu layers, %zu of them described for files\n", sites, found);
}
