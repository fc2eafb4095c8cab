/// \file
/// A base that any number of models stand on, whatever their methods: its frozen weights are one object, theirs refer
/// to it.
///   const auto base = load<Model::base>(path);     Model a(base);     Model::of<IA3<>> b(base);
/// Weights that a method trains are copies of the base's values (exact where the storage is), and so is what a method
/// changes: merging, PiSSA. Nothing that is done to one of the models is seen by another. The base may go before them.
#pragma once

#include <graft/models/parts/model.hpp>

#include <any>
#include <map>
#include <string>

namespace graft {

/// What a method adds to the base that a model has: drawn from `seed`, or taken from the base where it begins with its
/// directions.
template <class Model>
void initialize_method(Model& model, std::uint64_t seed) {
  model.initialize(Initializer::over_base(seed));
  if constexpr (any_layer<Model>([]<class L>(auto, const L&) { return offers_of<L>.starts_from_base; })) {
    static_assert(
        requires { start_from_base(model); },
        "graft: PissaInit and OloraInit begin with directions of the base: include "
        "<graft/adapters/base_directions.hpp>");
    start_from_base(model);
  }
}

/// A model, over whose weights others may be made: `Model(other, seed)` copies none of them, and draws what the method
/// adds from `seed`.
template <class Model>
concept BaseModel = requires { typename Model::base; };

/// Gives a model the weights of `base`, which then are both's, and what its method adds first values from `seed`.
template <class Model, class Base>
void stand_on(Model& model, const Base& base, std::uint64_t seed) {
  constexpr bool fits =
      std::is_same_v<typename Model::base, typename Base::base> && std::is_same_v<typename Base::method, FrozenBase>;
  static_assert(fits,
                "graft: a model is made over a base of its own family, config, backend and storage, whose method is "
                "FrozenBase: `Model::base` is that type");
  if constexpr (fits) {
    struct Weight {
      std::any parameter;
      std::vector<float> (*read)(const std::any&);
    };
    std::map<std::string, Weight> weights;
    Base::visit(base, [&weights]<class P>(const Path& path, const P& p) {
      weights.emplace(path.str(),
                      Weight{p, [](const std::any& parameter) { return std::any_cast<const P&>(parameter).read(); }});
    });
    Model::each_site(model, [&weights](auto, const Path& at, auto& layer) {
      visit_base(
          layer,
          [&weights]<class P>(const Path& path, P& p) {
            auto found = weights.find(path.str());
            if (found == weights.end()) found = weights.find(Model::embedding_name());  // a head that the method untied
            const Weight& weight = found->second;
            if constexpr (!P::trainable)
              if (const auto* same = std::any_cast<P>(&weight.parameter)) return void(p = *same);
            p.assign(weight.read(weight.parameter));
          },
          at);
    });
    initialize_method(model, seed);
  }
}

/// Lets a base stand in memory of the host, which is read and neither copied nor written: `lend(name, rows, columns)`
/// yields the floats or the encoded bytes of each weight, row by row, by its name in Hugging Face's files (a vector has
/// one row). The memory must outlive the model and all that are made over it. What a method trains of the base is
/// copied; what it adds is drawn from `seed`, unless it has values.
/// \throws Error that names every weight that cannot be borrowed so (Parameter::borrow); nothing is changed then.
template <class Model, class Lend>
void borrow(Model& model, const Lend& lend, std::uint64_t seed = 0) {
  using Lent = std::invoke_result_t<const Lend&, const std::string&, Index, Index>;
  constexpr bool views = std::is_lvalue_reference_v<Lent> || std::is_trivially_destructible_v<Lent>;
  static_assert(views,
                "graft: borrow: lend(name, rows, columns) yields a view of the host's memory, or a reference to what "
                "owns it; here it yields a copy, which would be gone: say `-> const auto&`");
  if constexpr (views) {
    const auto each = [&](const auto& f) {
      Model::each_site(model, [&](auto, const Path& at, auto& layer) {
        visit_base(
            layer,
            [&]<class P>(const Path& path, P& p) {
              const std::string name = path.str();
              auto&& lent = lend(name, P::rows, P::columns);
              f(name, p, std::as_bytes(std::span(lent)));
            },
            at);
      });
    };
    std::string complaints;
    each([&complaints]<class P>(const std::string& name, P&, std::span<const std::byte> lent) {
      try {
        if constexpr (!P::trainable) P{}.borrow(lent);
        else if (lent.size() != P::bytes())
          fail("a trained weight is copied from ", P::bytes(), " bytes of floats; it was lent ", lent.size());
      } catch (const Error& error) { complaints += "\n  " + name + ": " + error.what(); }
    });
    if (!complaints.empty()) fail("what was lent does not fit the model:", complaints);
    each([]<class P>(const std::string&, P& p, std::span<const std::byte> lent) {
      if constexpr (!P::trainable) p.borrow(lent);
      else p.assign({reinterpret_cast<const float*>(lent.data()), P::size});
    });
    if (!model.initialized()) initialize_method(model, seed);
  }
}

}  // namespace graft
