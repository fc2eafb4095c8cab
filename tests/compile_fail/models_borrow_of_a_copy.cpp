// expect: graft: borrow: lend(name, rows, columns) yields a view
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/models/parts/shared_base.hpp>
#include <graft/peft.hpp>
using namespace graft;
using Weights = std::map<std::string, std::vector<float>>;
void stand(Llama<SmolLM2_135M, FrozenBase, reference>& model, const Weights& weights) {
#if defined(MISTAKE)
  borrow(model, [&weights](const std::string& name, Index, Index) { return weights.at(name); });
#else
  borrow(model, [&weights](const std::string& name, Index, Index) -> const auto& { return weights.at(name); });
#endif
}
