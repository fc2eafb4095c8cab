/// \file
/// What a type of model is made of: for every kind of block each site with its layer, what it trains, what it saves for
/// the backward pass and where gradient flows. From the type alone: nothing is loaded or run.
#pragma once

#include <graft/backend/meta.hpp>
#include <graft/core/type_name.hpp>
#include <graft/io/json.hpp>
#include <graft/layers/absent.hpp>
#include <graft/peft/contract/method.hpp>
#include <graft/plan/listening.hpp>
#include <graft/plan/plan.hpp>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace graft {

/// One site of a kind of block.
struct SiteExplanation {
  std::string site, path, layer{};  ///< the site; its path in files; its layer in words
  Index frozen = 0, trainable = 0;  ///< parameters
  double saved = 0;                 ///< bytes a token beside what the layer yields; 0 where nothing is recorded
  bool reads_gradient = false;      ///< gradient flows back into what it reads
  bool yields_gradient = false;     ///< gradient arrives at what it yields
};

/// Blocks of one type, or (count 0) what stands outside blocks.
struct BlockExplanation {
  Index first = 0, count = 0;          ///< the number of the first of them, and how many there are
  bool first_reads_constants = false;  ///< gradient stops in the first of them, where nothing below is trained
  std::vector<SiteExplanation> sites{};
};

/// What stands at the sites of a model, block by block.
struct Explanation {
  std::string method, memory_policy;
  Index parameters = 0, trainable = 0;
  std::vector<BlockExplanation> kinds{};  ///< kinds of blocks, in the order of the model

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
    const std::string size =
        W::rows == 1 ? std::to_string(W::columns) : std::to_string(W::columns) + " → " + std::to_string(W::rows);
    if constexpr (W::trainable) return "trained " + size;
    else return "frozen " + size + ", " + type_name<typename W::storage>();
  } else {
    return type_name<L>();
  }
}

}  // namespace explaining

/// What is heard of one pass of 256 tokens on `meta`. A type that trains nothing is heard, too.
/// \return every kind of block, site by site
template <class Model>
Explanation explain() {
  using Meta = typename Model::template on<planned_on<typename Model::backend>>;
  const Meta model;
  const typename Meta::template of<Methods<typename Model::method, Listen>> listening;
  constexpr Index tokens = 256;
  {
    Workspace<typename Meta::backend> workspace;
    Tape<typename Meta::backend> tape(workspace);
    const auto loss = loss_of_shape(listening, tape, {.tokens = tokens, .sequences = 1, .targets = tokens});
    if constexpr (decltype(loss)::tracked) tape.backward(loss);  // what is checkpointed is recorded there
  }

  Explanation all{.method = type_name<typename Model::method>(),
                  .memory_policy = Model::memory_policy,
                  .parameters = Model::parameters,
                  .trainable = Model::trainable_parameters};
  const auto notes = [](auto each) {  // of sites that hold something, in order
    std::vector<Heard> found;
    each([&found]<class L>(auto, const Path&, const L& layer) {
      if constexpr (!is_absent<L>) found.push_back(heard_by(layer));
    });
    return found;
  };
  const auto describe = []<class Site, class L>(Site, const Path& path, const L&, const Heard& heard) {
    SiteExplanation s{.site = Site::site, .path = path.str(), .layer = explaining::name_of<L>()};
    const L layer{};
    L::visit(
        layer,
        [&s]<class P>(const Path&, const P&) { (P::trainable ? s.trainable : s.frozen) += P::derived ? 0 : P::size; },
        path);
    s.reads_gradient = heard.reads;
    s.yields_gradient = heard.called ? heard.yields : s.trainable > 0;
    constexpr bool of_tokens = std::is_same_v<Site, Head> || std::is_same_v<Site, TokenEmbedding> ||
                               std::is_same_v<Site, PositionEmbedding> || std::is_same_v<Site, TokenTypeEmbedding>;
    if (s.yields_gradient && !of_tokens) s.saved = static_cast<double>(heard.saved) / static_cast<double>(tokens);
    return s;
  };
  const auto of_run = [&](const auto& run, const auto& heard) {
    BlockExplanation kind{.first = run.first, .count = run.count};
    using Block = std::remove_cvref_t<decltype(heard.blocks[0])>;
    const auto of_block = [&](const Block& block) {
      return notes([&block](auto f) { Block::each_site(block, f, Path{}); });
    };
    const auto first = of_block(heard.blocks[0]), last = of_block(heard.blocks[run.count - 1]);
    std::remove_cvref_t<decltype(run.blocks[0])>::each_site(
        run.blocks[0],
        [&](auto site, const Path& path, const auto& layer) {
          if constexpr (!is_absent<std::remove_cvref_t<decltype(layer)>>)
            kind.sites.push_back(describe(site, path, layer, last[kind.sites.size()]));
        },
        Path{});
    kind.first_reads_constants = !std::equal(first.begin(), first.end(), last.begin(),
                                             [](const Heard& a, const Heard& b) { return a.reads == b.reads; });
    return kind;
  };
  const auto of_stack = [&]<class Blocks>(const Blocks& blocks, const auto& heard) {
    [&]<std::size_t... R>(std::index_sequence<R...>) {
      (all.kinds.push_back(of_run(std::get<R>(blocks), std::get<R>(heard))), ...);
    }(std::make_index_sequence<std::tuple_size_v<Blocks>>{});
  };
  BlockExplanation outside;
  const auto around = notes([&listening](auto f) {
    std::remove_const_t<decltype(listening)>::each_site(listening,
                                                        [&f](auto site, const Path& path, const auto& layer) {
                                                          if (path.block() < 0) f(site, path, layer);
                                                        });
  });
  Meta::each_site(model, [&](auto site, const Path& path, const auto& layer) {
    if constexpr (!is_absent<std::remove_cvref_t<decltype(layer)>>)
      if (path.block() < 0) outside.sites.push_back(describe(site, path, layer, around[outside.sites.size()]));
  });
  // A head that is nothing but a weight is part of the loss, and reads what stands before it.
  for (Index i = 1; i < outside.sites.size(); ++i)
    if (auto& s = outside.sites[i]; s.site == Head::site && !around[i].called) {
      s.reads_gradient = outside.sites[i - 1].yields_gradient;
      s.yields_gradient = s.reads_gradient || s.trainable > 0;
    }
  all.kinds.push_back(std::move(outside));
  if constexpr (encodes<Model>) of_stack(model.encoder, listening.encoder);  // whose blocks are counted first
  of_stack(model.blocks, listening.blocks);
  return all;
}

namespace explaining {

inline std::string title(const BlockExplanation& kind) {
  if (kind.count == 0) return "outside blocks";
  if (kind.count == 1) return "block " + std::to_string(kind.first);
  return "blocks " + std::to_string(kind.first) + " to " + std::to_string(kind.first + kind.count - 1) +
         (kind.first_reads_constants ? "; the first reads constants" : "");
}
/// Where gradient flows at a site, as an arrow.
inline const char* arrow(const SiteExplanation& s) {
  return s.reads_gradient && s.yields_gradient ? "through" : s.yields_gradient ? "to here" : "none";
}

}  // namespace explaining

inline std::string Explanation::text() const {
  std::string out = method + ": " + std::to_string(trainable) + " of " + std::to_string(parameters) +
                    " parameters are trained; " + memory_policy + "\n";
  char line[400];
  for (const auto& kind : kinds) {
    out += "\n" + explaining::title(kind) + "\n";
    std::snprintf(line, sizeof line, "  %-15s %12s %12s %16s  %-9s %s\n", "site", "frozen", "trained", "saved, B/token",
                  "gradient", "layer");
    out += line;
    for (const auto& s : kind.sites) {
      std::snprintf(line, sizeof line, "  %-15s %12zu %12zu %16.0f  %-9s %.300s\n", s.site.c_str(), s.frozen,
                    s.trainable, s.saved, explaining::arrow(s), s.layer.c_str());
      out += line;
    }
  }
  return out;
}

inline Json Explanation::json() const {
  Json all = {{"method", method},
              {"memory_policy", memory_policy},
              {"parameters", parameters},
              {"trainable_parameters", trainable},
              {"kinds", Json::array()}};
  for (const auto& kind : kinds) {
    Json sites = Json::array();
    for (const auto& s : kind.sites)
      sites.push_back({{"site", s.site},
                       {"path", s.path},
                       {"layer", s.layer},
                       {"frozen", s.frozen},
                       {"trainable", s.trainable},
                       {"saved_bytes_per_token", s.saved},
                       {"reads_gradient", s.reads_gradient},
                       {"yields_gradient", s.yields_gradient}});
    all["kinds"].push_back({{"first", kind.first},
                            {"count", kind.count},
                            {"first_reads_constants", kind.first_reads_constants},
                            {"sites", std::move(sites)}});
  }
  return all;
}

/// One column for each kind of block, from the embedding down: trained layers are filled, an edge at the left says that
/// gradient flows.
inline std::string Explanation::html() const {
  const auto escaped = [](const std::string& raw) {
    std::string text;
    for (const char c : raw) text += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    return text;
  };
  std::string out =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>" + escaped(method) +
      "</title><style>"
      "body{font:14px "
      "system-ui,sans-serif;margin:2em;color:#222}.kinds{display:flex;gap:2em;flex-wrap:wrap}.kind{width:26em}"
      ".site{border:1px solid #bbb;border-left:6px solid #ddd;margin:.35em 0;padding:.4em .7em;border-radius:3px}"
      ".flows{border-left-color:#b5541c}.trains{background:#fbe9dd}.site "
      "b{display:inline-block;width:9em}small{color:#666}</style>"
      "<h1>" +
      escaped(method) + "</h1><p>" + std::to_string(trainable) + " of " + std::to_string(parameters) +
      " parameters are trained; " + escaped(memory_policy) +
      ".</p><p>Filled: trained. An orange edge: gradient flows there in the backward pass.</p><div class=\"kinds\">";
  for (const auto& kind : kinds) {
    out += "<div class=\"kind\"><h2>" + explaining::title(kind) + "</h2>";
    for (const auto& s : kind.sites) {
      out += std::string("<div class=\"site") + (s.yields_gradient ? " flows" : "") +
             (s.trainable > 0 ? " trains" : "") + "\"><b>" + s.site + "</b>" + escaped(s.layer) + "<br><small>" +
             std::to_string(s.trainable) + " trained, " + std::to_string(s.frozen) + " frozen; saves " +
             std::to_string(static_cast<Index>(s.saved)) + " B a token</small></div>";
    }
    out += "</div>";
  }
  return out + "</div></html>\n";
}

}  // namespace graft
