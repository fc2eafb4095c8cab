/// \file
/// What a type of model is made of: for every kind of block each site with its layer, what it trains, what it saves for the backward pass and
/// where gradient flows. From the type alone: nothing is loaded or run.
#pragma once

#include <graft/backend/meta.hpp>
#include <graft/core/type_name.hpp>
#include <graft/io/json.hpp>
#include <graft/layers/absent.hpp>
#include <graft/layers/apply.hpp>
#include <graft/models/policies.hpp>
#include <graft/peft/adapter.hpp>
#include <graft/plan/site_map.hpp>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace graft {

/// One site of a kind of block.
struct SiteExplanation {
  std::string site, path, layer{};
  Index frozen = 0, trainable = 0;  ///< parameters
  double saved = 0;                 ///< bytes a token beside what the layer yields; 0 where nothing is recorded
  bool reads_gradient = false;      ///< gradient flows back into what it reads
  bool yields_gradient = false;     ///< gradient arrives at what it yields
};

/// Blocks of one type, or (count 0) what stands outside blocks.
struct BlockExplanation {
  Index first = 0, count = 0;
  bool first_reads_constants = false;  ///< gradient stops in the first of them, where nothing below is trained
  std::vector<SiteExplanation> sites{};
};

struct Explanation {
  std::string method, memory_policy;
  Index parameters = 0, trainable = 0;
  std::vector<BlockExplanation> kinds{};

  [[nodiscard]] std::string text() const;
  [[nodiscard]] Json json() const;
  [[nodiscard]] std::string html() const;
};

namespace explaining {

/// A layer of the base with a weight; others are a bias alone.
template <class L>
concept HasWeight = requires(L& l) { l.weight; };

/// "Frozen<Linear<576, 192>, Bf16>", "LoRA<8> on …": a layer in words of its method.
template <class L>
std::string name_of() {
  if constexpr (is_absent<L>) {
    return "nothing";
  } else if constexpr (!BaseLayer<L>) {
    const std::string under = name_of<typename L::adapted>();
    return type_name<method_of<L>>() + (under == "nothing" ? "" : " over " + under);
  } else if constexpr (is_tied<L>) {
    return "the token embedding";
  } else if constexpr (HasWeight<L>) {
    using W = std::remove_cvref_t<decltype(std::declval<L&>().weight)>;
    const std::string size = W::rows == 1 ? std::to_string(W::columns) : std::to_string(W::columns) + " → " + std::to_string(W::rows);
    if constexpr (W::trainable) return "trained " + size;
    else return "frozen " + size + ", " + type_name<typename W::storage>();
  } else {
    return type_name<L>();
  }
}

/// Stands for what a block is about to add, to a layer that is asked about alone.
template <class H>
struct Stand {
  H h;
  InputRows<typename H::backend> how{};
  template <class T>
  constexpr H alone(T&) const {
    return h;
  }
  template <class T, class R>
  constexpr auto onto(T& tape, R residual) const {
    return add(tape, residual, h);
  }
  template <class T, class X>
  constexpr X normed(T&, X sum) const {
    return sum;
  }
};

/// Bytes a token that a layer keeps on a recording tape beside its result; its input's gradient is wanted.
template <class Site, class E, Index Width, class Model, class L>
double saved_bytes(const L& layer, const Model& model) {
  using B = typename L::backend;
  constexpr Index rows = 256;
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const auto kept = [&](Index before, auto y) {
    using Y = decltype(y);
    const double all = static_cast<double>(tape.mark().used - before), result = static_cast<double>(y.rows * Y::columns * sizeof(typename Y::element));
    return std::max(0.0, all - result) / static_cast<double>(rows);
  };
  const auto input = [&tape]<Index N, class X>(std::integral_constant<Index, N>, X) { return tape.track(tape.template value<N, X>(rows)); };
  if constexpr (LinearLayer<L> && !is_tied<L>) {
    const auto x = input(std::integral_constant<Index, L::in>{}, E{});
    const Index before = tape.mark().used;
    return kept(before, layer(tape, x));
  } else if constexpr (NormLayer<L>) {  // of the sum, or of heads
    const auto x = input(std::integral_constant<Index, decltype(layer.weight)::columns>{}, float{});
    const Index before = tape.mark().used;
    return kept(before, layer(tape, x));
  } else if constexpr (is_sublayer_site<Site>) {
    const auto x = input(std::integral_constant<Index, Width>{}, float{}), h = input(std::integral_constant<Index, Width>{}, float{});
    const Index before = tape.mark().used;
    return kept(before, layer.onto(tape, x, Stand<decltype(h)>{h}, model.shared));
  } else {
    return 0;
  }
}

}  // namespace explaining

template <class Model>
Explanation explain() {
  using Meta = typename Model::template on<planned_on<typename Model::backend>>;
  using C = typename Model::config;
  const Meta model;
  Explanation all{.method = type_name<typename Model::method>(), .memory_policy = Model::memory_policy, .parameters = Model::parameters, .trainable = Model::trainable_parameters};

  const auto describe = [&model]<class Site, class L>(Site, const Path& path, const L& layer) {
    SiteExplanation s{.site = Site::site, .path = path.str(), .layer = explaining::name_of<L>()};
    L::visit(layer, [&s]<class P>(const Path&, const P&) { (P::trainable ? s.trainable : s.frozen) += P::derived ? 0 : P::size; }, path);
    if constexpr (!std::is_same_v<Site, Head> && !std::is_same_v<Site, TokenEmbedding> && !std::is_same_v<Site, PositionEmbedding> && !std::is_same_v<Site, TokenTypeEmbedding>) s.saved = explaining::saved_bytes<Site, typename Meta::element, C::width>(layer, model);
    return s;
  };
  BlockExplanation outside;
  const auto of_block = [&describe](const auto& block, Index first, Index count) {
    BlockExplanation kind{.first = first, .count = count};
    std::remove_cvref_t<decltype(block)>::each_site(block, [&](auto site, const Path& path, const auto& layer) {
      if constexpr (!is_absent<std::remove_cvref_t<decltype(layer)>>) kind.sites.push_back(describe(site, path, layer));
    }, Path{});
    return kind;
  };
  const auto of_stack = [&](const auto& blocks) {
    std::apply([&](const auto&... run) { (all.kinds.push_back(of_block(run.blocks[0], run.first, run.count)), ...); }, blocks);
  };
  if constexpr (requires { model.encoder; }) of_stack(model.encoder);  // whose blocks are counted first
  of_stack(model.blocks);
  Meta::each_site(model, [&](auto site, const Path& path, const auto& layer) {
    if constexpr (!is_absent<std::remove_cvref_t<decltype(layer)>>)
      if (path.block() < 0) outside.sites.push_back(describe(site, path, layer));
  });

  // Gradient flows into what lies behind something trained; the order is that of the block's equations.
  constexpr bool encodes = requires { C::encoder_blocks; };
  bool source = false;  // whether gradient arrives at what the encoder yields
  const auto flow = [&source](BlockExplanation& kind, bool below, bool keys) {
    bool norm = below, queries = false, attended = false, sum = below, gated = false;
    for (auto& s : kind.sites) {
      const bool trains = s.trainable > 0;
      const auto pass = [&](bool reads, bool more = false) {
        s.reads_gradient = reads;
        return s.yields_gradient = reads || trains || more;
      };
      if (s.site == "CrossQuery" || s.site == "CrossKey" || s.site == "CrossValue") attended = pass(norm || (encodes && s.site != "CrossQuery" && source)) || attended;
      else if (s.site == "CrossOutput") { attended = pass(attended); sum = sum || attended; }
      else if (s.site == "InputNorm" || s.site == "CrossNorm" || s.site == "MlpNorm" || s.site == "FinalNorm") norm = pass(sum), sum = sum || (norm && !Model::family::norms_first);
      else if (s.site == "Query" || s.site == "Key" || s.site == "Value" || s.site == "QueryKeyValue") queries = pass(norm) || queries;
      else if (s.site == "QueryNorm" || s.site == "KeyNorm") queries = pass(queries) || queries;
      else if (s.site == "Attended") queries = pass(queries || keys) || queries;
      else if (s.site == "Output") { attended = pass(queries || keys); sum = sum || attended; }
      else if (s.site == "AttentionOutputNorm" || s.site == "MlpOutputNorm") sum = pass(sum) || sum;
      else if (s.site == "Gate" || s.site == "Up" || s.site == "GateUp") gated = pass(norm) || gated;
      else if (s.site == "Down") sum = pass(gated) || sum;
      else sum = pass(sum) || sum;
    }
    return sum;
  };
  bool keys = false, below = false;
  for (auto& s : outside.sites)
    if (s.site == "Shared" || s.site == "TokenEmbedding" || s.site == "PositionEmbedding" || s.site == "TokenTypeEmbedding" || s.site == "EmbeddingNorm") {
      s.reads_gradient = s.site == "EmbeddingNorm" && below;
      s.yields_gradient = s.reads_gradient || s.trainable > 0;
      keys = keys || (s.site == "Shared" && s.yields_gradient);
      below = below || (s.site != "Shared" && s.yields_gradient);
    }
  for (auto& kind : all.kinds) {
    if constexpr (encodes)
      if (kind.first == C::encoder_blocks) {  // the decoder begins at the embedding again
        source = below;
        below = std::any_of(outside.sites.begin(), outside.sites.end(), [](const auto& s) { return s.site == "TokenEmbedding" && s.yields_gradient; });
      }
    const bool constant = !below;
    below = flow(kind, below, keys) || below;
    if (constant && below && kind.count > 1) {  // the others read what the first yields
      kind.first_reads_constants = true;
      flow(kind, below, keys);
    }
  }
  for (auto& s : outside.sites)
    if (s.site == "FinalNorm" || s.site == "Pooler" || s.site == "Head") {
      s.reads_gradient = below;
      below = s.yields_gradient = below || s.trainable > 0;
    }
  all.kinds.insert(all.kinds.begin(), std::move(outside));
  for (auto& kind : all.kinds)
    for (auto& s : kind.sites)
      if (!s.yields_gradient) s.saved = 0;
  return all;
}

namespace explaining {

inline std::string title(const BlockExplanation& kind) {
  if (kind.count == 0) return "outside blocks";
  if (kind.count == 1) return "block " + std::to_string(kind.first);
  return "blocks " + std::to_string(kind.first) + " to " + std::to_string(kind.first + kind.count - 1) + (kind.first_reads_constants ? "; the first reads constants" : "");
}
inline const char* arrow(const SiteExplanation& s) { return s.reads_gradient && s.yields_gradient ? "through" : s.yields_gradient ? "to here" : "none"; }

}  // namespace explaining

inline std::string Explanation::text() const {
  std::string out = method + ": " + std::to_string(trainable) + " of " + std::to_string(parameters) + " parameters are trained; " + memory_policy + "\n";
  char line[400];
  for (const auto& kind : kinds) {
    out += "\n" + explaining::title(kind) + "\n";
    std::snprintf(line, sizeof line, "  %-15s %12s %12s %16s  %-9s %s\n", "site", "frozen", "trained", "saved, B/token", "gradient", "layer");
    out += line;
    for (const auto& s : kind.sites) {
      std::snprintf(line, sizeof line, "  %-15s %12zu %12zu %16.0f  %-9s %.300s\n", s.site.c_str(), s.frozen, s.trainable, s.saved, explaining::arrow(s), s.layer.c_str());
      out += line;
    }
  }
  return out;
}

inline Json Explanation::json() const {
  Json all = {{"method", method}, {"memory_policy", memory_policy}, {"parameters", parameters}, {"trainable_parameters", trainable}, {"kinds", Json::array()}};
  for (const auto& kind : kinds) {
    Json sites = Json::array();
    for (const auto& s : kind.sites)
      sites.push_back({{"site", s.site}, {"path", s.path}, {"layer", s.layer}, {"frozen", s.frozen}, {"trainable", s.trainable}, {"saved_bytes_per_token", s.saved},
                       {"reads_gradient", s.reads_gradient}, {"yields_gradient", s.yields_gradient}});
    all["kinds"].push_back({{"first", kind.first}, {"count", kind.count}, {"first_reads_constants", kind.first_reads_constants}, {"sites", std::move(sites)}});
  }
  return all;
}

/// One column for each kind of block, from the embedding down: trained layers are filled, an edge at the left says that gradient flows.
inline std::string Explanation::html() const {
  const auto escaped = [](const std::string& raw) {
    std::string text;
    for (const char c : raw) text += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    return text;
  };
  std::string out = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>" + escaped(method) + "</title><style>"
    "body{font:14px system-ui,sans-serif;margin:2em;color:#222}.kinds{display:flex;gap:2em;flex-wrap:wrap}.kind{width:26em}"
    ".site{border:1px solid #bbb;border-left:6px solid #ddd;margin:.35em 0;padding:.4em .7em;border-radius:3px}"
    ".flows{border-left-color:#b5541c}.trains{background:#fbe9dd}.site b{display:inline-block;width:9em}small{color:#666}</style>"
    "<h1>" + escaped(method) + "</h1><p>" + std::to_string(trainable) + " of " + std::to_string(parameters) + " parameters are trained; " + escaped(memory_policy) +
    ".</p><p>Filled: trained. An orange edge: gradient flows there in the backward pass.</p><div class=\"kinds\">";
  for (const auto& kind : kinds) {
    out += "<div class=\"kind\"><h2>" + explaining::title(kind) + "</h2>";
    for (const auto& s : kind.sites) {
      out += std::string("<div class=\"site") + (s.yields_gradient ? " flows" : "") + (s.trainable > 0 ? " trains" : "") + "\"><b>" + s.site + "</b>" + escaped(s.layer) + "<br><small>" +
             std::to_string(s.trainable) + " trained, " + std::to_string(s.frozen) + " frozen; saves " + std::to_string(static_cast<Index>(s.saved)) + " B a token</small></div>";
    }
    out += "</div>";
  }
  return out + "</div></html>\n";
}

}  // namespace graft
